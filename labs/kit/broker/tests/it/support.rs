//! Clients, and waiting with an end.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, ClientContext, Message, Offset, TopicPartitionList};

/// Nothing here takes this long, not even on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A name that no other test has.
pub(crate) fn unique(name: &str) -> String {
    format!("{name}-{}", uuid::Uuid::new_v4().simple())
}

/// Waits for what must come.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What became of the records that were sent.
#[derive(Default)]
pub(crate) struct Deliveries(Mutex<Vec<Result<(), KafkaError>>>);

impl Deliveries {
    pub(crate) fn all(&self) -> Vec<Result<(), KafkaError>> {
        self.0.lock().expect("nobody panics here").clone()
    }
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let result = result.as_ref().map(|_| ()).map_err(|(error, _)| error.clone());
        self.0.lock().expect("nobody panics here").push(result);
    }
}

/// Sends records of this size to a partition, each acknowledged; gives the first error.
pub(crate) fn produce(brokers: &str, topic: &str, partition: i32, count: usize, size: usize) -> Result<(), KafkaError> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("enable.idempotence", "true").set("linger.ms", "0");
    // For a topic that isn't there; librdkafka would go on asking for half a minute.
    config.set("topic.metadata.propagation.max.ms", "1000");
    let producer: ThreadedProducer<Deliveries> = config.create_with_context(Deliveries::default())?;
    let value = vec![b'x'; size];
    for _ in 0..count {
        let mut record = BaseRecord::<str, [u8]>::to(topic).partition(partition).payload(&value);
        while let Err((error, unsent)) = producer.send(record) {
            assert_eq!(error.rdkafka_error_code(), Some(rdkafka::types::RDKafkaErrorCode::QueueFull), "{error}");
            record = unsent;
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    producer.flush(PATIENCE)?;
    let results = producer.context().all();
    assert_eq!(results.len(), count, "a record without a report");
    results.into_iter().collect()
}

/// A consumer that commits when it is told to.
pub(crate) fn consumer(brokers: &str, group: &str, protocol: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("group.id", group)
        .set("group.protocol", protocol)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "10");
    if protocol == "classic" {
        config.set("session.timeout.ms", "2000").set("heartbeat.interval.ms", "200");
    }
    config.create().expect("a consumer")
}

/// Reads so many records, and gives how many came of each partition.
pub(crate) fn consume(consumer: &BaseConsumer, count: usize) -> HashMap<i32, usize> {
    let mut seen = HashMap::new();
    let start = Instant::now();
    while seen.values().sum::<usize>() < count {
        assert!(start.elapsed() < PATIENCE, "{seen:?} of {count} records came");
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            *seen.entry(message.partition()).or_default() += 1;
        }
    }
    seen
}

/// Reads a partition without a group, from its beginning.
pub(crate) fn read_all(brokers: &str, topic: &str, partition: i32, count: usize) {
    let consumer = consumer(brokers, &unique("reader"), "consumer");
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Beginning).expect("an offset");
    consumer.assign(&list).expect("assigned");
    consume(&consumer, count);
}

/// The committed offset of a group.
pub(crate) fn committed(consumer: &BaseConsumer, topic: &str, partition: i32) -> Offset {
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, partition);
    let committed = consumer.committed_offsets(list, PATIENCE).expect("an answer");
    committed.find_partition(topic, partition).expect("it was asked for").offset()
}
