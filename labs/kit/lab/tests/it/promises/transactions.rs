//! Facts are published in transactions: what a crash cuts off, and what is taken back, nobody sees.

use std::collections::HashSet;

use nix::sys::signal::Signal;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::apache::On;
use super::ledger::{Wrongs, count};
use super::relay::{END_TXN, Relay};
use super::requests::{Feeder, consumers};
use crate::kafka::support::Kafka;
use crate::support::{PATIENCE, Process, until};

/// How far a reader of this isolation gets in the facts, over all partitions.
struct Ends(BaseConsumer, String);

impl Ends {
    fn of(kafka: &Kafka, isolation: &str) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &kafka.brokers).set("isolation.level", isolation);
        Self(config.create().expect("a client"), kafka.facts())
    }

    fn sum(&self) -> i64 {
        let end = |partition| self.0.fetch_watermarks(&self.1, partition, PATIENCE).expect("an answer").1;
        (0..3).map(end).sum()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn a_transaction_that_a_crash_cuts_off_is_ended_by_the_next_publisher() {
    let mut kafka = On::Apache.kafka().await;
    let broker = kafka.brokers.clone();
    let relay = Relay::before(&broker, kafka.facts(), &[END_TXN]).await;
    relay.close();
    kafka.brokers = relay.address().to_string();
    let consumer = consumers(&kafka, 1, &[]).await.remove(0);
    kafka.brokers = broker;
    let mut feeder = Feeder::new(&kafka);
    feeder.feed(1_000);
    // The broker has acknowledged the facts of its first transaction, and never hears that it is to end.
    relay.come(1).await;
    consumer.signal(Signal::SIGKILL);
    consumer.end().await;
    feeder.delivered().await;
    // The control: without a publisher a reader sees nothing of it, nor of what comes behind it.
    let (committed, all) = (Ends::of(&kafka, "read_committed"), Ends::of(&kafka, "read_uncommitted"));
    let open = all.sum();
    assert!(committed.sum() == 0 && open > 0, "{} of {open}", committed.sum());
    let _next = consumers(&kafka, 1, &[]).await;
    until("the end of the open transaction", || async { (committed.sum() == all.sum()).then_some(()) }).await;
    let wrongs = count(&kafka, &feeder.orders, 2).await;
    println!("{} requests, killed with {open} records in an open transaction: {wrongs:?}", feeder.requests());
    assert_eq!(wrongs, Wrongs::default());
}

/// A fact of an order that never was, in a transaction that is taken back.
fn abort_a_fact(kafka: &Kafka) -> String {
    let id = uuid::Uuid::now_v7().to_string();
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &kafka.brokers).set("transactional.id", format!("{}.test", kafka.prefix));
    let producer: BaseProducer = config.create().expect("a producer");
    producer.init_transactions(PATIENCE).expect("the broker has transactions");
    producer.begin_transaction().expect("the first");
    let value = format!(
        r#"{{"id":"{id}","created_by":"NOBODY","status":"QUEUED","equipment":["MOUSE"],"created_at":"2026-11-24T20:12:00.123Z","version":1}}"#
    );
    let headers = [("content-type", "application/json"), ("ce_type", "order.created")];
    let with = |all: OwnedHeaders, (key, value)| all.insert(Header { key, value: Some(value) });
    let headers = headers.into_iter().fold(OwnedHeaders::new(), with);
    producer
        .send(BaseRecord::to(&kafka.facts()).key(&id).payload(&value).headers(headers))
        .map_err(|(error, _)| error)
        .expect("room");
    producer.flush(PATIENCE).expect("it is in the topic");
    producer.abort_transaction(PATIENCE).expect("it is taken back");
    id
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn a_fact_that_was_taken_back_is_not_shown() {
    let kafka = On::Apache.kafka().await;
    let consumer = consumers(&kafka, 1, &[]).await.remove(0);
    let id = kafka.create("USER14", &["KEYBOARD"]).await;
    kafka.facts_once(1).await;
    let (committed, all) = (Ends::of(&kafka, "read_committed"), Ends::of(&kafka, "read_uncommitted"));
    // An end of a transaction is answered before its mark is in each partition (KIP-98, 5.2): wait for it.
    let ended = || async { (committed.sum() == all.sum()).then_some(()) };
    until("the mark of the first fact's transaction", ended).await;
    let before = all.sum();
    let aborted = abort_a_fact(&kafka);
    // The control: it is in the topic, with the mark that takes it back.
    let taken_back = || async { (all.sum() == before + 2).then_some(()) };
    until("the fact and the mark that takes it back", taken_back).await;
    let listed = kafka.consumer(&["list", "--json"]).await.expect(0).json_lines();
    let ids: HashSet<_> = listed.iter().map(|order| order["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, HashSet::from([id.as_str()]));
    kafka.consumer(&["get", &aborted]).await.expect(1);
    end(consumer).await;
}

async fn end(consumer: Process) {
    consumer.signal(Signal::SIGTERM);
    consumer.end().await.expect(0);
}
