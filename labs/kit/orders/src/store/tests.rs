//! The store's promises, each by what a caller would notice.

mod advances;
mod look;
mod migration;
mod requests;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_executor::block_on;
use futures_util::future::join_all;
use rusqlite::Connection;
use tempfile::TempDir;

use super::worker::{Call, Command};
use super::*;
use crate::{
    ChangeKind, DeleteDraft, Fault, ListDraft, OrderDraft, OrderError, Position, ResultDraft, Status, UpdateDraft,
};

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("orders.db");
    (folder, path)
}

fn open(path: &Path) -> Store {
    Store::open(path).expect("the database opens")
}

fn memory() -> Store {
    Store::in_memory().expect("memory opens")
}

fn new_order(name: &str) -> NewOrder {
    OrderDraft::new(name.into(), vec!["KEYBOARD".into(), "WEBCAM".into()]).parse().expect("a valid order")
}

fn create(store: &Store, name: &str) -> Order {
    block_on(store.create(new_order(name))).expect("the order is placed")
}

fn update(store: &Store, order: &Order, etag: &str) -> Result<Order, OrderError> {
    let draft = UpdateDraft::new(order.id.to_string(), vec!["MOUSE".into()], Some(etag.into()));
    block_on(store.update(draft.parse().expect("a valid update")))
}

fn delete(store: &Store, order: &Order) -> Result<(), OrderError> {
    let draft = DeleteDraft { id: order.id.to_string(), etag: None };
    block_on(store.delete(draft.parse().expect("a valid deletion")))
}

fn finish(lease: &Lease, order: &Order, outcome: Outcome) -> Result<Order, OrderError> {
    let draft = ResultDraft { id: order.id.to_string(), etag: order.etag(), outcome };
    block_on(lease.finish(draft.parse().expect("a valid result")))
}

fn page(store: &Store, draft: ListDraft) -> Result<Page, OrderError> {
    block_on(store.list(draft.parse()?))
}

fn sequences(changes: &[crate::Change]) -> Vec<i64> {
    changes.iter().map(|change| change.position.sequence).collect()
}

/// Waits for a condition that another thread brings about.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} did not happen");
        std::thread::yield_now();
    }
}

#[test]
fn an_order_is_kept_with_all_that_was_said() {
    let (_folder, path) = folder();
    let store = open(&path);
    let order = create(&store, "USER14");
    store.close();
    let again = block_on(open(&path).get(order.id)).expect("it is there");
    assert_eq!(again, order);
    assert_eq!((order.version, order.status, order.equipment.len()), (1, Status::Queued, 2));
}

#[test]
fn what_another_handle_on_the_file_acknowledged_is_seen_at_once() {
    let (_folder, path) = folder();
    let (one, other) = (open(&path), open(&path));
    for number in 0..50 {
        let order = create(&one, &format!("USER{number}"));
        assert_eq!(block_on(other.get(order.id)), Ok(order));
    }
}

#[test]
fn many_changes_share_a_commit_and_one_alone_has_its_own() {
    let (_folder, path) = folder();
    let store = open(&path);
    // `data_version` moves with each commit of another connection.
    let observer = Connection::open(&path).expect("a second connection");
    let version = || observer.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0)).expect("a number");
    let blocker = Connection::open(&path).expect("a third connection");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    // The first call waits for the lock; the others gather behind it.
    let waiting: Vec<_> = (0..200).map(|_| store.create(new_order("USER14"))).collect();
    let before = version();
    blocker.execute_batch("ROLLBACK").expect("the lock is given back");
    for placed in block_on(join_all(waiting)) {
        placed.expect("it is placed");
    }
    let commits = version() - before;
    assert!((1..=3).contains(&commits), "200 orders took {commits} commits");
}

#[test]
fn a_call_that_fails_leaves_its_neighbours_in_the_batch_alone() {
    let store = memory();
    let order = create(&store, "USER14");
    let stale = UpdateDraft::new(order.id.to_string(), vec!["MOUSE".into()], Some("\"7\"".into()));
    let calls =
        (store.create(new_order("A")), store.update(stale.parse().expect("valid")), store.create(new_order("B")));
    assert!(block_on(calls.0).is_ok());
    assert!(matches!(block_on(calls.1), Err(OrderError::VersionMismatch { actual: 1, .. })));
    assert!(block_on(calls.2).is_ok());
    assert_eq!(page(&store, ListDraft::default()).expect("a page").orders.len(), 3);
}

#[test]
fn one_of_eight_updates_of_the_same_version_wins() {
    let store = memory();
    let order = create(&store, "USER14");
    let drafts = (0..8).map(|_| UpdateDraft::new(order.id.to_string(), vec!["MOUSE".into()], Some("\"1\"".into())));
    let calls: Vec<_> = drafts.map(|draft| store.update(draft.parse().expect("valid"))).collect();
    let won = block_on(join_all(calls)).iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(won, 1);
}

#[test]
fn the_first_reason_in_the_documented_order_answers() {
    let store = memory();
    let order = create(&store, "USER14");
    let lease = store.lease();
    let held = block_on(lease.take(1)).expect("an order").remove(0);
    // Both the version and the status are wrong: the version answers.
    assert!(matches!(update(&store, &order, "\"1\""), Err(OrderError::VersionMismatch { .. })));
    assert!(matches!(update(&store, &order, "\"2\""), Err(OrderError::WrongStatus { .. })));
    assert!(matches!(delete(&store, &held), Err(OrderError::WrongStatus { .. })));
}

#[test]
fn an_order_that_failed_can_be_deleted_but_not_updated() {
    let store = memory();
    create(&store, "USER14");
    let lease = store.lease();
    let held = block_on(lease.take(1)).expect("an order").remove(0);
    let failed = finish(&lease, &held, Outcome::Failed).expect("the result is taken");
    assert_eq!((failed.status, failed.version), (Status::Failed, 3));
    assert!(matches!(update(&store, &failed, "*"), Err(OrderError::WrongStatus { .. })));
    assert_eq!(delete(&store, &failed), Ok(()));
}

#[test]
fn a_lease_that_is_dropped_gives_its_orders_back() {
    let (_folder, path) = folder();
    let store = open(&path);
    let order = create(&store, "USER14");
    let lease = store.lease();
    assert_eq!(block_on(lease.take(9)).expect("orders").len(), 1);
    drop(lease);
    eventually("the order's return", || {
        block_on(store.get(order.id)).is_ok_and(|order| order.status == Status::Queued)
    });
    assert_eq!(block_on(store.get(order.id)).expect("the order").version, 3);
}

#[test]
fn a_lease_ends_by_time_also_when_its_server_never_came_back() {
    let (_folder, path) = folder();
    let store = open(&path);
    let order = create(&store, "USER14");
    let lease = store.lease();
    let held = block_on(lease.take(1)).expect("an order").remove(0);
    // As if the 30 s were over.
    let hand = Connection::open(&path).expect("a second connection");
    hand.execute("UPDATE orders SET lease_until_ms = 1", []).expect("the row");
    eventually("the lease's end", || block_on(store.get(order.id)).is_ok_and(|order| order.status == Status::Queued));
    // The worker comes too late.
    assert!(matches!(finish(&lease, &held, Outcome::Succeeded), Err(OrderError::VersionMismatch { .. })));
}

#[test]
fn a_clock_that_was_set_back_does_not_make_a_lease_last() {
    let (_folder, path) = folder();
    let store = open(&path);
    let order = create(&store, "USER14");
    let lease = store.lease();
    assert_eq!(block_on(lease.take(1)).expect("an order").len(), 1);
    let hand = Connection::open(&path).expect("a second connection");
    hand.execute("UPDATE orders SET lease_until_ms = lease_until_ms + 86400000", []).expect("the row");
    eventually("the lease's end", || block_on(store.get(order.id)).is_ok_and(|order| order.status == Status::Queued));
}

#[test]
fn only_the_worker_that_holds_an_order_can_finish_it() {
    let store = memory();
    create(&store, "USER14");
    let (holder, other) = (store.lease(), store.lease());
    let held = block_on(holder.take(1)).expect("an order").remove(0);
    assert!(matches!(finish(&other, &held, Outcome::Succeeded), Err(OrderError::WrongStatus { .. })));
    assert_eq!(finish(&holder, &held, Outcome::Succeeded).expect("taken").status, Status::Completed);
}

#[test]
fn workers_never_hold_the_same_order() {
    let store = memory();
    for number in 0..20 {
        create(&store, &format!("USER{number}"));
    }
    let (one, other) = (store.lease(), store.lease());
    let (mine, theirs) = (one.take(15), other.take(15));
    let mut ids: Vec<_> = block_on(mine).expect("orders").into_iter().map(|order| order.id.to_string()).collect();
    ids.extend(block_on(theirs).expect("orders").into_iter().map(|order| order.id.to_string()));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[test]
fn a_watch_sees_each_change_once_and_in_order() {
    let (_folder, path) = folder();
    for store in [memory(), open(&path)] {
        let mut watch = block_on(store.watch(WatchFrom::Now)).expect("a watch");
        let order = create(&store, "USER14");
        update(&store, &order, "\"1\"").expect("the update");
        delete(&store, &order).expect("the deletion");
        let mut seen = Vec::new();
        while seen.len() < 3 {
            seen.extend(block_on(watch.next()).expect("changes").iter().cloned());
        }
        assert_eq!(sequences(&seen), [1, 2, 3]);
        let kinds: Vec<_> = seen.iter().map(|change| change.kind).collect();
        assert_eq!(kinds, [ChangeKind::Created, ChangeKind::Updated, ChangeKind::Deleted]);
        assert_eq!(seen[2].order.version, 2, "a deletion carries the order as it last was");
    }
}

#[test]
fn a_watch_that_comes_back_goes_on_after_its_position() {
    let store = memory();
    for number in 0..250 {
        create(&store, &format!("USER{number}"));
    }
    let mut from = WatchFrom::Oldest;
    let mut seen = Vec::new();
    while seen.len() < 250 {
        let mut watch = block_on(store.watch(from)).expect("a watch");
        let changes = block_on(watch.next()).expect("changes");
        seen.extend(sequences(&changes));
        from = WatchFrom::parse(Some(&watch.position().to_string())).expect("our own position");
    }
    assert_eq!(seen, (1..=250).collect::<Vec<_>>());
}

#[test]
fn a_watch_sees_what_another_process_changes() {
    let (_folder, path) = folder();
    let (store, other) = (open(&path), open(&path));
    let mut watch = block_on(store.watch(WatchFrom::Now)).expect("a watch");
    let order = create(&other, "USER14");
    assert_eq!(block_on(watch.next()).expect("a change")[0].order, order);
}

#[test]
fn a_position_of_another_database_a_future_and_a_trimmed_one_are_refused() {
    let (_folder, path) = folder();
    let store = open(&path);
    create(&store, "USER14");
    let start = |text: String| block_on(store.watch(WatchFrom::parse(Some(&text))?)).map(|_| ());
    let here = block_on(store.watch(WatchFrom::Now)).expect("a watch").position();
    let foreign = Position { epoch: here.epoch ^ 1, ..here };
    let future = Position { sequence: 2, ..here };
    assert_eq!(start(foreign.to_string()), Err(OrderError::PositionGone));
    assert!(matches!(start(future.to_string()), Err(OrderError::Invalid { .. })));
    // As if 100,000 changes had come in between.
    let hand = Connection::open(&path).expect("a second connection");
    hand.execute("UPDATE changes SET sequence = 100002", []).expect("the row");
    create(&store, "USER15");
    assert_eq!(start(here.to_string()), Err(OrderError::PositionGone));
}

#[test]
fn more_than_the_kept_changes_are_trimmed() {
    let (_folder, path) = folder();
    let store = open(&path);
    create(&store, "USER14");
    let hand = Connection::open(&path).expect("a second connection");
    hand.execute("UPDATE changes SET sequence = 5", []).expect("the row");
    hand.execute("INSERT INTO changes SELECT 100004, kind, id, created_by, status, equipment, created_at_ms, version FROM changes", [])
        .expect("a copy");
    create(&store, "USER15");
    let kept: i64 =
        hand.query_row("SELECT count(*) FROM changes WHERE sequence <= 5", [], |row| row.get(0)).expect("a count");
    assert_eq!(kept, 0);
}

#[test]
fn pages_walk_through_all_orders_in_the_order_of_creation() {
    let store = memory();
    let placed: Vec<_> = (0..25).map(|number| create(&store, &format!("USER{number}"))).collect();
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let draft = ListDraft { page_size: Some("10".into()), page_token: token.clone(), ..ListDraft::default() };
        let page = page(&store, draft).expect("a page");
        assert_eq!(page.watch_position.is_some(), token.is_none(), "the first page says where it is true");
        seen.extend(page.orders);
        token = page.next_page_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, placed);
}

#[test]
fn a_token_is_good_for_its_filter_and_its_database_alone() {
    let (store, other) = (memory(), memory());
    for number in 0..3 {
        create(&store, &format!("USER{number}"));
        create(&other, &format!("USER{number}"));
    }
    let first = ListDraft { page_size: Some("2".into()), ..ListDraft::default() };
    let token = page(&store, first).expect("a page").next_page_token;
    let same = ListDraft { page_token: token.clone(), ..ListDraft::default() };
    let filtered = ListDraft { status: Some("QUEUED".into()), ..same.clone() };
    let forged = ListDraft { page_token: token.map(|token| token.replacen('2', "1", 1)), ..ListDraft::default() };
    assert_eq!(page(&store, same.clone()).expect("the second page").orders.len(), 1);
    for (store, draft) in [(&store, filtered), (&other, same), (&store, forged)] {
        let refused = page(store, draft).expect_err("a wrong token");
        let fault = Fault::parameter("page_token", "must be the next_page_token of a page with the same filter");
        assert_eq!(refused, OrderError::from(fault));
    }
}

#[test]
fn a_call_whose_reply_was_dropped_before_its_turn_is_not_carried_out() {
    let (_folder, path) = folder();
    let store = open(&path);
    let blocker = Connection::open(&path).expect("a second connection");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    let first = store.create(new_order("FIRST"));
    let full = (0..2_000).map(|_| store.create(new_order("DROPPED"))).collect::<Vec<_>>();
    drop(full);
    blocker.execute_batch("ROLLBACK").expect("the lock is given back");
    block_on(first).expect("the first is placed");
    store.close();
    let names = open(&path);
    let orders = page(&names, ListDraft { page_size: Some("1000".into()), ..ListDraft::default() }).expect("a page");
    assert_eq!(orders.orders.len(), 1);
}

#[test]
fn a_call_whose_reply_was_dropped_in_its_batch_is_not_carried_out() {
    let conn = Connection::open_in_memory().expect("memory opens");
    for wanted in [true, false] {
        let (reply, receiver) = oneshot::channel();
        let receiver = wanted.then_some(receiver);
        let mut done = false;
        let work = |_: &Connection| {
            done = true;
            Ok(())
        };
        let mut call = Command::new(work, reply);
        call.run(&conn, false);
        drop((call, receiver));
        assert_eq!(done, wanted);
    }
}

#[test]
fn a_full_queue_refuses_and_does_not_wait() {
    let (_folder, path) = folder();
    let store = open(&path);
    let blocker = Connection::open(&path).expect("a second connection");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    // Those that wait are kept: nobody carries out what nobody waits for. The writer gives up a batch
    // of them now and then, and however slow this thread is, it isn't that slow.
    let mut waiting = Vec::new();
    let refused = (0..100_000).find_map(|_| {
        let reply = store.create(new_order("USER14"));
        let Answer::Refused(reason) = &reply.0 else {
            waiting.push(reply);
            return None;
        };
        Some(*reason)
    });
    assert_eq!(refused, Some("too many requests are waiting"));
    // Reads are another queue, and don't wait for the lock.
    assert!(page(&store, ListDraft::default()).is_ok());
}

#[test]
fn a_database_that_is_locked_for_long_is_unavailable_and_then_works_again() {
    let (_folder, path) = folder();
    let store = open(&path);
    let blocker = Connection::open(&path).expect("a second connection");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    let refused = block_on(store.create(new_order("USER14"))).expect_err("the lock is held");
    assert_eq!(refused, OrderError::Unavailable { reason: "the database is locked" });
    blocker.execute_batch("ROLLBACK").expect("the lock is given back");
    create(&store, "USER15");
}

#[test]
fn after_close_calls_are_refused_and_watches_end() {
    let (_folder, path) = folder();
    for store in [memory(), open(&path)] {
        let mut watch = block_on(store.watch(WatchFrom::Now)).expect("a watch");
        let waiting = std::thread::spawn(move || block_on(watch.next()).map(|_| watch));
        store.close();
        assert!(matches!(block_on(store.create(new_order("USER14"))), Err(OrderError::Unavailable { .. })));
        assert!(matches!(waiting.join().expect("the watch ends"), Err(OrderError::Unavailable { .. })));
    }
}

#[test]
fn a_foreign_a_damaged_and_a_newer_file_are_named_and_left_alone() {
    let (_folder, path) = folder();
    std::fs::write(&path, b"this is no database at all, but a text of some length".repeat(40)).expect("a file");
    assert!(matches!(Store::open(&path), Err(OpenError::Foreign(_))));
    std::fs::remove_file(&path).expect("the file");

    Connection::open(&path).expect("a database").execute_batch("CREATE TABLE theirs (a)").expect("a table");
    assert!(matches!(Store::open(&path), Err(OpenError::Foreign(_))));
    std::fs::remove_file(&path).expect("the file");

    let store = open(&path);
    let many: Vec<_> = (0..500).map(|number| new_order(&format!("USER{number}"))).collect();
    block_on(store.create_all(many)).expect("the orders");
    store.close();
    let whole = std::fs::read(&path).expect("the file");
    let mut damaged = whole.clone();
    let end = damaged.len();
    damaged[8_192..end - 4_096].fill(0xa5);
    std::fs::write(&path, &damaged).expect("the file");
    assert!(matches!(Store::open(&path), Err(OpenError::Damaged(_))));

    std::fs::write(&path, &whole).expect("the file");
    Connection::open(&path).expect("the database").pragma_update(None, "user_version", 99).expect("a newer version");
    assert!(matches!(Store::open(&path), Err(OpenError::Newer(_))));
}

#[test]
fn a_database_that_was_deleted_or_replaced_takes_no_more_changes() {
    let (_folder, path) = folder();
    let store = open(&path);
    let order = create(&store, "USER14");
    let gone = OrderError::Unavailable { reason: "its database file is gone" };
    std::fs::remove_file(&path).expect("the file");
    assert_eq!(block_on(store.create(new_order("USER15"))), Err(gone.clone()));
    std::fs::write(&path, "another file").expect("a file");
    assert_eq!(block_on(store.create(new_order("USER15"))), Err(gone));
    // What it had is still there to be read.
    assert_eq!(block_on(store.get(order.id)), Ok(order));
}
