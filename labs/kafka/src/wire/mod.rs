//! What is particular to this wire: the names of topics, keys that are ids,
//! headers that say which event a record is, and the two ways to write a value.
//!
//! Headers are CloudEvents in Kafka's binary mode (Kafka protocol binding 1.0.2):
//! `ce_id` with `ce_source` names the event, `ce_type` says what it is.

mod fact;
mod request;

use std::ffi::CStr;

use jiff::Timestamp;
use lab_lifecycle::TraceId;
use lab_orders::Effect;
use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Header, OwnedHeaders};
use serde::Serialize;

pub(crate) use self::fact::{Fact, event_id, fact_record, read_fact};
pub(crate) use self::request::{Request, read_request, request_record};
use crate::config::Format;

/// The topics of one system, which share a prefix.
#[derive(Clone, Debug)]
pub struct Topics {
    /// What somebody wants: kept for 7 days.
    pub requests: String,
    /// What is: the last fact of each order is kept for ever (compacted).
    pub facts: String,
    /// Requests that could not be taken, with the reason.
    pub dead_letters: String,
}

impl Topics {
    /// `lab.orders.v1` and its siblings. The version is that of the values' schema.
    pub fn of(prefix: &str) -> Self {
        Self {
            requests: format!("{prefix}.order-requests.v1"),
            facts: format!("{prefix}.orders.v1"),
            dead_letters: format!("{prefix}.order-requests.dlq.v1"),
        }
    }
}

/// A record that is yet to be sent.
pub(crate) struct Record {
    pub(crate) key: String,
    /// `None` is a tombstone: compaction removes the key.
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: OwnedHeaders,
}

const PROTOBUF: &str = "application/protobuf";
const JSON: &str = "application/json";

fn content_type(format: Format) -> &'static str {
    match format {
        Format::Protobuf => PROTOBUF,
        Format::Json => JSON,
    }
}

/// Which event a record is.
struct Event<'a> {
    id: &'a str,
    source: &'a str,
    kind: &'a str,
    time: Timestamp,
    /// `None` for a record without a value.
    format: Option<Format>,
    trace: TraceId,
}

impl Event<'_> {
    fn headers(&self) -> OwnedHeaders {
        let time = format!("{:.3}", self.time);
        let trace = self.trace.traceparent();
        let headers = [
            ("ce_specversion", "1.0"),
            ("ce_id", self.id),
            ("ce_source", self.source),
            ("ce_type", self.kind),
            ("ce_time", &time),
            ("traceparent", &trace),
        ];
        let all = OwnedHeaders::new_with_capacity(headers.len() + 1);
        let all = headers.into_iter().fold(all, |all, (key, value)| all.insert(Header { key, value: Some(value) }));
        match self.format {
            Some(format) => all.insert(Header { key: "content-type", value: Some(content_type(format)) }),
            None => all,
        }
    }
}

/// A header as text; none counts as none, whatever its name's other uses. The last of its name holds.
fn text_header<'a>(message: &'a BorrowedMessage<'_>, name: &CStr) -> Result<Option<&'a str>, String> {
    let Some(value) = lab_native::last_header(message, name) else { return Ok(None) };
    let text = std::str::from_utf8(value);
    text.map(Some).map_err(|_| format!("the header {} is not UTF-8", name.to_string_lossy()))
}

/// The format that `content-type` names; its parameters, such as a charset, change nothing.
fn format_of(message: &BorrowedMessage<'_>) -> Result<Format, String> {
    let given = text_header(message, c"content-type")?.ok_or("there is no header content-type")?;
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(PROTOBUF) {
        Ok(Format::Protobuf)
    } else if essence.eq_ignore_ascii_case(JSON) {
        Ok(Format::Json)
    } else {
        Err(format!("the content type {given:?} is neither {PROTOBUF} nor {JSON}"))
    }
}

/// The trace that a record belongs to; a new one when it doesn't say.
pub(crate) fn trace_of(message: &BorrowedMessage<'_>) -> TraceId {
    lab_native::last_header(message, c"traceparent").and_then(TraceId::parse).unwrap_or_default()
}

/// The event's `ce_id`, if it has one that is text.
pub(crate) fn event_of<'a>(message: &'a BorrowedMessage<'_>) -> Option<&'a str> {
    text_header(message, c"ce_id").ok().flatten()
}

/// What became of a request: `{"id","type","outcome","topic","partition","offset"}`.
#[derive(Serialize)]
pub(crate) struct OutcomeLine<'a> {
    /// The key, if it is text at all.
    pub(crate) id: Option<&'a str>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<&'a str>,
    pub(crate) outcome: &'static str,
    topic: &'a str,
    partition: i32,
    offset: i64,
}

impl<'a> OutcomeLine<'a> {
    /// Without an effect it is a dead letter.
    pub(crate) fn new(record: &'a BorrowedMessage<'_>, effect: Option<Effect>) -> Self {
        Self {
            id: record.key().and_then(|key| std::str::from_utf8(key).ok()),
            kind: text_header(record, c"ce_type").ok().flatten(),
            outcome: match effect {
                Some(Effect::Applied) => "applied",
                Some(Effect::Repeated) => "repeated",
                None => "dead_lettered",
            },
            topic: record.topic(),
            partition: record.partition(),
            offset: record.offset(),
        }
    }
}
