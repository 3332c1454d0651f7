//! From a request to the report of its delivery.

use std::time::Duration;

use lab_console::{Failure, Output};
use lab_lifecycle::TraceId;
use lab_native::Persistence;
use lab_orders::OrderId;
use lab_proto::pb::order_request::Request as Wanted;
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, PurgeConfig, ThreadedProducer};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::broker::{self, log_native};
use crate::config::{BrokenProducer, Format, ProducerArgs, ProducerVerb};
use crate::wire::{Request, request_record};

/// Records that may wait for their reports. One more waits to be made: what reads
/// the input is slowed down to the broker's pace. So many bridge 10 s of silence at
/// 5,000 a second, and are as many as are given up when the broker never answers.
pub const MOST_IN_FLIGHT: usize = 50_000;
/// For the reports of records that were given up; they need no broker.
const AFTER_PURGE: Duration = Duration::from_secs(5);
/// How many undelivered records the last sentence names.
const MOST_NAMED: usize = 3;
const SOURCE: &str = "/lab/producer";

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is there, once.
    Delivered {
        /// Where in the topic.
        partition: i32,
        /// Where in the partition.
        offset: i64,
    },
    /// It never left this program.
    NotSent(String),
    /// It was sent, and no answer came.
    Unknown(String),
}

/// A record's report.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// The record's key.
    pub(crate) id: OrderId,
    /// What became of it.
    pub(crate) outcome: Outcome,
}

/// Passes the reports on; librdkafka calls it on the producer's own thread.
struct Reports(mpsc::UnboundedSender<Report>);

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_native(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka");
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<OrderId>;

    fn delivery(&self, result: &DeliveryResult<'_>, id: Box<OrderId>) {
        let outcome = match result {
            Ok(record) => Outcome::Delivered { partition: record.partition(), offset: record.offset() },
            // The error code alone doesn't tell: a record that timed out, or was purged in the
            // queue, may have been sent before. librdkafka remembers.
            Err((error, record)) => match lab_native::persistence(record) {
                Persistence::No => Outcome::NotSent(broker::words(error)),
                Persistence::Possibly | Persistence::Yes => Outcome::Unknown(broker::words(error)),
            },
        };
        // Nobody listens any more when the program ends.
        let _ = self.0.send(Report { id: *id, outcome });
    }
}

/// Requests on their way, and what became of those that went before.
pub(crate) struct Deliveries {
    producer: ThreadedProducer<Reports>,
    reports: mpsc::UnboundedReceiver<Report>,
    topic: String,
    format: Format,
    flush_timeout: Duration,
    broken: Option<BrokenProducer>,
    output: Output,
    /// A person who imports wants to know of what went wrong, and how many went well.
    brief: bool,
    /// Why nothing can be printed any more. What is under way is finished all the same.
    unprinted: Option<Failure>,
    /// Names this run among all; its events are numbered.
    run: Uuid,
    sent: u64,
    in_flight: usize,
    delivered: u64,
    refused: u64,
    undelivered: u64,
    named: Vec<String>,
}

impl Deliveries {
    /// A producer for this topic. It connects with the first record.
    pub(crate) fn new(args: &ProducerArgs, topic: String, output: Output) -> Result<Self, Failure> {
        let mut config = args.kafka.producer();
        if args.broken == Some(BrokenProducer::Idempotence) {
            config.set("enable.idempotence", "false");
        }
        let (sender, reports) = mpsc::unbounded_channel();
        Ok(Self {
            producer: broker::create(ThreadedProducer::from_config_and_context(&config, Reports(sender)))?,
            reports,
            topic,
            format: args.format,
            flush_timeout: args.flush_timeout,
            broken: args.broken,
            output,
            brief: matches!(args.verb, ProducerVerb::Import(_)) && !args.output.json,
            unprinted: None,
            run: Uuid::now_v7(),
            sent: 0,
            in_flight: 0,
            delivered: 0,
            refused: 0,
            undelivered: 0,
            named: Vec::new(),
        })
    }

    /// Hands a request to librdkafka. Its report comes later, unless it is refused at once.
    pub(crate) fn send(&mut self, order: OrderId, request: Wanted) {
        self.sent += 1;
        let event = &format!("{}-{}", self.run, self.sent);
        let record = request_record(Request { order, source: SOURCE, event, request }, self.format, TraceId::new());
        let value = record.value.as_deref().unwrap_or_default();
        let next = BaseRecord::with_opaque_to(&self.topic, Box::new(order)).key(&record.key).payload(value);
        self.in_flight += 1;
        if let Err((error, _)) = self.producer.send(next.headers(record.headers)) {
            self.settle(Report { id: order, outcome: Outcome::NotSent(broker::words(&error)) });
        }
    }

    /// Whether one more record may be sent now.
    pub(crate) fn have_room(&self) -> bool {
        self.in_flight < MOST_IN_FLIGHT
    }

    /// The next report; it waits for one.
    pub(crate) async fn next(&mut self) -> Option<Report> {
        self.reports.recv().await
    }

    /// Counts a report, and prints it.
    pub(crate) fn settle(&mut self, report: Report) {
        self.in_flight -= 1;
        let line = ReportLine::new(&report, &self.topic);
        let wrong = match &report.outcome {
            Outcome::Delivered { .. } => None,
            Outcome::NotSent(why) => Some(format!("{} (not sent: {why})", report.id)),
            Outcome::Unknown(why) => Some(format!("{} (unknown: {why})", report.id)),
        };
        if self.unprinted.is_none() && !(self.brief && wrong.is_none()) {
            self.unprinted = self.output.record(&line, &line.to_string()).err();
        }
        match wrong {
            None => self.delivered += 1,
            Some(wrong) => {
                self.undelivered += 1;
                if self.named.len() < MOST_NAMED {
                    self.named.push(wrong);
                }
            }
        }
    }

    /// Counts a line that is no request, and prints why.
    pub(crate) fn refuse(&mut self, line: u64, failure: &Failure) {
        self.refused += 1;
        if self.unprinted.is_none() {
            self.unprinted = self.output.import_refused(line, &failure.code, &failure.message).err();
        }
    }

    /// Waits for the reports of all that is under way, and gives up what has none by
    /// the deadline. A record that is not known to be delivered makes this a failure.
    pub(crate) async fn finish(mut self) -> Result<(), Failure> {
        if self.broken != Some(BrokenProducer::Flush) {
            self.collect(Instant::now() + self.flush_timeout).await;
            if self.in_flight > 0 {
                self.producer.purge(PurgeConfig::default().queue().inflight());
                self.collect(Instant::now() + AFTER_PURGE).await;
            }
        }
        if self.brief && self.unprinted.is_none() {
            let (delivered, undelivered, refused) = (self.delivered, self.undelivered, self.refused);
            let summary = format!("{delivered} delivered, {undelivered} not known to be, {refused} refused");
            self.unprinted = self.output.record(&(), &summary).err();
        }
        self.verdict()
    }

    async fn collect(&mut self, deadline: Instant) {
        while self.in_flight > 0 {
            match timeout_at(deadline, self.reports.recv()).await {
                Ok(Some(report)) => self.settle(report),
                Ok(None) | Err(_) => return,
            }
        }
    }

    fn verdict(mut self) -> Result<(), Failure> {
        let more = self.undelivered - self.named.len() as u64;
        if more > 0 {
            self.named.push(format!("and {more} more"));
        }
        if self.in_flight > 0 && self.broken != Some(BrokenProducer::Flush) {
            self.named.push(format!("and {} of which nothing was heard", self.in_flight));
        }
        if !self.named.is_empty() {
            return Err(Failure::unavailable(format!("not known to be delivered: {}", self.named.join(", "))));
        }
        match (self.refused, self.unprinted) {
            (0, None) => Ok(()),
            (0, Some(unprinted)) => Err(unprinted),
            (1, _) => Err(Failure::refused("invalid", "a line was refused; all others were sent")),
            (refused, _) => {
                Err(Failure::refused("invalid", format!("{refused} lines were refused; all others were sent")))
            }
        }
    }
}

/// `{"id","outcome","topic","partition","offset"}`
#[derive(Serialize)]
struct ReportLine<'a> {
    id: OrderId,
    outcome: &'static str,
    topic: &'a str,
    partition: Option<i32>,
    offset: Option<i64>,
}

impl<'a> ReportLine<'a> {
    fn new(report: &Report, topic: &'a str) -> Self {
        let (outcome, place) = match &report.outcome {
            Outcome::Delivered { partition, offset } => ("delivered", Some((*partition, *offset))),
            Outcome::NotSent(_) => ("not_sent", None),
            Outcome::Unknown(_) => ("unknown", None),
        };
        let (partition, offset) = place.unzip();
        Self { id: report.id, outcome, topic, partition, offset }
    }
}

impl std::fmt::Display for ReportLine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, outcome, topic, .. } = self;
        match (self.partition, self.offset) {
            (Some(partition), Some(offset)) => write!(f, "{outcome} {id} to {topic} [{partition}] @ {offset}"),
            _ => write!(f, "{} {id}", outcome.replace('_', " ")),
        }
    }
}
