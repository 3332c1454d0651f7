//! A broker with topics of its own, and the lab's programs on it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lab_broker::embedded::Embedded;
use rdkafka::ClientConfig;
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem};
use tempfile::TempDir;

use crate::support::{Output, PATIENCE, Process, folder, lab, until, within};

/// A broker, a prefix that nobody else uses, and a database.
pub(crate) struct Kafka {
    pub(crate) brokers: String,
    pub(crate) prefix: String,
    pub(crate) database: PathBuf,
    /// `None`: the broker is somebody else's.
    pub(crate) embedded: Option<Embedded>,
    folder: TempDir,
}

/// A record, as any client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Seen {
    /// The last header of this name, as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().rev().find(|(key, _)| key == name);
        header.and_then(|(_, value)| std::str::from_utf8(value.as_deref()?).ok())
    }

    pub(crate) fn key(&self) -> &str {
        std::str::from_utf8(self.key.as_deref().expect("a key")).expect("text")
    }
}

impl Kafka {
    /// On an embedded broker of its own.
    pub(crate) fn embedded() -> Self {
        let broker = Embedded::start().expect("the embedded broker starts");
        let mut kafka = Self::on(broker.address().to_string());
        for topic in [kafka.requests(), kafka.facts(), kafka.dead_letters()] {
            broker.create_topic(&topic, 3).expect("a new topic");
        }
        kafka.embedded = Some(broker);
        kafka
    }

    /// On a broker that is there.
    pub(crate) fn on(brokers: String) -> Self {
        let prefix = format!("test-{}", uuid::Uuid::new_v4());
        let folder = folder();
        let database = folder.path().join("orders.db");
        Self { brokers, prefix, database, embedded: None, folder }
    }

    pub(crate) fn requests(&self) -> String {
        format!("{}.order-requests.v1", self.prefix)
    }

    pub(crate) fn facts(&self) -> String {
        format!("{}.orders.v1", self.prefix)
    }

    pub(crate) fn dead_letters(&self) -> String {
        format!("{}.order-requests.dlq.v1", self.prefix)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts `kafka-producer ARGS…`.
    pub(crate) fn spawn_producer(&self, args: &[&str]) -> Process {
        self.spawn("kafka-producer", args)
    }

    /// Runs `kafka-producer ARGS…` to its end.
    pub(crate) async fn producer(&self, args: &[&str]) -> Output {
        self.spawn_producer(args).end().await
    }

    /// Starts `kafka-consumer ARGS…`.
    pub(crate) fn spawn_consumer(&self, args: &[&str]) -> Process {
        self.spawn("kafka-consumer", args)
    }

    /// Runs `kafka-consumer ARGS…` to its end.
    pub(crate) async fn consumer(&self, args: &[&str]) -> Output {
        self.spawn_consumer(args).end().await
    }

    fn spawn(&self, program: &str, args: &[&str]) -> Process {
        let options = ["--brokers", &self.brokers, "--topic-prefix", &self.prefix];
        Process::spawn(lab(self.folder.path(), program, &[&options, args].concat()))
    }

    /// Starts the consumer that takes requests, on this database, and waits until it has partitions.
    pub(crate) async fn apply(&self, args: &[&str]) -> Process {
        let database = self.database.to_str().expect("temporary names are UTF-8");
        let process = self.spawn_consumer(&[&["--json", "--database", database], args].concat());
        assigned(&process).await;
        process
    }

    /// Places an order; its id.
    pub(crate) async fn create(&self, created_by: &str, equipment: &[&str]) -> String {
        let mut args = vec!["create", "--json", "--created-by", created_by];
        args.extend(equipment.iter().flat_map(|item| ["--equipment", item]));
        let report = self.producer(&args).await.expect(0).json();
        report["id"].as_str().expect("an id").to_owned()
    }

    /// A producer of ours, for what the lab's own would never send.
    pub(crate) fn raw_producer(&self) -> FutureProducer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers).set("enable.idempotence", "true");
        config.create().expect("a producer")
    }

    /// Sends one record as it is.
    pub(crate) async fn send(
        &self,
        topic: &str,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) -> (i32, i64) {
        let all = OwnedHeaders::new_with_capacity(headers.len());
        let with = |all: OwnedHeaders, &(key, value): &(&str, Option<&[u8]>)| all.insert(Header { key, value });
        let record = FutureRecord {
            topic,
            partition: None,
            payload: value,
            key,
            timestamp: None,
            headers: Some(headers.iter().fold(all, with)),
        };
        let sent = within("a delivery", self.raw_producer().send(record, PATIENCE)).await.expect("it is delivered");
        (sent.partition, sent.offset)
    }

    /// Everything in a topic now, in the order of each partition.
    pub(crate) async fn read(&self, topic: &str) -> Vec<Seen> {
        let (brokers, topic) = (self.brokers.clone(), topic.to_owned());
        tokio::task::spawn_blocking(move || read(&brokers, &topic)).await.expect("it is read")
    }

    /// The facts, once there are so many.
    pub(crate) async fn facts_once(&self, count: usize) -> Vec<Seen> {
        let topic = self.facts();
        let there = || async { Some(self.read(&topic).await).filter(|facts| facts.len() >= count) };
        until("facts", there).await
    }

    /// Requests that its group has not committed; `None` while it can't be told.
    pub(crate) async fn lag(&self) -> Option<i64> {
        let places = self.places().await?;
        Some(places.iter().map(|place| place.end - place.committed).sum())
    }

    /// How far its group is with the requests, by partition; `None` while it can't be told.
    pub(crate) async fn places(&self) -> Option<Vec<Place>> {
        let (brokers, topic, group) = (self.brokers.clone(), self.requests(), format!("{}.apply", self.prefix));
        tokio::task::spawn_blocking(move || places(&brokers, &topic, &group)).await.expect("it is asked")
    }

    /// Waits until everything that was asked is committed.
    pub(crate) async fn idle(&self) {
        until("committed = end", || async { self.lag().await.filter(|&lag| lag == 0) }).await;
    }
}

/// How far a group is in a partition, and where that ends: both are the next record's offset.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) committed: i64,
    end: i64,
}

/// Waits until a consumer that logs at `info` has partitions.
pub(crate) async fn assigned(process: &Process) {
    until("partitions", || async { has_partitions(process).then_some(()) }).await;
}

/// Whether it has been given some. None is an assignment too, which a member gets that must wait.
pub(crate) fn has_partitions(process: &Process) -> bool {
    let stderr = process.stderr();
    let given = stderr.split("partitions are ours partitions=\"").skip(1);
    given.into_iter().any(|given| given.starts_with(|first: char| first.is_ascii_digit()))
}

fn reader(brokers: &str, group: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", group).set("enable.auto.commit", "false");
    config.set("enable.partition.eof", "true").set("isolation.level", "read_committed");
    config.create().expect("a consumer")
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> Vec<i32> {
    let metadata = consumer.fetch_metadata(None, PATIENCE).expect("metadata");
    let ours = metadata.topics().iter().filter(|known| known.name() == topic);
    ours.flat_map(|topic| topic.partitions()).map(|partition| partition.id()).collect()
}

fn read(brokers: &str, topic: &str) -> Vec<Seen> {
    let consumer = reader(brokers, "none");
    let partitions = partitions(&consumer, topic);
    let mut assignment = TopicPartitionList::new();
    for &partition in &partitions {
        assignment.add_partition_offset(topic, partition, Offset::Beginning).expect("a place");
    }
    consumer.assign(&assignment).expect("it can be read");
    let (begin, mut seen, mut ended) = (Instant::now(), Vec::new(), 0);
    while ended < partitions.len() {
        // A test that fails takes its broker along: this thread is waited for, and must end all the same.
        assert!(begin.elapsed() < PATIENCE, "{topic} is not read to its end");
        match consumer.poll(PATIENCE).expect("an answer") {
            Ok(record) => seen.push(Seen {
                partition: record.partition(),
                offset: record.offset(),
                key: record.key().map(<[u8]>::to_vec),
                value: record.payload().map(<[u8]>::to_vec),
                headers: record.headers().map(headers).unwrap_or_default(),
            }),
            Err(KafkaError::PartitionEOF(_)) => ended += 1,
            // A broker has gone. librdkafka asks another, or the same when it is back.
            Err(KafkaError::MessageConsumption(
                RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown,
            )) => {}
            Err(error) => panic!("{topic} can't be read: {error}"),
        }
    }
    seen.sort_by_key(|record| (record.partition, record.offset));
    seen
}

fn headers(headers: &impl Headers) -> Vec<(String, Option<Vec<u8>>)> {
    headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
}

fn places(brokers: &str, topic: &str, group: &str) -> Option<Vec<Place>> {
    let consumer = reader(brokers, group);
    let moment = Duration::from_secs(10);
    let mut asked = TopicPartitionList::new();
    for partition in partitions(&consumer, topic) {
        asked.add_partition(topic, partition);
    }
    let committed = consumer.committed_offsets(asked, moment).ok()?;
    let place = |element: &TopicPartitionListElem<'_>| {
        let (low, end) = consumer.fetch_watermarks(topic, element.partition(), moment).ok()?;
        // A group that has committed nothing starts at the front.
        let committed = element.offset().to_raw().filter(|&offset| offset >= 0).unwrap_or(low);
        Some(Place { committed, end })
    };
    committed.elements().iter().map(place).collect()
}
