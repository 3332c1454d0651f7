//! SIGKILL.

use std::time::Duration;

use tokio::time::sleep;

use super::long;
use super::refused::LOCKED;
use super::store::{AGAIN, Event, PATIENCE, Store};
use crate::bench::Bench;
use crate::broker::{Asked, Fate};
use crate::http::Gate;
use crate::kafka::topic::holding;
use crate::verdict::{Outcome, Who};

/// As the sentence says: longer than most libraries wait for a lock by themselves.
const AT_START: Duration = Duration::from_secs(6);

pub(super) async fn killed_between_the_commits(bench: &mut Bench) -> Outcome {
    long(bench).between.outcome().await
}

pub(super) async fn killed_at_the_lock(bench: &mut Bench) -> Outcome {
    long(bench).killed.outcome().await
}

/// The database has it, and the broker was never told.
pub(super) async fn between_the_commits(bench: &Bench) -> Outcome {
    let (store, gate) = (Store::new(bench, &[]).await?, Gate::new());
    let relay = holding(bench, &gate, Asked::is_commit, Fate::Hold).await?;
    let event = Event::new(bench, 1, &["LAPTOP", "MOUSE"]);
    store.send(&[event]).await?;
    let mut member = store.start_behind(bench, &relay)?;
    store.becomes_right(&mut member, PATIENCE).await?;
    member.kill().await;
    // What was held goes with its connection.
    drop(relay);
    store.send(&[Event::new(bench, 1, &["MONITOR"])]).await?;
    let mut member = store.start(bench)?;
    store.becomes_right(&mut member, AGAIN).await
}

pub(super) async fn at_the_lock(bench: &Bench) -> Outcome {
    let store = Store::new(bench, &[]).await?;
    store.send(&Event::last(bench)).await?;
    let mut member = store.start(bench)?;
    store.becomes_right(&mut member, PATIENCE).await?;
    let lock = store.database.lock().await?;
    store.group.note(Who::Checker, "holds the database's lock");
    store.send(&[Event::new(bench, 1, &["LAPTOP", "MOUSE"]), Event::new(bench, 1, &["MONITOR"])]).await?;
    member.until(2 * LOCKED, "that it waits for the lock", sleep(LOCKED)).await?;
    let committed = store.group.committed().await?[1];
    let expected = "not committed, while it isn't in the database: partition 1 @ 1";
    store.group.expect(expected, committed.is_none_or(|next| next <= 1)).await?;
    member.kill().await;
    let mut member = store.start(bench)?;
    member.until(2 * AT_START, "that it runs while the database is locked", sleep(AT_START)).await?;
    lock.release("").await?;
    store.group.note(Who::Checker, "gives the lock back");
    store.becomes_right(&mut member, AGAIN).await
}
