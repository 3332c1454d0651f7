//! Opening a database: ours or new, whole, writable; or one sentence that says why not.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use uuid::Uuid;

use super::unusable::{OpenError, name, refusal};

/// Marks the file as ours (`PRAGMA application_id`): "LabO".
const APPLICATION_ID: i64 = 0x4c61_624f;
/// Of the tables below (`PRAGMA user_version`).
const SCHEMA_VERSION: i64 = 2;
/// For how long a lock of another process is waited for, in steps of a millisecond.
const LOCK_WAIT_MS: i32 = 5_000;

const SCHEMA: &str = "
    CREATE TABLE database (epoch INTEGER NOT NULL, secret INTEGER NOT NULL) STRICT;
    CREATE TABLE orders (
        place INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        created_by TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED')),
        equipment TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        version INTEGER NOT NULL,
        lease_owner TEXT,
        lease_until_ms INTEGER
    ) STRICT;
    CREATE INDEX orders_by_status ON orders (status);
    CREATE INDEX orders_on_lease ON orders (lease_until_ms) WHERE lease_owner IS NOT NULL;
    CREATE TABLE changes (
        sequence INTEGER PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('created', 'updated', 'deleted')),
        id TEXT NOT NULL,
        created_by TEXT NOT NULL,
        status TEXT NOT NULL,
        equipment TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        version INTEGER NOT NULL
    ) STRICT;
";

/// What version 2 added: the requests that took effect, so that a repeat has
/// none, and the ids that may not be used again.
const REQUESTS: &str = "
    CREATE TABLE events (
        source TEXT NOT NULL,
        id TEXT NOT NULL,
        applied_at_ms INTEGER NOT NULL,
        PRIMARY KEY (source, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX events_by_time ON events (applied_at_ms);
    CREATE INDEX deletions ON changes (id) WHERE kind = 'deleted';
";

/// Which file a path stood for when it was opened.
pub(super) struct Identity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(path: &Path) -> std::io::Result<Self> {
        let file = std::fs::metadata(path)?;
        Ok(Self { path: path.to_owned(), device: file.dev(), inode: file.ino() })
    }

    /// False when somebody has deleted or replaced the file. We could go on
    /// writing into it, and nobody would ever find what is written.
    pub(super) fn is_in_place(&self) -> bool {
        Self::of(&self.path).is_ok_and(|now| (now.device, now.inode) == (self.device, self.inode))
    }
}

/// Two connections, the writer's and the reader's, and the file that they are on.
pub(super) fn file(path: &Path) -> Result<(Connection, Connection, Identity), OpenError> {
    make_folder(path).map_err(|error| refusal(path.to_owned(), &error))?;
    let named = |error| name(path, error);
    let mut writer = connect(path).map_err(named)?;
    if let Some(problem) = check_whose(&writer, path).map_err(named)? {
        return Err(problem);
    }
    let mode = write_ahead(&writer).map_err(named)?;
    if mode != "wal" {
        return Err(OpenError::Other(path.to_owned(), format!("its journal mode stays {mode}, and WAL is needed")));
    }
    make_tables(&mut writer).map_err(named)?;
    let verdict: String = writer.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(named)?;
    if verdict != "ok" {
        return Err(OpenError::Damaged(path.to_owned()));
    }
    let reader = connect(path).map_err(named)?;
    reader.pragma_update(None, "query_only", true).map_err(named)?;
    let identity = Identity::of(path).map_err(|error| refusal(path.to_owned(), &error))?;
    Ok((writer, reader, identity))
}

pub(super) fn in_memory() -> Result<Connection, OpenError> {
    let make = || {
        let mut conn = Connection::open_in_memory()?;
        conn.set_prepared_statement_cache_capacity(64);
        make_tables(&mut conn)?;
        Ok(conn)
    };
    make().map_err(|error| name(Path::new(":memory:"), error))
}

/// The folder that holds the file, but not the folders above: a typing error
/// in a long path should not leave a tree behind.
fn make_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.exists() => std::fs::create_dir(folder),
        _ => Ok(()),
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags)?;
    // SQLite's own handler sleeps longer each time, up to 100 ms. Two servers
    // under load would then starve each other: the gap between two commits is short.
    conn.busy_handler(Some(|tries| {
        std::thread::sleep(Duration::from_millis(1));
        tries < LOCK_WAIT_MS
    }))?;
    // Each commit waits for the disk before it returns.
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// Turns the log of changes (WAL) on, and returns the mode that holds then. SQLite
/// doesn't ask the busy handler here, so two programs that open a new file at once
/// would refuse each other.
fn write_ahead(conn: &Connection) -> rusqlite::Result<String> {
    let mut tries = 0;
    loop {
        match conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && tries < LOCK_WAIT_MS => {
                std::thread::sleep(Duration::from_millis(1));
                tries += 1;
            }
            done => return done,
        }
    }
}

/// A problem with a file that is not ours to write into.
pub(super) fn check_whose(conn: &Connection, path: &Path) -> rusqlite::Result<Option<OpenError>> {
    let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match pragma("application_id")? {
        APPLICATION_ID if pragma("user_version")? > SCHEMA_VERSION => Some(OpenError::Newer(path.to_owned())),
        APPLICATION_ID => None,
        0 if tables == 0 => None,
        _ => Some(OpenError::Foreign(path.to_owned())),
    })
}

/// Makes the tables unless they are there. Also the proof that the file can be written.
fn make_tables(conn: &mut Connection) -> rusqlite::Result<()> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read inside the transaction: two programs may open a new file at once.
    let ours: i64 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if ours != APPLICATION_ID {
        transaction.execute_batch(SCHEMA)?;
        let (epoch, secret) = Uuid::new_v4().as_u64_pair();
        let random = (epoch as u32, secret as i64);
        transaction.execute("INSERT INTO database (epoch, secret) VALUES (?1, ?2)", random)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    } else {
        transaction.execute("UPDATE database SET epoch = epoch", [])?;
    }
    if transaction.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? < SCHEMA_VERSION {
        transaction.execute_batch(REQUESTS)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    transaction.commit()
}
