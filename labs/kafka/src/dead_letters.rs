//! Dead letters: requests that can never be taken, kept for a person to look at.
//!
//! A letter is the request as it came, key, value and headers, with four headers
//! more: why (`dlq_reason`) and from where (`dlq_topic`, `dlq_partition`,
//! `dlq_offset`). It is acknowledged by the broker before the request's place is
//! committed, so a crash may double a letter and never loses one.

use lab_console::Failure;
use rdkafka::Message;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, OwnedHeaders};
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord};
use rdkafka::util::DefaultRuntime;

use crate::broker::{self, Quiet};
use crate::config::KafkaArgs;
use crate::error::Refused;

/// A reason is a sentence, and a sentence about a hostile request may be long.
const LONGEST_REASON: usize = 1_000;

/// Where dead letters go.
pub(crate) struct DeadLetters {
    producer: FutureProducer<Quiet, DefaultRuntime>,
    topic: String,
}

impl DeadLetters {
    pub(crate) fn new(kafka: &KafkaArgs, topic: String) -> Result<Self, Failure> {
        let mut config = kafka.producer();
        // Soon enough to try again, and to stop in time.
        config.set("message.timeout.ms", "5000");
        let producer = broker::create(FutureProducer::from_config_and_context(&config, Quiet))?;
        Ok(Self { producer, topic })
    }

    /// Sends a letter; what it returns waits for the broker's word.
    pub(crate) fn send(
        &self,
        record: &BorrowedMessage<'_>,
        refused: &Refused,
    ) -> impl Future<Output = Result<(), String>> + use<> {
        let whole = self.try_send(record, record.payload(), &refused.to_string());
        let sent = match whole {
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge) => {
                // Its topic takes larger records than this producer. Better a letter without its
                // value than a partition that never goes on.
                let size = record.payload_len();
                self.try_send(record, None, &format!("{refused} (its value of {size} bytes is too large for a letter)"))
            }
            sent => sent,
        };
        async move {
            let reported = sent.map_err(|error| error.to_string())?.await;
            let delivered = reported.map_err(|_| "the producer has ended".to_owned())?;
            delivered.map(drop).map_err(|(error, _)| error.to_string())
        }
    }

    fn try_send(
        &self,
        record: &BorrowedMessage<'_>,
        value: Option<&[u8]>,
        reason: &str,
    ) -> Result<DeliveryFuture, KafkaError> {
        let (partition, offset) = (record.partition().to_string(), record.offset().to_string());
        let reason: String = reason.chars().take(LONGEST_REASON).collect();
        let origin = [
            ("dlq_reason", reason.as_str()),
            ("dlq_topic", record.topic()),
            ("dlq_partition", &partition),
            ("dlq_offset", &offset),
        ];
        let headers = record.headers().map_or_else(OwnedHeaders::new, |headers| headers.detach());
        let with = |all: OwnedHeaders, (key, value)| all.insert(Header { key, value: Some(value) });
        let letter = FutureRecord {
            topic: &self.topic,
            partition: None,
            payload: value,
            key: record.key(),
            // Its own time: the request's may be so far off that the broker refuses it.
            timestamp: None,
            headers: Some(origin.into_iter().fold(headers, with)),
        };
        self.producer.send_result(letter).map_err(|(error, _)| error)
    }
}
