//! A database that doesn't take it: by a trigger, or for a lock.

use std::time::Duration;

use tokio::time::sleep;

use super::long;
use super::store::{AGAIN, Event, PATIENCE, Store};
use crate::bench::Bench;
use crate::broker::Member;
use crate::kafka::topic::TO_END;
use crate::verdict::{Failed, Outcome, Who};

/// As the sentences say.
const REFUSED: Duration = Duration::from_secs(3);
/// Until whoever was handed an event has tried; and so short that whoever waits for 3 seconds after the
/// first no comes too late.
const SHORTLY: Duration = Duration::from_millis(500);
/// From then on, as the sentence says; the next attempt is to come within one.
const SOON: Duration = Duration::from_secs(2);
/// Until an event that has come is in hand.
const IN_HAND: Duration = Duration::from_secs(1);
/// The partition of what is in hand at the stop.
const WHERE: i32 = 1;
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
    let refusing = (trigger, "`stock` refuses any change of MONITOR");
    let (store, mut member) = ready(bench).await?;
    let event = Event::new(bench, 1, &["LAPTOP", "MONITOR", "MOUSE"]);
    refused(&store, &mut member, refusing, &[event, Event::new(bench, 1, &["MONITOR"])], REFUSED).await?;
    store.becomes_right(&mut member, PATIENCE).await?;
    refused(&store, &mut member, refusing, &[Event::new(bench, 0, &["MOUSE", "MONITOR"])], SHORTLY).await?;
    store.becomes_right(&mut member, SOON).await
}

pub(super) async fn in_seen(bench: &Bench) -> Outcome {
    let trigger = "CREATE TRIGGER refusing BEFORE INSERT ON seen
        BEGIN SELECT RAISE(ABORT, 'seen is being copied'); END";
    let refusing = (trigger, "`seen` refuses any row");
    let (store, mut member) = ready(bench).await?;
    let event = Event::new(bench, 1, &["LAPTOP", "MONITOR", "MOUSE"]);
    refused(&store, &mut member, refusing, &[event, Event::new(bench, 1, &["MONITOR"])], REFUSED).await?;
    store.becomes_right(&mut member, PATIENCE).await?;
    told_to_end(bench, &store, &mut member, refusing).await
}

/// One that is done with all that is there.
async fn ready(bench: &Bench) -> Result<(Store, Member), Failed> {
    let store = Store::new(bench, &[]).await?;
    store.send(&Event::last(bench)).await?;
    let mut member = store.start(bench)?;
    store.becomes_right(&mut member, PATIENCE).await?;
    Ok((store, member))
}

/// It comes while a trigger refuses it, for so long.
async fn refused(
    store: &Store,
    member: &mut Member,
    refusing: (&str, &str),
    events: &[Event],
    time: Duration,
) -> Outcome {
    let (trigger, what) = refusing;
    store.database.execute(trigger).await?;
    store.group.note(Who::Checker, what);
    let before = store.database.content().await?;
    store.hand_over(events).await?;
    store.stays(&before, member, time).await?;
    store.database.execute("DROP TRIGGER refusing").await?;
    store.group.note(Who::Checker, "it refuses nothing any more");
    Ok(())
}

/// SIGTERM while a trigger refuses what is in hand: it is given back.
async fn told_to_end(bench: &Bench, store: &Store, member: &mut Member, refusing: (&str, &str)) -> Outcome {
    let (trigger, what) = refusing;
    store.database.execute(trigger).await?;
    store.group.note(Who::Checker, what);
    let before = store.database.content().await?;
    store.hand_over(&[Event::new(bench, WHERE, &["LAPTOP", "MOUSE"])]).await?;
    store.stays(&before, member, IN_HAND).await?;
    member.stops(TO_END).await?;
    let last = store.ends()[WHERE as usize].unwrap_or_default() - 1;
    let committed = store.group.committed().await?[WHERE as usize];
    let expected = format!("not committed, as it isn't in the database: partition {WHERE} @ {last}");
    store.group.expect(&expected, committed.is_none_or(|next| next <= last)).await?;
    store.database.execute("DROP TRIGGER refusing").await?;
    store.group.note(Who::Checker, "it refuses nothing any more");
    let mut member = store.start(bench)?;
    store.becomes_right(&mut member, AGAIN).await
}

pub(super) async fn at_the_lock(bench: &Bench) -> Outcome {
    let (store, mut member) = ready(bench).await?;
    let lock = store.database.lock().await?;
    store.group.note(Who::Checker, "holds the database's lock");
    store.send(&[Event::new(bench, 1, &["LAPTOP", "MOUSE"]), Event::new(bench, 1, &["MONITOR"])]).await?;
    member.until(2 * LOCKED, "that it waits for the lock", sleep(LOCKED)).await?;
    // Who has read before, and writes what was read, takes it away again.
    store.is_filled_up_by(lock, bench.number(500) as i64).await?;
    store.becomes_right(&mut member, PATIENCE).await
}
