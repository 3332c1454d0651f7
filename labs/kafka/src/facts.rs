//! The topic of facts, for the one who writes it: in transactions, and as the
//! only one of its name.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaRespErr;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::broker::{OPTIONAL_ANSWER, Quiet};
use crate::config::KafkaArgs;
use crate::published::Published;
use crate::reader::replay;
use crate::wire::Record;

/// Facts in one transaction.
pub(crate) const MOST_IN_TRANSACTION: usize = 1_000;
/// Where the newest facts are looked for: so many offsets before the end of each
/// partition. Half of them may be marks of transactions.
const TAIL: i64 = 4_000;
/// For one try of the broker's; it is repeated.
const TRY: Duration = Duration::from_secs(10);
/// An answer that takes longer may never come: it is looked whether the topic is still there.
const LOOK: Duration = Duration::from_secs(2);

/// Why publishing has to begin anew, which is always safe.
pub(crate) type Interrupted = String;

pub(crate) fn text(error: impl std::fmt::Display) -> Interrupted {
    error.to_string()
}

/// What can be seen of the topic from outside.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Which topic it is that has the name (KIP-516). `None` while no broker has told.
    id: Option<u128>,
    /// The end of each partition.
    ends: BTreeMap<i32, i64>,
}

impl Seen {
    /// Takes the place of what was seen before; whether that was another topic. A topic
    /// only grows. But one that was made anew may have outgrown the old one already, by
    /// facts that were on their way: then its id alone tells.
    pub(crate) fn replace(&mut self, mut now: Self) -> bool {
        now.id = now.id.or(self.id);
        let has_another_id = self.id.is_some() && now.id != self.id;
        let is_shorter = self.ends.iter().any(|(partition, end)| now.ends.get(partition).is_none_or(|now| now < end));
        *self = now;
        has_another_id || is_shorter
    }
}

/// The topic, open for writing.
pub(crate) struct FactsTopic {
    producer: BaseProducer<Quiet>,
    kafka: KafkaArgs,
    name: String,
    epoch: u32,
    stop: CancellationToken,
}

impl FactsTopic {
    /// A producer of which there is only one: an older one with its name is fenced off,
    /// and what it has left open is ended by the broker.
    pub(crate) fn open(
        kafka: &KafkaArgs,
        name: &str,
        epoch: u32,
        stop: &CancellationToken,
    ) -> Result<Self, Interrupted> {
        let mut config = kafka.producer();
        config.set("transactional.id", format!("{name}.{epoch:08x}")).set("transaction.timeout.ms", "60000");
        // At most that of the transaction.
        config.set("message.timeout.ms", "60000");
        let producer = BaseProducer::from_config_and_context(&config, Quiet).map_err(text)?;
        let topic = Self { producer, kafka: kafka.clone(), name: name.to_owned(), epoch, stop: stop.clone() };
        topic.until_done(|| topic.producer.init_transactions(TRY))?;
        Ok(topic)
    }

    /// The database whose facts they are.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Sends facts in one transaction: readers see all of them or none.
    pub(crate) fn send(&self, facts: Vec<Record>) -> Result<(), Interrupted> {
        if facts.is_empty() {
            return Ok(());
        }
        let count = facts.len();
        self.producer.begin_transaction().map_err(text)?;
        for fact in facts {
            let record = BaseRecord {
                topic: &self.name,
                partition: None,
                payload: fact.value.as_ref(),
                key: Some(&fact.key),
                timestamp: None,
                headers: Some(fact.headers),
                delivery_opaque: (),
            };
            self.producer.send(record).map_err(|(error, _)| text(error))?;
        }
        // The answers are read here, as they come: a commit that has to wait for them looks
        // for them ten times a second. A topic that is removed now gives none: librdkafka waits
        // for it to come back, and would tell after `message.timeout.ms`.
        let mut looked = Instant::now();
        while self.producer.in_flight_count() > 0 {
            self.producer.poll(Duration::from_millis(1));
            if looked.elapsed() > LOOK {
                if self.is_gone() {
                    return Err("the topic was removed".to_owned());
                }
                looked = Instant::now();
            }
        }
        self.until_done(|| self.producer.commit_transaction(TRY))?;
        debug!(count, "facts published");
        Ok(())
    }

    /// What the newest facts say, as far as they are of this database.
    pub(crate) fn published(&self) -> Result<Published, Interrupted> {
        let mut published = Published::nothing(self.epoch);
        replay(&self.kafka, &self.name, |_, high| high - TAIL, |fact| published.note(fact)).map_err(text)?;
        Ok(published)
    }

    /// Every fact that is there.
    pub(crate) fn read(&self, each: impl FnMut(&BorrowedMessage<'_>)) -> Result<(), Interrupted> {
        replay(&self.kafka, &self.name, |low, _| low, each).map_err(text)
    }

    /// Looks at the topic.
    pub(crate) fn look(&self) -> Result<Seen, Interrupted> {
        let client = self.producer.client();
        let name = CString::new(&*self.name).map_err(text)?;
        let metadata = client.fetch_metadata(Some(&self.name), OPTIONAL_ANSWER).map_err(text)?;
        let id = lab_native::topic_id(client, metadata.orig_broker_id(), &name, OPTIONAL_ANSWER).map_err(text)?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        let end = |partition: i32| Ok((partition, client.fetch_watermarks(&self.name, partition, OPTIONAL_ANSWER)?.1));
        let ends: Result<_, KafkaError> = partitions.map(|partition| end(partition.id())).collect();
        Ok(Seen { id, ends: ends.map_err(text)? })
    }

    /// Whether the broker says that there is no such topic.
    fn is_gone(&self) -> bool {
        let unknown = Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        let metadata = self.producer.client().fetch_metadata(Some(&self.name), OPTIONAL_ANSWER);
        metadata.is_ok_and(|metadata| metadata.topics().iter().any(|topic| topic.error() == unknown))
    }

    /// Tries again for as long as librdkafka says that it may. Whatever else goes wrong,
    /// fencing included, is answered with a new producer and a look at the topic.
    fn until_done(&self, mut call: impl FnMut() -> Result<(), KafkaError>) -> Result<(), Interrupted> {
        loop {
            match call() {
                Ok(()) => return Ok(()),
                Err(error) if self.stop.is_cancelled() => return Err(error.to_string()),
                Err(KafkaError::Transaction(error)) if error.is_retriable() => debug!(%error, "once more"),
                Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)) => debug!("the broker takes long"),
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    fn seen(id: u128, ends: [i64; 2]) -> Seen {
        Seen { id: Some(id).filter(|&id| id > 0), ends: (0..).zip(ends).collect() }
    }

    #[test]
    fn a_topic_that_is_shorter_has_lost_facts_whether_it_has_an_id_or_not() {
        for id in [0, 7] {
            let mut topic = Seen::default();
            assert!(!topic.replace(seen(id, [3, 4])));
            assert!(!topic.replace(seen(id, [3, 9])));
            assert!(topic.replace(seen(id, [9, 8])));
            assert!(!topic.replace(seen(id, [9, 8])));
        }
    }

    #[test]
    fn a_topic_with_another_id_is_another_however_long() {
        let mut topic = Seen::default();
        assert!(!topic.replace(seen(7, [3, 4])));
        assert!(!topic.replace(seen(0, [3, 4])), "a broker that doesn't say is none that says another");
        assert!(topic.replace(seen(8, [30, 40])));
        assert!(!topic.replace(seen(8, [30, 40])));
    }
}
