//! Clients that change orders for as long as a server answers, and keep a
//! ledger of what they were told.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use rusqlite::{Connection, OptionalExtension};
use tokio::task::JoinHandle;

use crate::client::{Client, Refused, Seen};
use crate::support::{Lab, Server, until};

/// Starts a server whose log has no line for each request.
pub(crate) async fn start_quiet(lab: Lab, database: &Path) -> Server {
    Server::under(&["env", "RUST_LOG=warn"], lab, database).await
}

/// What a client knows of one order of its own.
#[derive(Debug)]
struct Entry {
    /// The last version that it was told of; `None` when it was told that the order is gone.
    version: Option<i64>,
    /// What it had asked for and was not answered.
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Update,
    Delete,
}

/// What clients know of their orders, by id.
#[derive(Debug, Default)]
pub(crate) struct Ledger(HashMap<String, Entry>);

/// Clients at work on one server.
pub(crate) struct Load {
    clients: Vec<JoinHandle<Ledger>>,
    acknowledged: Arc<AtomicUsize>,
}

impl Load {
    /// So many clients, each with a connection of its own.
    pub(crate) fn start(server: &Server, clients: usize) -> Self {
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let work = |_| tokio::spawn(work(Client::of(server), Arc::clone(&acknowledged)));
        Self { clients: (0..clients).map(work).collect(), acknowledged }
    }

    /// Waits until so many changes more have been acknowledged.
    pub(crate) async fn acknowledged(&self, more: usize) {
        let target = self.acknowledged.load(Ordering::Relaxed) + more;
        let reached = || async { (self.acknowledged.load(Ordering::Relaxed) >= target).then_some(()) };
        until("changes under load", reached).await;
    }

    /// Waits until the clients have lost the server.
    pub(crate) async fn ledgers(self) -> Vec<Ledger> {
        let ledgers = join_all(self.clients).await;
        ledgers.into_iter().map(|ledger| ledger.expect("a client met only answers and the end")).collect()
    }
}

/// Creates, updates and deletes until the server is lost; any other failure is one of the test.
async fn work(client: Client, acknowledged: Arc<AtomicUsize>) -> Ledger {
    let mut ledger = Ledger::default();
    let lost = loop {
        match change_one(&client, &mut ledger, &acknowledged).await {
            Ok(()) => {}
            Err(lost @ Refused::Lost(_)) => break lost,
            Err(refused) => panic!("refused under load: {refused:?}"),
        }
    };
    drop(lost);
    ledger
}

/// One order: placed, changed twice, read, and every second one removed.
async fn change_one(client: &Client, ledger: &mut Ledger, acknowledged: &AtomicUsize) -> Result<(), Refused> {
    let acknowledge = || acknowledged.fetch_add(1, Ordering::Relaxed);
    let Seen { id, version } = client.create().await?;
    acknowledge();
    let entry = ledger.0.entry(id.clone()).or_insert(Entry { version: Some(version), open: None });
    for version in 1..3 {
        entry.open = Some(Open::Update);
        entry.version = Some(client.update(&Seen { id: id.clone(), version }).await?.version);
        entry.open = None;
        acknowledge();
    }
    let read = client.get(&id).await?;
    assert_eq!(Some(read.version), entry.version, "a read after an acknowledged change");
    if acknowledge() % 2 == 0 {
        entry.open = Some(Open::Delete);
        client.delete(&id).await?;
        *entry = Entry { version: None, open: None };
    }
    Ok(())
}

impl Ledger {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// All that was acknowledged is kept, and nothing that nobody asked for.
    pub(crate) fn assert_kept(&self, database: &Connection) {
        let mut row = database.prepare("SELECT version FROM orders WHERE id = ?1").expect("our table");
        for (id, entry) in &self.0 {
            let kept: Option<i64> = row.query_row([id], |row| row.get(0)).optional().expect("readable");
            let as_told = kept == entry.version;
            let as_asked = match entry.open {
                Some(Open::Update) => kept == entry.version.map(|version| version + 1),
                Some(Open::Delete) => kept.is_none(),
                None => false,
            };
            assert!(as_told || as_asked, "order {id}: the client knows {entry:?}, the database has {kept:?}");
        }
    }
}

/// Orders and changes say the same, and positions have no gap.
pub(crate) fn assert_consistent(database: &Connection) {
    let one = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("our tables");
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("readable");
    assert_eq!(verdict, "ok");
    assert_eq!(one("SELECT coalesce(max(sequence) - min(sequence) + 1 - count(*), 0) FROM changes"), 0, "gaps");
    let last = "WITH last AS (SELECT max(sequence) AS sequence FROM changes GROUP BY id),
        newest AS (SELECT changes.* FROM changes JOIN last USING (sequence))";
    // An order whose changes are trimmed has none; the tests make fewer than are kept.
    let unlike = format!(
        "{last} SELECT count(*) FROM orders LEFT JOIN newest USING (id)
         WHERE newest.kind IS NULL OR newest.kind = 'deleted' OR newest.version <> orders.version
            OR newest.status <> orders.status OR newest.equipment <> orders.equipment"
    );
    assert_eq!(one(&unlike), 0, "orders unlike their last change");
    let back =
        format!("{last} SELECT count(*) FROM newest WHERE kind <> 'deleted' AND id NOT IN (SELECT id FROM orders)");
    assert_eq!(one(&back), 0, "orders that are gone without a change");
}
