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
    ///
    /// A letter is larger than its request, and its topic, or this producer, may take less.
    /// Better one that lacks a part than a partition that never goes on.
    pub(crate) fn send<'l, 'c>(
        &'l self,
        record: &'l BorrowedMessage<'c>,
        refused: &'l Refused,
    ) -> impl Future<Output = Result<(), String>> + use<'l, 'c> {
        let mut sent = self.try_send(record, refused, Form::Whole);
        async move {
            let mut smaller = [Form::WithoutValue, Form::Bare].into_iter();
            loop {
                let error = match sent {
                    Ok(sent) => match sent.await.map_err(|_| "the producer has ended".to_owned())? {
                        Ok(_) => return Ok(()),
                        Err((error, _)) => error,
                    },
                    Err(error) => error,
                };
                let too_large = error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge);
                let Some(form) = smaller.next().filter(|_| too_large) else { return Err(error.to_string()) };
                sent = self.try_send(record, refused, form);
            }
        }
    }

    fn try_send(
        &self,
        record: &BorrowedMessage<'_>,
        refused: &Refused,
        form: Form,
    ) -> Result<DeliveryFuture, KafkaError> {
        let mut reason: String = refused.to_string().chars().take(LONGEST_REASON).collect();
        let size = record.payload_len();
        match form {
            Form::Whole => {}
            Form::WithoutValue => reason += &format!(" (its value of {size} bytes is too large for a letter)"),
            Form::Bare => reason += " (it is too large for a letter, its key and headers as well)",
        }
        let (partition, offset) = (record.partition().to_string(), record.offset().to_string());
        let origin = [
            ("dlq_reason", reason.as_str()),
            ("dlq_topic", record.topic()),
            ("dlq_partition", &partition),
            ("dlq_offset", &offset),
        ];
        let original = record.headers().filter(|_| form != Form::Bare);
        let mut headers = original.map_or_else(OwnedHeaders::new, |headers| headers.detach());
        // One that was a dead letter before brings four of ours, which are no longer true.
        for ours in [c"dlq_reason", c"dlq_topic", c"dlq_partition", c"dlq_offset"] {
            lab_native::remove_headers(&mut headers, ours);
        }
        let with = |all: OwnedHeaders, (key, value)| all.insert(Header { key, value: Some(value) });
        let letter = FutureRecord {
            topic: &self.topic,
            partition: None,
            payload: record.payload().filter(|_| form == Form::Whole),
            key: record.key().filter(|_| form != Form::Bare),
            // Its own time: the request's may be so far off that the broker refuses it.
            timestamp: None,
            headers: Some(origin.into_iter().fold(headers, with)),
        };
        self.producer.send_result(letter).map_err(|(error, _)| error)
    }
}

/// How much of a request a letter has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Whole,
    WithoutValue,
    /// Only the reason and the place, where the request can be read for as long as its topic keeps it.
    Bare,
}
