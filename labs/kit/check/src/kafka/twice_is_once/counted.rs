//! Which events count, and how much.

use std::time::Duration;

use tokio::time::sleep;

use super::long;
use super::store::{Event, PATIENCE, Store};
use crate::bench::Bench;
use crate::verdict::Outcome;

/// So many events are there before the first one.
const KNOWN: usize = 50;
/// Until what was handed over is at work.
const AT_WORK: Duration = Duration::from_millis(100);

pub(super) async fn each_item_counts(bench: &mut Bench) -> Outcome {
    let mut events = vec![
        Event::new(bench, 0, &["LAPTOP"]),
        Event::new(bench, 1, &["MOUSE", "LAPTOP", "MOUSE", "DESK LAMP", "MOUSE"]),
        Event::new(bench, 2, &["MONITOR", "MONITOR"]),
        Event::new(bench, 0, &[]),
        // No text of anybody's is part of a statement.
        Event::new(bench, 2, &["ADA'S CHAIR", "Câble 27\"", "MOUSE"]),
        Event::new(bench, 1, &["DESK LAMP", "MONITOR", "DESK LAMP"]),
    ];
    events.extend(Event::last(bench));
    // What others have done before stays there, too.
    let theirs: Vec<String> = (0..KNOWN).map(|_| bench.id()).collect();
    let store = Store::new(bench, &theirs).await?;
    store.send(&events).await?;
    let mut member = store.start(bench)?;
    store.becomes_right(&mut member, PATIENCE).await?;
    store.expect_member().await?;
    store.is_filled_up(bench.number(500) as i64).await?;
    store.hand_over(&Event::last(bench)).await?;
    // At work, it leaves room for others as well.
    sleep(AT_WORK).await;
    store.is_filled_up(bench.number(500) as i64).await?;
    store.becomes_right(&mut member, PATIENCE).await
}

pub(super) async fn the_same_event_counts_once(bench: &mut Bench) -> Outcome {
    long(bench);
    let (one, other) = (Event::new(bench, 0, &["LAPTOP", "MOUSE"]), Event::new(bench, 1, &["MONITOR"]));
    let at = |event: &Event, partition| Event { partition, ..event.clone() };
    let mut events = vec![
        one.clone(),
        one.clone(),
        other.clone(),
        Event::new(bench, 0, &["DESK LAMP"]),
        one.clone(),
        at(&one, 2),
        at(&other, 0),
        // A sender that tries again may have chosen another key.
        Event { key: bench.id(), ..at(&other, 2) },
    ];
    events.extend(Event::last(bench));
    all_count_right(bench, &events).await
}

pub(super) async fn other_events_count(bench: &mut Bench) -> Outcome {
    let first = Event::new(bench, 1, &["LAPTOP"]);
    let (number, word) = (bench.number(800_000) + 100_000, bench.word());
    let ids = [
        number.to_string(),
        format!("0{number}"),
        format!("{number}.0"),
        format!("ID-{number}"),
        format!("id-{number}"),
        format!("{number} "),
        format!(" {number}"),
        // The same to the eye: one character, and two.
        format!("\u{e9}-{word}"),
        format!("e\u{301}-{word}"),
        format!("%C3%A9-{word}"),
        format!("\u{1f3a7}-{word}"),
        format!("it's \"{word}\""),
        format!("{word}-{}", "0".repeat(300)),
        format!("{word}-{}1", "0".repeat(300)),
    ];
    let other = |id: String| Event { id, ..first.clone() };
    let mut events = vec![first.clone(), other(bench.id()), other(format!("{}-2", first.id))];
    events.extend(ids.map(other));
    events.extend(Event::last(bench));
    all_count_right(bench, &events).await
}

/// One after the other, so that each is at an offset of its own.
async fn all_count_right(bench: &Bench, events: &[Event]) -> Outcome {
    let store = Store::new(bench, &[]).await?;
    store.send(events).await?;
    let mut member = store.start(bench)?;
    store.becomes_right(&mut member, PATIENCE).await
}
