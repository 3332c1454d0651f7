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

    /// Hands a letter to librdkafka; whether it arrives, [`Self::delivered`] tells.
    pub(crate) fn send(&self, record: &BorrowedMessage<'_>, refused: &Refused) -> Sent {
        self.send_as(Form::Whole, record, refused)
    }

    /// Waits for the broker's word. A letter that is too large is sent again with less of
    /// the request in it: better than a partition that never goes on.
    pub(crate) async fn delivered(
        &self,
        mut sent: Sent,
        record: &BorrowedMessage<'_>,
        refused: &Refused,
    ) -> Result<(), String> {
        for smaller in [Some(Form::WithoutValue), Some(Form::OriginAlone), None] {
            let outcome = match sent {
                Ok(delivery) => delivery.await.map_err(|_| KafkaError::Canceled),
                Err(error) => Err(error),
            };
            let error = match outcome {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err((error, _))) | Err(error) => error,
            };
            let too_large = error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge);
            match smaller.filter(|_| too_large) {
                Some(form) => sent = self.send_as(form, record, refused),
                None => return Err(error.to_string()),
            }
        }
        Err("it is too large in any form".to_owned())
    }

    fn send_as(&self, form: Form, record: &BorrowedMessage<'_>, refused: &Refused) -> Sent {
        let (partition, offset) = (record.partition().to_string(), record.offset().to_string());
        let reason: String = refused.to_string().chars().take(LONGEST_REASON).collect();
        let size = record.payload_len();
        let (value, reason, headers) = match form {
            Form::Whole => (record.payload(), reason, headers_of(record)),
            Form::WithoutValue => {
                (None, format!("{reason} (its value of {size} bytes is too large for a letter)"), headers_of(record))
            }
            Form::OriginAlone => (None, format!("{reason} (it is too large for a letter)"), OwnedHeaders::new()),
        };
        let origin = [
            ("dlq_reason", reason.as_str()),
            ("dlq_topic", record.topic()),
            ("dlq_partition", &partition),
            ("dlq_offset", &offset),
        ];
        let with = |all: OwnedHeaders, (key, value)| all.insert(Header { key, value: Some(value) });
        let letter = FutureRecord {
            topic: &self.topic,
            partition: None,
            payload: value,
            key: record.key().filter(|_| form != Form::OriginAlone),
            // Its own time: the request's may be so far off that the broker refuses it.
            timestamp: None,
            headers: Some(origin.into_iter().fold(headers, with)),
        };
        self.producer.send_result(letter).map_err(|(error, _)| error)
    }
}

/// A letter under way, or why it is not.
pub(crate) type Sent = Result<DeliveryFuture, KafkaError>;

/// How much of the request is in its letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Whole,
    WithoutValue,
    OriginAlone,
}

/// The request's own headers. One that was a dead letter before comes with four of ours, which are no longer true.
fn headers_of(record: &BorrowedMessage<'_>) -> OwnedHeaders {
    let mut headers = record.headers().map_or_else(OwnedHeaders::new, |headers| headers.detach());
    for ours in [c"dlq_reason", c"dlq_topic", c"dlq_partition", c"dlq_offset"] {
        lab_native::remove_headers(&mut headers, ours);
    }
    headers
}
