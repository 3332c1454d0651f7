//! The consumer's end: in order, whatever it is in the middle of.

use lab_kafka::broker;
use lab_kafka::config::KafkaArgs;
use lab_wiretap::{Tap, Wire};
use nix::sys::signal::Signal;
use rstest::rstest;
use rusqlite::Connection;

use super::groups::assert_each_once;
use super::programs::{says, stop};
use super::support::Kafka;
use crate::support::within;

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_consumer_ends_in_order(
    #[values(Signal::SIGINT, Signal::SIGTERM)] signal: Signal,
    #[values("consumer", "classic")] protocol: &str,
) {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&["--group-protocol", protocol]).await;
    consumer.signal(signal);
    let output = consumer.end().await.expect(0);
    assert_eq!(output.stdout, "");
    assert!(!output.stderr.contains("WARN") && !output.stderr.contains("ERROR"), "{}", output.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_under_load_ends_in_order_and_the_next_one_loses_nothing_and_doubles_nothing() {
    let kafka = Kafka::embedded();
    kafka.import(5_000).await;
    let mut taken = 0;
    for _ in 0..3 {
        let mut consumer = kafka.apply(&[]).await;
        // In the middle of its work, unless it is through already.
        if taken < 5_000 {
            consumer.line().await.expect("a request");
            taken += 1;
        }
        let output = stop(consumer).await;
        let lines = output.json_lines();
        assert!(lines.iter().all(|line| line["outcome"] != "dead_lettered"));
        taken += lines.iter().filter(|line| line["outcome"] == "applied").count();
    }
    let consumer = kafka.apply_quietly(&[]).await;
    kafka.idle().await;
    let facts = kafka.facts_once(5_000).await;
    assert_eq!(facts.len(), 5_000);
    assert_each_once(&facts);
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_whose_database_is_locked_ends_in_order_and_loses_nothing() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let id = kafka.create("FIRST", &["MOUSE"]).await;
    kafka.get_at(&id, 1).await;
    let blocker = Connection::open(&kafka.database).expect("a second connection");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    let waiting = kafka.import(10).await;
    says(&consumer, "held back").await;
    let output = stop(consumer).await;
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    assert_eq!(output.json_lines().len(), 1, "nothing was taken meanwhile");
    blocker.execute_batch("ROLLBACK").expect("the lock is given back");
    let next = kafka.apply(&[]).await;
    let facts = kafka.facts_once(11).await;
    assert_eq!((facts.len(), waiting.len()), (11, 10));
    kafka.idle().await;
    stop(next).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_wait_while_the_database_is_locked_and_are_applied_in_their_order_then() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let id = kafka.create("USER14", &["MOUSE"]).await;
    kafka.get_at(&id, 1).await;
    let blocker = Connection::open(&kafka.database).expect("a second connection");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    for (version, item) in [("1", "WEBCAM"), ("2", "MONITOR"), ("3", "KEYBOARD")] {
        kafka.producer(&["update", &id, "--equipment", item, "--version", version]).await.expect(0);
    }
    says(&consumer, "held back").await;
    assert_eq!(kafka.lag().await, Some(3), "nothing is committed before its effect");
    blocker.execute_batch("ROLLBACK").expect("the lock is given back");
    kafka.get_at(&id, 4).await;
    kafka.idle().await;
    assert_eq!(kafka.read(&kafka.dead_letters()).await, []);
    let output = stop(consumer).await;
    assert_eq!(output.json_lines().len(), 4, "each is told of once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_whose_broker_is_gone_ends_in_order() {
    let mut kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let id = kafka.create("USER14", &["MOUSE"]).await;
    kafka.get_at(&id, 1).await;
    let broker = kafka.embedded.take();
    tokio::task::spawn_blocking(move || drop(broker)).await.expect("it ends");
    let output = stop(consumer).await;
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_whose_broker_comes_back_goes_on() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let broker = kafka.embedded.as_ref().expect("ours");
    for round in 1..=3 {
        broker.set_up(false);
        broker.set_up(true);
        let id = kafka.create("USER14", &["MOUSE"]).await;
        kafka.get_at(&id, 1).await;
        broker.cut_connections();
        assert_eq!(kafka.facts_once(round).await.len(), round);
    }
    stop(consumer).await;
}

/// Ctrl-C is awaited beside it. All traffic passes through this runtime, which has one
/// thread: if that waited for an answer, none would ever come.
#[tokio::test]
async fn the_runtime_goes_on_while_topics_are_made() {
    let mut kafka = Kafka::embedded();
    kafka.prefix = format!("{}-new", kafka.prefix);
    let upstream = kafka.brokers.parse().expect("an address");
    let tap = Tap::start(Wire::Kafka, upstream).await.expect("a tap");
    let (brokers, topic_prefix) = (tap.address().to_string(), kafka.prefix.clone());
    let mut args = KafkaArgs { brokers, topic_prefix, largest_batch: None };
    within("topics", broker::make_topics(&mut args, &[&kafka.requests(), &kafka.facts()])).await.expect("made");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_ends_in_order_in_the_middle_of_a_rebalance(#[values("consumer", "classic")] protocol: &str) {
    let kafka = Kafka::embedded();
    let args = ["--group-protocol", protocol];
    let first = kafka.apply_quietly(&args).await;
    kafka.import(500).await;
    let second = kafka.start_quietly(&args);
    says(&second, "taking requests").await;
    let output = stop(first).await;
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    let third = kafka.start_quietly(&args);
    says(&third, "taking requests").await;
    stop(second).await;
    kafka.idle().await;
    let facts = kafka.facts_once(500).await;
    assert_eq!(facts.len(), 500);
    assert_each_once(&facts);
    stop(third).await;
}
