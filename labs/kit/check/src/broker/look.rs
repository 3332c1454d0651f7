//! What is in a topic, as any client sees it.

use std::fmt;
use std::time::Instant;

use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::{ANSWER, Broker, PARTITIONS, blocking, broken};
use crate::verdict::Failed;

/// Of a key or a value, so many characters are shown.
const SHOWN: usize = 600;

/// A record and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
}

impl Record {
    /// Its key, where it is text.
    pub(crate) fn key_text(&self) -> Option<&str> {
        std::str::from_utf8(self.key.as_deref()?).ok()
    }
}

/// As `kcat` shows it.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &Option<Vec<u8>>| match bytes {
            None => "(none)".to_owned(),
            Some(bytes) if bytes.is_empty() => "(empty)".to_owned(),
            Some(bytes) => shortened(&on_one_line(&String::from_utf8_lossy(bytes))),
        };
        write!(f, "partition {} @ {}  {}  {}", self.partition, self.offset, text(&self.key), text(&self.value))
    }
}

fn on_one_line(text: &str) -> String {
    text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}

/// Of what nobody reads whole on a screen, the begin and the end.
pub(super) fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= SHOWN {
        return text.to_owned();
    }
    let begin: String = text.chars().take(SHOWN / 4).collect();
    let end: String = text.chars().skip(count - SHOWN / 10).collect();
    format!("{begin}… ({count} characters) …{end}")
}

/// One a line.
pub(super) fn listed(records: &[Record]) -> String {
    records.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Broker {
    /// All that is in the topic now, in the order of each partition.
    pub(crate) async fn read(&self, topic: &str) -> Result<Vec<Record>, Failed> {
        let mut config = self.client();
        // It joins no group: it says itself what it reads. librdkafka wants a name all the same.
        config.set("group.id", "lab-check").set("enable.auto.commit", "false");
        config.set("enable.partition.eof", "true").set("fetch.wait.max.ms", "10");
        config.set("fetch.error.backoff.ms", "10");
        // Where a topic is new. To ask where it begins takes half a second.
        config.set("auto.offset.reset", "earliest");
        let topic = topic.to_owned();
        let read = blocking(move || read(&config.create()?, &topic)).await;
        read.map_err(|error| broken("looked into the topic", error))
    }
}

impl Broker {
    /// How far this group is in each partition: the offset of the next record that it wants; `None`
    /// where it has committed nothing.
    pub(crate) async fn committed(&self, group: &str, topic: &str) -> Result<Vec<Option<i64>>, Failed> {
        let mut config = self.client();
        // It joins nothing: whoever knows a group's name may ask.
        config.set("group.id", group).set("enable.auto.commit", "false");
        let topic = topic.to_owned();
        let asked = blocking(move || {
            let consumer: BaseConsumer = config.create()?;
            let mut all = TopicPartitionList::new();
            (0..PARTITIONS).for_each(|partition| {
                all.add_partition(&topic, partition);
            });
            consumer.committed_offsets(all, ANSWER)
        });
        let asked = asked.await.map_err(|error| broken("asked for the group's committed offsets", error))?;
        let elements = asked.elements();
        let of = |number| elements.iter().find(|element| element.partition() == number)?.offset().to_raw();
        // One below 0 says that there is none.
        Ok((0..PARTITIONS).map(|number| of(number).filter(|offset| *offset >= 0)).collect())
    }
}

fn read(consumer: &BaseConsumer, topic: &str) -> Result<Vec<Record>, KafkaError> {
    let mut all = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        all.add_partition_offset(topic, partition, Offset::Offset(0))?;
    }
    consumer.assign(&all)?;
    let (begin, mut records, mut ended) = (Instant::now(), Vec::new(), 0);
    while ended < PARTITIONS {
        if begin.elapsed() > 2 * ANSWER {
            return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut));
        }
        match consumer.poll(ANSWER) {
            Some(Ok(record)) => records.push(Record {
                partition: record.partition(),
                offset: record.offset(),
                key: record.key().map(<[u8]>::to_vec),
                value: record.payload().map(<[u8]>::to_vec),
            }),
            Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
            // librdkafka connects again by itself.
            Some(Err(KafkaError::MessageConsumption(
                RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown,
            ))) => {}
            Some(Err(error)) => return Err(error),
            None => return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut)),
        }
    }
    records.sort_by_key(|record| (record.partition, record.offset));
    Ok(records)
}
