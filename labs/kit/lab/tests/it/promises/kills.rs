//! Two consumers, killed by turns while they have work and have done some of it.

use nix::sys::signal::Signal;

use super::apache::{On, size};
use super::ledger::{Wrongs, changes, count, progress, some};
use super::locks::{with_work_committed, with_work_in_hand};
use super::requests::{Feeder, consumers, start_consumer};
use crate::kafka::support::{Kafka, assigned};

/// Feeds requests as the kills go on, so that there are some left at each.
async fn kill_by_turns(kafka: &Kafka, requests: usize, kills: usize, args: &[&str]) -> Wrongs {
    let mut running = consumers(kafka, 2, args).await;
    let mut feeder = Feeder::new(kafka);
    let (mut counted, mut round) = (0, 0);
    while counted < kills {
        assert!(round < kills * 3, "of {round} kills {counted} came while there was work");
        // One that has nothing to do would die in vain.
        assigned(&running[0]).await;
        let before = changes(kafka);
        feeder.feed(requests / kills / 2);
        progress(kafka, before + some(requests / kills / 10)).await;
        // By turns of two, so that each consumer meets both: it dies at any moment, or while
        // it waits for the database, which somebody else has locked.
        let lock = match round % 4 {
            0 | 1 if args.contains(&"commit-after") => Some(with_work_committed(kafka, &mut feeder).await),
            0 | 1 => Some(with_work_in_hand(kafka, &mut feeder).await),
            _ => None,
        };
        let victim = running.remove(0);
        victim.signal(Signal::SIGKILL);
        victim.end().await;
        drop(lock);
        // Not more than there is lag: all this is less than what was asked for.
        counted += usize::from(changes(kafka) < feeder.requests());
        running.push(start_consumer(kafka, args));
        round += 1;
    }
    feeder.delivered().await;
    let wrongs = count(kafka, &feeder.orders, 2).await;
    println!("{} requests, {counted} kills with lag {args:?}: {wrongs:?}", feeder.requests());
    wrongs
}

async fn none_is_lost_or_doubled(on: On) {
    let kafka = on.kafka().await;
    // The embedded broker trims a partition at 5 MiB: 15,000 facts or so.
    let most = if on == On::Embedded { 30_000 } else { 50_000 };
    let mut wrongs = kill_by_turns(&kafka, size(6_000, most), size(6, 50), &[]).await;
    if on == On::Embedded {
        // Its transactions are none: what a dead publisher had sent may come after the next one has looked.
        wrongs.facts_twice = 0;
    }
    assert_eq!(wrongs, Wrongs::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_consumers_lose_and_double_nothing_on_the_embedded_broker() {
    none_is_lost_or_doubled(On::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn killed_consumers_lose_and_double_nothing() {
    none_is_lost_or_doubled(On::Apache).await;
}

/// The control: committed before the effect, a request is lost by a crash in between.
async fn some_are_lost(on: On) {
    let wrongs = kill_by_turns(&on.kafka().await, 6_000, 6, &["--break", "commit-after"]).await;
    assert!(wrongs.lost > 0, "{wrongs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_committed_first_loses_requests_on_the_embedded_broker() {
    some_are_lost(On::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn control_a_place_that_is_committed_first_loses_requests() {
    some_are_lost(On::Apache).await;
}

/// The control: without the events' names a repeat is tried again. It meets an order that
/// is there, or a version that is gone, and becomes a dead letter.
async fn some_come_twice(on: On) {
    let wrongs = kill_by_turns(&on.kafka().await, 6_000, 6, &["--break", "once"]).await;
    assert!(wrongs.dead_letters > 0, "{wrongs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_forgotten_double_requests_on_the_embedded_broker() {
    some_come_twice(On::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn control_names_that_are_forgotten_double_requests() {
    some_come_twice(On::Apache).await;
}
