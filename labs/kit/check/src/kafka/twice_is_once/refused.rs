//! A database that doesn't take it: by a trigger, or for a lock.

use std::time::Duration;

use tokio::time::sleep;

use super::long;
use super::store::{Event, PATIENCE, Store};
use crate::bench::Bench;
use crate::broker::At;
use crate::verdict::{Outcome, Who};

/// As the sentences say.
const REFUSED: Duration = Duration::from_secs(3);
/// Longer than the time-out that most libraries have for a lock.
pub(super) const LOCKED: Duration = Duration::from_secs(7);

pub(super) async fn refused_in_stock(bench: &mut Bench) -> Outcome {
    long(bench).in_stock.outcome().await
}

pub(super) async fn refused_in_seen(bench: &mut Bench) -> Outcome {
    long(bench).in_seen.outcome().await
}

pub(super) async fn a_lock_is_waited_for(bench: &mut Bench) -> Outcome {
    long(bench).lock.outcome().await
}

pub(super) async fn in_stock(bench: &Bench) -> Outcome {
    // Not of the first item of the list: what stands before it is half of it.
    let trigger = "CREATE TRIGGER refusing BEFORE UPDATE ON stock WHEN NEW.equipment = 'MONITOR'
        BEGIN SELECT RAISE(ABORT, 'the stock is being counted'); END";
    refused(bench, trigger, "`stock` refuses any change of MONITOR").await
}

pub(super) async fn in_seen(bench: &Bench) -> Outcome {
    let trigger = "CREATE TRIGGER refusing BEFORE INSERT ON seen
        BEGIN SELECT RAISE(ABORT, 'seen is being copied'); END";
    refused(bench, trigger, "`seen` refuses any row").await
}

async fn refused(bench: &Bench, trigger: &str, what: &str) -> Outcome {
    let store = Store::new(bench, &[]).await?;
    store.send(&Event::last(bench)).await?;
    let mut member = store.start(bench, At::Broker)?;
    store.becomes_right(&mut member, PATIENCE).await?;
    store.database.execute(trigger).await?;
    store.group.note(Who::Checker, what);
    let event = Event::new(bench, 1, &["LAPTOP", "MONITOR", "MOUSE"]);
    let before = store.database.content().await?;
    store.send(&[event, Event::new(bench, 1, &["MONITOR"])]).await?;
    store.stays(&before, &mut member, REFUSED).await?;
    store.database.execute("DROP TRIGGER refusing").await?;
    store.group.note(Who::Checker, "it refuses nothing any more");
    store.becomes_right(&mut member, PATIENCE).await
}

pub(super) async fn at_the_lock(bench: &Bench) -> Outcome {
    let store = Store::new(bench, &[]).await?;
    store.send(&Event::last(bench)).await?;
    let mut member = store.start(bench, At::Broker)?;
    store.becomes_right(&mut member, PATIENCE).await?;
    let lock = store.database.lock().await?;
    store.group.note(Who::Checker, "holds the database's lock");
    store.send(&[Event::new(bench, 1, &["LAPTOP", "MOUSE"]), Event::new(bench, 1, &["MONITOR"])]).await?;
    member.until(2 * LOCKED, "that it waits for the lock", sleep(LOCKED)).await?;
    lock.release().await?;
    store.group.note(Who::Checker, "gives the lock back");
    store.becomes_right(&mut member, PATIENCE).await
}
