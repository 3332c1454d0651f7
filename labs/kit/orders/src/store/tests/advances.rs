//! An order's life by requests: who may move it, and when it comes back.

use jiff::Timestamp;

use super::requests::{advance, apply, change, get, place, remove};
use super::*;
use crate::OrderId;

/// An order that has come to this status by requests, and its version.
fn order_at(store: &Store, status: Status) -> (OrderId, u64) {
    let id = OrderId::new();
    let way: &[&str] = match status {
        Status::Queued => &[],
        Status::Processing => &["PROCESSING"],
        Status::Completed => &["PROCESSING", "COMPLETED"],
        Status::Failed => &["PROCESSING", "FAILED"],
    };
    assert_eq!(apply(store, place(&id.to_string(), id)), Ok(Effect::Applied));
    for (to, version) in way.iter().zip(1..) {
        assert_eq!(apply(store, advance(&format!("{id} {to}"), id, to, version)), Ok(Effect::Applied));
    }
    (id, way.len() as u64 + 1)
}

#[test]
fn an_order_moves_from_queued_to_processing_and_from_there_to_an_end_or_back() {
    let store = memory();
    let allowed = [
        (Status::Queued, Status::Processing),
        (Status::Processing, Status::Completed),
        (Status::Processing, Status::Failed),
        (Status::Processing, Status::Queued),
    ];
    for from in Status::ALL {
        for to in Status::ALL {
            let (id, version) = order_at(&store, from);
            let verdict = apply(&store, advance(&format!("{id} moves"), id, to.name(), version));
            if allowed.contains(&(from, to)) {
                assert_eq!(verdict, Ok(Effect::Applied), "{from} → {to}");
                assert_eq!((get(&store, id).status, get(&store, id).version), (to, version + 1));
            } else {
                assert!(
                    matches!(verdict, Err(OrderError::WrongStatus { status, .. }) if status == from),
                    "{from} → {to}"
                );
                assert_eq!((get(&store, id).status, get(&store, id).version), (from, version));
            }
        }
    }
}

#[test]
fn an_order_that_is_processing_is_neither_updated_nor_deleted() {
    let store = memory();
    let (id, version) = order_at(&store, Status::Processing);
    for wrong in [change("A", id, version), remove("B", id, version), remove("C", id, 0)] {
        let verdict = apply(&store, wrong);
        assert!(matches!(verdict, Err(OrderError::WrongStatus { status: Status::Processing, .. })), "{verdict:?}");
    }
}

#[test]
fn an_order_whose_worker_is_silent_comes_back_and_the_late_result_is_refused() {
    let (_folder, path) = folder();
    let store = open(&path);
    let (id, version) = order_at(&store, Status::Processing);
    let hand = Connection::open(&path).expect("a second connection");
    let until: i64 = hand.query_row("SELECT lease_until_ms FROM orders", [], |row| row.get(0)).expect("a lease");
    let left = until - Timestamp::now().as_millisecond();
    assert!((1..=30_000).contains(&left), "{left} ms are left of 30 s");
    // As if the 30 s were over.
    hand.execute("UPDATE orders SET lease_until_ms = 1", []).expect("the row");
    eventually("the lease's end", || get(&store, id).status == Status::Queued);
    let late = apply(&store, advance("late", id, "COMPLETED", version));
    assert!(matches!(late, Err(OrderError::VersionMismatch { actual: 3, .. })), "{late:?}");
    assert_eq!(apply(&store, advance("again", id, "PROCESSING", 3)), Ok(Effect::Applied));
}

#[test]
fn what_a_worker_of_another_transport_holds_is_not_finished_by_a_request() {
    let store = memory();
    let order = create(&store, "USER14");
    let lease = store.lease();
    let held = block_on(lease.take(1)).expect("an order").remove(0);
    for status in ["COMPLETED", "FAILED", "QUEUED"] {
        let verdict = apply(&store, advance(status, order.id, status, held.version));
        assert!(matches!(verdict, Err(OrderError::WrongStatus { .. })), "{status}: {verdict:?}");
    }
    assert_eq!(finish(&lease, &held, Outcome::Succeeded).expect("its own").status, Status::Completed);
    // And the other way: what a request holds, no lease is given.
    let (id, version) = order_at(&store, Status::Processing);
    assert_eq!(block_on(lease.take(9)).expect("none"), []);
    let held = Order { version, ..get(&store, id) };
    assert!(matches!(finish(&lease, &held, Outcome::Succeeded), Err(OrderError::WrongStatus { .. })));
}
