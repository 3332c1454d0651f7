//! Databases that an older version of this lab has made.

use rusqlite::params;

use super::*;

/// Version 1, before there were requests by a queue.
const VERSION_1: &str = "
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
    PRAGMA application_id = 0x4c61624f;
    PRAGMA user_version = 1;
    INSERT INTO database VALUES (7, 8);
";
const ID: &str = "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24";

pub(super) fn old_database(path: &Path) {
    let conn = Connection::open(path).expect("a new file");
    conn.execute_batch(VERSION_1).expect("version 1");
    conn.execute("INSERT INTO orders VALUES (1, ?1, 'USER14', 'QUEUED', 'MOUSE', 5, 1, NULL, NULL)", [ID])
        .expect("an order");
    conn.execute("INSERT INTO changes VALUES (1, 'created', ?1, 'USER14', 'QUEUED', 'MOUSE', 5, 1)", params![ID])
        .expect("its change");
}

#[test]
fn a_database_of_version_1_keeps_its_orders_and_takes_requests() {
    let (_folder, path) = folder();
    old_database(&path);
    for effect in [Effect::Applied, Effect::Repeated] {
        let store = open(&path);
        let order = block_on(store.get(ID.parse().expect("a UUID"))).expect("it is still there");
        assert_eq!((&*order.created_by, order.created_at.as_millisecond()), ("USER14", 5));
        let json = br#"{"update":{"equipment":["WEBCAM"],"expected_version":1}}"#;
        let wanted = crate::RequestDraft::from_json(json).and_then(|draft| draft.parse(order.id, order.created_at));
        let event = crate::EventId { source: "/tests".to_owned(), id: "A".to_owned() };
        let request = OrderRequest { event, wanted: wanted.expect("an update") };
        assert_eq!(block_on(store.apply(vec![request])), Ok(vec![Ok(effect)]));
        // Positions from before are still good: the epoch is the same.
        let position = WatchFrom::parse(Some("00000007-1")).expect("a position of then");
        assert!(block_on(store.watch(position)).is_ok());
        store.close();
    }
}

#[test]
fn two_programs_may_open_a_database_of_version_1_at_once() {
    let (_folder, path) = folder();
    old_database(&path);
    let opened = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| Store::open(&path))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
    });
    for store in opened {
        create(&store.expect("it opens"), "USER15");
    }
}

#[test]
fn a_program_of_then_refuses_what_it_does_not_know_and_changes_nothing() {
    let (_folder, path) = folder();
    open(&path).close();
    let conn = Connection::open(&path).expect("the database");
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version");
    // Version 1 opened nothing above 1, and said that it was made by a newer one.
    assert_eq!(version, 2);
    conn.pragma_update(None, "user_version", version + 1).expect("a version of the future");
    let refused = Store::open(&path).map(|_| ()).expect_err("it is newer").to_string();
    assert_eq!(refused, format!("the database {} was made by a newer version of this lab", path.display()));
}
