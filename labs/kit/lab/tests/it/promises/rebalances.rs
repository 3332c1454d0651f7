//! Members come and go in order: 2, then 5, then 1, while there is work. The last that
//! go have some in hand, and can't do it: somebody else has the database locked.

use nix::sys::signal::Signal;

use super::apache::{On, size};
use super::ledger::{Wrongs, changes, count, progress, some};
use super::locks::{with_work_committed, with_work_in_hand};
use super::requests::{Feeder, consumers, start_consumer};
use crate::kafka::support::{Kafka, has_partitions};
use crate::support::until;

/// Requests between two events.
fn share() -> usize {
    size(1_000, 4_000)
}

/// Feeds, and waits until some of it is done, and not all.
async fn feed(kafka: &Kafka, feeder: &mut Feeder) {
    let before = changes(kafka);
    feeder.feed(share() / 2);
    progress(kafka, before + some(share() / 10)).await;
}

async fn two_five_one(kafka: &Kafka, protocol: &str, broken: &[&str]) -> Wrongs {
    let args = &[&["--group-protocol", protocol], broken].concat();
    let mut running = consumers(kafka, 2, args).await;
    let mut feeder = Feeder::new(kafka);
    for _ in 0..3 {
        feed(kafka, &mut feeder).await;
        running.push(start_consumer(kafka, args));
    }
    // Of five members two are idle. As soon as a new one has a partition, the group has moved.
    let moved = || async { running[2..].iter().any(has_partitions).then_some(()) };
    until("a partition that moves", moved).await;
    feed(kafka, &mut feeder).await;
    while running.len() > 1 {
        feed(kafka, &mut feeder).await;
        // Of three each has a partition.
        let lock = match running.len() {
            ..=3 if broken.is_empty() => Some(with_work_in_hand(kafka, &mut feeder).await),
            ..=3 => Some(with_work_committed(kafka, &mut feeder).await),
            _ => None,
        };
        let leaves = running.remove(0);
        leaves.signal(Signal::SIGTERM);
        leaves.end().await.expect(0);
        drop(lock);
    }
    feed(kafka, &mut feeder).await;
    feeder.delivered().await;
    let wrongs = count(kafka, &feeder.orders, 2).await;
    println!("{} requests, 2 → 5 → 1 members {args:?}: {wrongs:?}", feeder.requests());
    running.remove(0).signal(Signal::SIGTERM);
    wrongs
}

async fn nothing_is_lost_or_doubled(on: On, protocol: &str) {
    let wrongs = two_five_one(&on.kafka().await, protocol, &[]).await;
    assert_eq!(wrongs, Wrongs::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn rebalances_lose_and_double_nothing_on_the_embedded_broker() {
    nothing_is_lost_or_doubled(On::Embedded, "consumer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn classic_rebalances_lose_and_double_nothing_on_the_embedded_broker() {
    nothing_is_lost_or_doubled(On::Embedded, "classic").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn rebalances_lose_and_double_nothing() {
    nothing_is_lost_or_doubled(On::Apache, "consumer").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn classic_rebalances_lose_and_double_nothing() {
    nothing_is_lost_or_doubled(On::Apache, "classic").await;
}

/// The control: who commits before the effect has nothing to hand over when it goes.
async fn what_was_in_hand_is_lost(on: On, protocol: &str) {
    let wrongs = two_five_one(&on.kafka().await, protocol, &["--break", "commit-after"]).await;
    assert!(wrongs.lost > 0, "{wrongs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_commits_first_loses_what_it_has_in_hand_when_it_goes_on_the_embedded_broker() {
    what_was_in_hand_is_lost(On::Embedded, "consumer").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn control_a_member_that_commits_first_loses_what_it_has_in_hand_when_it_goes() {
    what_was_in_hand_is_lost(On::Apache, "consumer").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn control_a_classic_member_that_commits_first_loses_what_it_has_in_hand_when_it_goes() {
    what_was_in_hand_is_lost(On::Apache, "classic").await;
}
