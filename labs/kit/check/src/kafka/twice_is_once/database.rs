//! The database that the program works on, as anybody else sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::verdict::Failed;

/// Until the program's lock must be free: a second, as the sentence says, and what a busy machine adds.
const LOCK: Duration = Duration::from_millis(1_300);
const TABLES: &str = "CREATE TABLE stock (equipment TEXT PRIMARY KEY, count INTEGER NOT NULL);
    CREATE TABLE seen (ce_id TEXT PRIMARY KEY);";

/// What is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) stock: BTreeMap<String, i64>,
    pub(super) seen: BTreeSet<String>,
}

pub(super) struct Database {
    path: PathBuf,
    /// Removed with it.
    _folder: TempDir,
}

/// Nobody else writes until it is dropped.
pub(super) struct Lock(Connection);

impl Database {
    /// With both tables, and that in them.
    pub(super) fn new(content: &Content) -> Result<Self, Failed> {
        let folder = tempfile::tempdir().map_err(broken)?;
        let database = Self { path: folder.path().join("stock.db"), _folder: folder };
        let connection = Connection::open(&database.path).map_err(broken)?;
        connection.execute_batch(TABLES).map_err(broken)?;
        for (equipment, count) in &content.stock {
            connection.execute("INSERT INTO stock VALUES (?1, ?2)", (equipment, count)).map_err(broken)?;
        }
        for id in &content.seen {
            connection.execute("INSERT INTO seen VALUES (?1)", [id]).map_err(broken)?;
        }
        Ok(database)
    }

    /// The value of `LAB_DATABASE`.
    pub(super) fn path(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) async fn content(&self) -> Result<Content, Failed> {
        self.ask(|connection| {
            // Both tables at one moment.
            let moment = connection.unchecked_transaction()?;
            let mut stock = moment.prepare("SELECT equipment, count FROM stock")?;
            let stock = stock.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
            let mut seen = moment.prepare("SELECT ce_id FROM seen")?;
            let seen = seen.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(Content { stock, seen })
        })
        .await
    }

    pub(super) async fn execute(&self, statements: &str) -> Result<(), Failed> {
        let statements = statements.to_owned();
        self.ask(move |connection| connection.execute_batch(&statements)).await
    }

    pub(super) async fn lock(&self) -> Result<Lock, Failed> {
        let path = self.path.clone();
        let lock = move || {
            let connection = open(&path)?;
            connection.execute_batch("BEGIN IMMEDIATE")?;
            Ok(Lock(connection))
        };
        blocking(lock).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failed> {
        let path = self.path.clone();
        blocking(move || ask(&open(&path)?)).await
    }
}

impl Lock {
    /// After these statements.
    pub(super) async fn release(self, statements: &str) -> Result<(), Failed> {
        let statements = format!("{statements}COMMIT");
        blocking(move || self.0.execute_batch(&statements)).await
    }
}

fn open(path: &PathBuf) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(LOCK)?;
    Ok(connection)
}

async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> rusqlite::Result<T> + Send + 'static) -> Result<T, Failed> {
    match tokio::task::spawn_blocking(ask).await {
        Ok(asked) => asked.map_err(broken),
        Err(error) => Err(broken(error)),
    }
}

fn broken(why: impl std::fmt::Display) -> Failed {
    let expected = "that others can read and write it within 1 s, and that both tables are as they were made";
    Failed::new("(opened the database in LAB_DATABASE beside the program)", expected, format!("({why})")).advise(
        "A database is there for several programs. Who keeps its lock, or changes its tables, works alone.",
        "End each transaction as soon as the record is done, or refused: ROLLBACK before you wait. Don't set \
         `locking_mode=EXCLUSIVE`, and leave the tables as they are.",
    )
}
