//! Requests of the tests' own: for each order a create, and an update of its version 1.

use std::path::PathBuf;

use futures_util::future::join_all;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord};
use tokio::process::Command;

use crate::kafka::support::{Kafka, assigned};
use crate::support::{Process, lab, within};

/// A producer that doesn't wait for the broker's word, until it is asked to.
pub(super) struct Feeder {
    producer: FutureProducer,
    topic: String,
    under_way: Vec<DeliveryFuture>,
    /// The orders that were asked for.
    pub(super) orders: Vec<String>,
}

impl Feeder {
    pub(super) fn new(kafka: &Kafka) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &kafka.brokers).set("enable.idempotence", "true");
        let producer = config.create().expect("a producer");
        Self { producer, topic: kafka.requests(), under_way: Vec::new(), orders: Vec::new() }
    }

    /// Two requests an order.
    pub(super) fn requests(&self) -> usize {
        self.orders.len() * 2
    }

    /// Asks for so many orders more.
    pub(super) fn feed(&mut self, orders: usize) {
        for _ in 0..orders {
            let id = uuid::Uuid::now_v7().to_string();
            let create = r#"{"create":{"created_by":"USER14","equipment":["KEYBOARD"]}}"#;
            self.send(&id, "order.create", create);
            let update = r#"{"update":{"equipment":["MOUSE"],"expected_version":1}}"#;
            self.send(&id, "order.update", update);
            self.orders.push(id);
        }
    }

    fn send(&mut self, id: &str, kind: &str, value: &str) {
        let event = uuid::Uuid::new_v4().to_string();
        let headers = OwnedHeaders::new();
        let header = |headers: OwnedHeaders, (key, value)| headers.insert(Header { key, value: Some(value) });
        let named =
            [("ce_id", &*event), ("ce_source", "/test"), ("ce_type", kind), ("content-type", "application/json")];
        let record =
            FutureRecord::to(&self.topic).key(id).payload(value).headers(named.into_iter().fold(headers, header));
        let sent = self.producer.send_result(record).map_err(|(error, _)| error);
        self.under_way.push(sent.expect("there is room: a test sends less than the queue takes"));
    }

    /// Waits until all that was asked for is in the topic.
    pub(super) async fn delivered(&mut self) {
        for reported in within("deliveries", join_all(self.under_way.drain(..))).await {
            reported.expect("the producer is there").expect("it is delivered");
        }
    }
}

/// `kafka-… ARGS…` on this broker, with a log of what happens to its group and of what goes wrong.
pub(super) fn command(kafka: &Kafka, program: &str, args: &[&str]) -> Command {
    let options = ["--brokers", &kafka.brokers, "--topic-prefix", &kafka.prefix];
    let mut command = lab(kafka.folder(), program, &[&options, args].concat());
    command.env("RUST_LOG", "warn,lab_kafka::member=info");
    command
}

/// Starts a consumer that takes requests, and doesn't wait until it has some.
/// Without `--json`: nobody reads what it would print of each request.
pub(super) fn start_consumer(kafka: &Kafka, args: &[&str]) -> Process {
    let database = kafka.database.to_str().expect("temporary names are UTF-8");
    Process::spawn(command(kafka, "kafka-consumer", &[&["--database", database], args].concat()))
}

/// So many consumers, of which each has a partition.
pub(super) async fn consumers(kafka: &Kafka, count: usize, args: &[&str]) -> Vec<Process> {
    let consumers: Vec<_> = (0..count).map(|_| start_consumer(kafka, args)).collect();
    for consumer in &consumers {
        assigned(consumer).await;
    }
    consumers
}

/// A file of creates for `import`, a line each.
pub(super) fn import_file(kafka: &Kafka, lines: usize) -> PathBuf {
    let path = kafka.folder().join("import.ndjson");
    std::fs::write(&path, LINE.repeat(lines)).expect("a file");
    path
}

/// One of them.
pub(super) const LINE: &str = "{\"created_by\":\"USER14\",\"equipment\":[\"KEYBOARD\"]}\n";
