//! Why a database can't be used, from what SQLite and the system say.

use std::fs::OpenOptions;
use std::io;
use std::io::ErrorKind::{NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why a database can't be used. Each is one sentence for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another program holds it.
    #[error("the database {} is locked by another program", .0.display())]
    Locked(PathBuf),
    /// It is a file of something else.
    #[error("{} is not a database of this lab", .0.display())]
    Foreign(PathBuf),
    /// It is ours, and of a version that this program doesn't know.
    #[error("the database {} was made by a newer version of this lab", .0.display())]
    Newer(PathBuf),
    /// Its content is broken.
    #[error("the database {} is damaged", .0.display())]
    Damaged(PathBuf),
    /// It, or the folder around it, can't be written.
    #[error("the database {} can't be written", .0.display())]
    ReadOnly(PathBuf),
    /// The folder that it would be in, or one above, isn't there.
    #[error("the database {} can't be opened: there is no folder {}", .0.display(), .1.display())]
    NoFolder(PathBuf, PathBuf),
    /// There is no room for it.
    #[error("the disk of the database {} is full", .0.display())]
    Full(PathBuf),
    /// It can't be opened at all.
    #[error("the database {} can't be opened: {}", .0.display(), .1)]
    Other(PathBuf, String),
}

pub(super) fn name(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked(path),
        Some(ErrorCode::NotADatabase) => OpenError::Foreign(path),
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged(path),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => OpenError::ReadOnly(path),
        Some(ErrorCode::DiskFull) => OpenError::Full(path),
        Some(ErrorCode::CannotOpen) => ask_system(path, &error),
        _ => OpenError::Other(path, error.to_string()),
    }
}

/// SQLite says only that it can't open a file; the system says why.
fn ask_system(path: PathBuf, error: &rusqlite::Error) -> OpenError {
    match OpenOptions::new().append(true).create(true).open(&path) {
        Ok(_) => OpenError::Other(path, error.to_string()),
        Err(reason) => refusal(path, &reason),
    }
}

/// Why the system doesn't make the file, or the folder that it is in.
pub(super) fn refusal(path: PathBuf, error: &io::Error) -> OpenError {
    match error.kind() {
        PermissionDenied | ReadOnlyFilesystem => OpenError::ReadOnly(path),
        StorageFull | QuotaExceeded => OpenError::Full(path),
        NotFound => {
            if path.is_relative() && std::env::current_dir().is_err() {
                return OpenError::Other(path, "the working folder is no longer there".to_owned());
            }
            let above =
                path.parent().into_iter().flat_map(Path::ancestors).filter(|above| !above.as_os_str().is_empty());
            // The uppermost of them.
            match above.filter(|above| !above.exists()).last().map(Path::to_owned) {
                Some(folder) => OpenError::NoFolder(path, folder),
                None => OpenError::Other(path, text(error)),
            }
        }
        _ => OpenError::Other(path, text(error)),
    }
}

/// In the system's words, without its number for them.
fn text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map(|(words, _)| words.to_owned()).unwrap_or(text)
}
