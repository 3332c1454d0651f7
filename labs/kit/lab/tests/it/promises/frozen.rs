//! Questions, and stops, while the broker is frozen or the database locked.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::apache::{Frozen, On, start};
use super::ledger::{self, progress};
use super::requests::{Feeder, consumers};
use crate::kafka::support::Kafka;

/// What is promised.
const FROZEN: Duration = Duration::from_secs(15);
const LOCKED: Duration = Duration::from_secs(25);

/// Tells a consumer to end, and fails when it takes longer than it may.
async fn stops_within(limit: Duration, consumer: crate::support::Process) {
    consumer.signal(Signal::SIGTERM);
    let started = std::time::Instant::now();
    let ended = tokio::time::timeout(limit, consumer.end()).await;
    let output = ended.unwrap_or_else(|_| panic!("it is still there after {limit:?}"));
    println!("ended {:?} after SIGTERM", started.elapsed());
    output.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn a_frozen_broker_holds_nobody() {
    let apache = start(false, &[]).await;
    let kafka = Kafka::on(apache.bootstrap());
    // One with work in hand, and one that has nothing left to do.
    let busy = consumers(&kafka, 1, &[]).await.remove(0);
    let mut feeder = Feeder::new(&kafka);
    feeder.feed(2_000);
    progress(&kafka, 100).await;
    let frozen = Frozen::new(&apache, 0);

    let health = kafka.producer(&["health"]).await.expect(3);
    println!("health: {}", health.sentence());
    let create = kafka.producer(&["create", "--created-by", "USER14", "--equipment", "MOUSE"]).await.expect(1);
    println!("create: {}", create.sentence());
    stops_within(FROZEN, busy).await;

    drop(frozen);
    feeder.delivered().await;
    let idle = consumers(&kafka, 1, &[]).await.remove(0);
    kafka.idle().await;
    let frozen = Frozen::new(&apache, 0);
    stops_within(FROZEN, idle).await;
    drop(frozen);
}

async fn a_locked_database_holds_no_stop(on: On) {
    let kafka = on.kafka().await;
    let consumer = consumers(&kafka, 1, &[]).await.remove(0);
    let mut feeder = Feeder::new(&kafka);
    feeder.feed(500);
    progress(&kafka, 1).await;
    let lock = ledger::locked(&kafka);
    feeder.feed(500);
    feeder.delivered().await;
    stops_within(LOCKED, consumer).await;
    drop(lock);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_doesnt_keep_a_consumer_from_ending_on_the_embedded_broker() {
    a_locked_database_holds_no_stop(On::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn a_locked_database_doesnt_keep_a_consumer_from_ending() {
    a_locked_database_holds_no_stop(On::Apache).await;
}
