//! Requests by a queue: each has its effect once, or none and nobody else suffers.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::{EventId, OrderId, RequestDraft};

/// When the sender placed its order; the store keeps milliseconds.
fn sent_at() -> Timestamp {
    "2026-11-24T20:12:00.123456789Z".parse().expect("a time")
}

fn event(id: &str) -> EventId {
    EventId { source: "/tests".to_owned(), id: id.to_owned() }
}

fn request(name: &str, order: OrderId, value: Value) -> OrderRequest {
    let draft = RequestDraft::from_json(value.to_string().as_bytes()).expect("one of four");
    OrderRequest { event: event(name), wanted: draft.parse(order, sent_at()).expect("a valid request") }
}

pub(super) fn place(name: &str, order: OrderId) -> OrderRequest {
    request(name, order, json!({ "create": { "created_by": name, "equipment": ["KEYBOARD"] } }))
}

pub(super) fn change(name: &str, order: OrderId, version: u64) -> OrderRequest {
    request(name, order, json!({ "update": { "equipment": ["MOUSE"], "expected_version": version } }))
}

pub(super) fn remove(name: &str, order: OrderId, version: u64) -> OrderRequest {
    request(name, order, json!({ "delete": { "expected_version": version } }))
}

pub(super) fn advance(name: &str, order: OrderId, status: &str, version: u64) -> OrderRequest {
    request(name, order, json!({ "advance": { "status": status, "expected_version": version } }))
}

fn apply_all(store: &Store, requests: Vec<OrderRequest>) -> Vec<Result<Effect, OrderError>> {
    block_on(store.apply(requests)).expect("the store works")
}

pub(super) fn apply(store: &Store, request: OrderRequest) -> Result<Effect, OrderError> {
    let mut verdicts = apply_all(store, vec![request]);
    assert_eq!(verdicts.len(), 1, "a verdict for each");
    verdicts.remove(0)
}

/// So many requests took effect, and no other.
fn applied(count: usize) -> Vec<Result<Effect, OrderError>> {
    vec![Ok(Effect::Applied); count]
}

pub(super) fn get(store: &Store, id: OrderId) -> Order {
    block_on(store.get(id)).expect("it is there")
}

#[test]
fn an_order_has_the_id_and_the_time_that_its_sender_gave_it() {
    let store = memory();
    let id = OrderId::new();
    assert_eq!(apply(&store, place("A", id)), Ok(Effect::Applied));
    let order = get(&store, id);
    assert_eq!(order.created_at.to_string(), "2026-11-24T20:12:00.123Z");
    assert_eq!((order.version, order.status, &*order.created_by), (1, Status::Queued, "A"));
}

#[test]
fn a_repeat_has_no_effect_even_after_the_file_was_closed_and_opened() {
    let (_folder, path) = folder();
    let (store, id) = (open(&path), OrderId::new());
    assert_eq!(apply(&store, place("A", id)), Ok(Effect::Applied));
    assert_eq!(apply(&store, change("B", id, 1)), Ok(Effect::Applied));
    assert_eq!(apply(&store, change("B", id, 1)), Ok(Effect::Repeated));
    store.close();
    let store = open(&path);
    assert_eq!(apply_all(&store, vec![place("A", id), change("B", id, 1)]), vec![Ok(Effect::Repeated); 2]);
    assert_eq!(get(&store, id).version, 2);
    // Repeats are known by their name alone: also when the order is gone, and within one batch.
    let batch = vec![remove("C", id, 2), remove("C", id, 2), place("A", id)];
    assert_eq!(apply_all(&store, batch), [Ok(Effect::Applied), Ok(Effect::Repeated), Ok(Effect::Repeated)]);
    assert_eq!(block_on(store.get(id)), Err(OrderError::NotFound { id }));
}

#[test]
fn the_same_id_of_another_source_is_another_event() {
    let store = memory();
    let (one, other) = (OrderId::new(), OrderId::new());
    let mut elsewhere = place("A", other);
    elsewhere.event.source = "/elsewhere".to_owned();
    assert_eq!(apply_all(&store, vec![place("A", one), elsewhere]), applied(2));
}

#[test]
fn a_refused_request_is_not_noted_and_may_be_sent_again() {
    let store = memory();
    let id = OrderId::new();
    assert_eq!(apply(&store, change("B", id, 1)), Err(OrderError::NotFound { id }));
    assert_eq!(apply(&store, place("A", id)), Ok(Effect::Applied));
    assert_eq!(apply(&store, change("B", id, 1)), Ok(Effect::Applied));
}

#[test]
fn a_refused_request_leaves_its_neighbours_alone() {
    let store = memory();
    let (one, other) = (OrderId::new(), OrderId::new());
    let batch = vec![place("A", one), change("B", one, 7), change("C", other, 1), change("D", one, 1), place("E", one)];
    let verdicts = apply_all(&store, batch);
    assert_eq!(verdicts[0], Ok(Effect::Applied));
    assert!(matches!(verdicts[1], Err(OrderError::VersionMismatch { actual: 1, .. })), "{:?}", verdicts[1]);
    assert_eq!(verdicts[2], Err(OrderError::NotFound { id: other }));
    assert_eq!(verdicts[3], Ok(Effect::Applied));
    assert_eq!(verdicts[4], Err(OrderError::AlreadyExists { id: one }));
    assert_eq!(get(&store, one).version, 2);
}

#[test]
fn when_the_database_fails_none_of_a_batch_is_there_and_all_may_be_tried_again() {
    let (_folder, path) = folder();
    let store = open(&path);
    let hand = Connection::open(&path).expect("a second connection");
    hand.execute_batch(
        "CREATE TRIGGER broken BEFORE INSERT ON orders WHEN new.created_by = 'B'
         BEGIN SELECT RAISE(ABORT, 'as if the disk failed'); END",
    )
    .expect("a trigger");
    let ids = [OrderId::new(), OrderId::new(), OrderId::new()];
    let batch = || vec![place("A", ids[0]), place("B", ids[1]), place("C", ids[2])];
    assert!(matches!(block_on(store.apply(batch())), Err(OrderError::Unavailable { .. })));
    let count = |table: &str| {
        let count = format!("SELECT count(*) FROM {table}");
        hand.query_row(&count, [], |row| row.get::<_, i64>(0)).expect("a count")
    };
    assert_eq!((count("orders"), count("changes"), count("events")), (0, 0, 0));
    hand.execute_batch("DROP TRIGGER broken").expect("it is there");
    assert_eq!(apply_all(&store, batch()), applied(3));
}

#[test]
fn an_id_is_used_once_even_when_its_order_is_gone() {
    let store = memory();
    let id = OrderId::new();
    let taken = || Err(OrderError::AlreadyExists { id });
    assert_eq!(apply(&store, place("A", id)), Ok(Effect::Applied));
    assert_eq!(apply(&store, place("B", id)), taken());
    assert_eq!(apply(&store, remove("C", id, 0)), Ok(Effect::Applied));
    assert_eq!(apply(&store, place("D", id)), taken());
}

#[test]
fn an_update_and_a_deletion_of_an_old_version_are_refused() {
    let store = memory();
    let id = OrderId::new();
    assert_eq!(apply_all(&store, vec![place("A", id), change("B", id, 1)]), applied(2));
    for stale in [change("C", id, 1), remove("D", id, 1), advance("E", id, "PROCESSING", 1)] {
        assert!(matches!(apply(&store, stale), Err(OrderError::VersionMismatch { actual: 2, .. })));
    }
    assert_eq!(apply(&store, remove("F", id, 2)), Ok(Effect::Applied));
}

#[test]
fn requests_are_changes_as_all_others_are() {
    let store = memory();
    let mut watch = block_on(store.watch(WatchFrom::Now)).expect("a watch");
    let id = OrderId::new();
    let batch = vec![place("A", id), place("A", id), change("B", id, 9), change("C", id, 1), remove("D", id, 0)];
    apply_all(&store, batch);
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.extend(block_on(watch.next()).expect("changes").iter().map(|change| (change.kind, change.order.version)));
    }
    assert_eq!(seen, [(ChangeKind::Created, 1), (ChangeKind::Updated, 2), (ChangeKind::Deleted, 2)]);
}

#[test]
fn an_event_is_remembered_for_8_days_and_then_forgotten() {
    let (_folder, path) = folder();
    let (store, id) = (open(&path), OrderId::new());
    apply_all(&store, vec![place("A", id), change("young", id, 1), change("old", id, 2)]);
    let hand = Connection::open(&path).expect("a second connection");
    let day = 24 * 60 * 60 * 1_000;
    let age = |name: &str, ms: i64| {
        let aged = "UPDATE events SET applied_at_ms = applied_at_ms - ?2 WHERE id = ?1";
        assert_eq!(hand.execute(aged, rusqlite::params![name, ms]), Ok(1));
    };
    // The queue keeps a request for 7 days: one that is older than that by an hour is still known.
    age("young", 7 * day + day / 24);
    age("old", 8 * day + 1_000);
    assert_eq!(apply(&store, change("young", id, 1)), Ok(Effect::Repeated));
    assert!(matches!(apply(&store, change("old", id, 2)), Err(OrderError::VersionMismatch { actual: 3, .. })));
    let kept: i64 = hand.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).expect("a count");
    assert_eq!(kept, 2);
}

#[test]
fn a_request_whose_reply_was_dropped_before_its_turn_has_no_effect_and_is_not_noted() {
    let (_folder, path) = folder();
    let (store, id) = (open(&path), OrderId::new());
    let blocker = Connection::open(&path).expect("a second connection");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    let first = store.create(new_order("FIRST"));
    drop(store.apply(vec![place("A", id)]));
    blocker.execute_batch("ROLLBACK").expect("the lock is given back");
    block_on(first).expect("the first is placed");
    assert_eq!(apply(&store, place("A", id)), Ok(Effect::Applied));
}
