//! Looking at a database without a trace: to open it turns the log on, makes tables, brings it up to date.

use std::fs::OpenOptions;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::open::check_whose;
use super::unusable::{OpenError, name, refusal};

/// Whether the file is ours or empty, whole, and may be written; by its content, and without a lock.
pub(super) fn look(path: &Path) -> Result<(), OpenError> {
    // The system is asked, and not SQLite, which would use what it may.
    OpenOptions::new().append(true).open(path).map_err(|error| refusal(path.to_owned(), &error))?;
    match check(path) {
        // Another program has it open, and what looks broken may be half of what is in its log.
        Err(OpenError::Damaged(_)) if log(path).exists() => Ok(()),
        checked => checked,
    }
}

fn check(path: &Path) -> Result<(), OpenError> {
    let named = |error| name(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(uri(path), flags).map_err(named)?;
    if let Some(problem) = check_whose(&conn, path).map_err(named)? {
        return Err(problem);
    }
    let verdict: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(named)?;
    if verdict == "ok" { Ok(()) } else { Err(OpenError::Damaged(path.to_owned())) }
}

/// `immutable` is the file alone: who reads it with its log makes two files beside it.
fn uri(path: &Path) -> String {
    let escaped = path.as_os_str().as_bytes().iter().map(|&byte| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    format!("file:{}?immutable=1", escaped.collect::<String>())
}

fn log(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}
