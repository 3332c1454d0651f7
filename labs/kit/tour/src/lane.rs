//! What is shown of one transport in a step: from what passed on the wire.

use std::time::Duration;

use lab_wiretap::{Bytes, Call, Message, Side, Tap};
use serde::Serialize;

/// The three ways to pass a message, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Transport {
    Rest,
    Grpc,
    Kafka,
}

impl Transport {
    pub(crate) const ALL: [Self; 3] = [Self::Rest, Self::Grpc, Self::Kafka];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rest => "REST",
            Self::Grpc => "gRPC",
            Self::Kafka => "Kafka",
        }
    }
}

/// A line of what passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Line {
    /// The request's or the answer's first line: what is asked, or how it went.
    Start(String),
    /// A header that means something here, or another detail.
    Detail(String),
    /// Any other header: there is room for it on a wide screen alone.
    Minor(String),
    /// Of the body, the message, the record's value.
    Body(String),
    /// The tour's own words.
    Note(String),
}

/// One transport's side of a step.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// What was typed.
    pub(crate) typed: String,
    pub(crate) sent: Vec<Line>,
    pub(crate) received: Vec<Line>,
    /// Of the calls that are shown; `None` when none passed.
    pub(crate) bytes: Option<Bytes>,
    /// All that passed meanwhile, connecting included; `None` when there was no relay.
    pub(crate) all_bytes: Option<Bytes>,
    /// How long it took, and until what.
    pub(crate) times: Vec<(Duration, Until)>,
}

/// What a time was measured to, from the first byte of the request on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Until {
    /// The order is in the database, as the client or everybody is told.
    Stored,
    /// The broker has the record.
    Accepted,
    /// The order is read.
    Read,
}

impl Lane {
    /// An empty lane of a command; `before` is what had passed when it began.
    pub(crate) fn new(typed: &str, tap: &Tap, before: Bytes) -> Self {
        let now = tap.bytes();
        let all_bytes = Bytes { sent: now.sent - before.sent, received: now.received - before.received };
        let (sent, received, times) = Default::default();
        Self { typed: typed.to_owned(), sent, received, bytes: None, all_bytes: Some(all_bytes), times }
    }

    /// Adds a call: both its sides, and its bytes.
    pub(crate) fn show(&mut self, call: &Call) {
        self.sent.extend(sent(call));
        self.received.extend(received(call));
        self.count(call);
    }

    /// Adds a call's bytes.
    pub(crate) fn count(&mut self, call: &Call) {
        let bytes = self.bytes.get_or_insert_default();
        bytes.sent += call.sent.bytes;
        bytes.received += call.received.bytes;
    }

    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.received.push(Line::Note(text.into()));
    }
}

/// What was sent: for Kafka each record, for the others the request.
pub(crate) fn sent(call: &Call) -> Vec<Line> {
    if call.sent.messages.iter().any(|message| message.record.is_some()) {
        return call.sent.messages.iter().flat_map(|message| record(&without_offset(message))).collect();
    }
    let mut lines = vec![Line::Start(call.name.clone())];
    lines.extend(headers(&call.sent.headers));
    lines.extend(body(&call.sent));
    lines
}

/// What came back.
pub(crate) fn received(call: &Call) -> Vec<Line> {
    let start = call.received.start.strip_prefix("HTTP/1.1 ").unwrap_or(&call.received.start);
    let mut lines = Vec::new();
    if !start.is_empty() {
        lines.push(Line::Start(start.to_owned()));
    }
    lines.extend(headers(&call.received.headers));
    match call.name.as_str() {
        // Its answer says where the record is.
        "Produce" => lines.extend(call.received.messages.iter().map(|message| Line::Start(message.text.clone()))),
        _ if call.received.messages.iter().any(|message| message.record.is_some()) => {
            lines.extend(call.received.messages.iter().flat_map(record));
        }
        _ => lines.extend(body(&call.received)),
    }
    lines
}

/// A record as its sender knew it: where it lies is for the broker to say.
pub(crate) fn without_offset(message: &Message) -> Message {
    let mut message = message.clone();
    message.record.iter_mut().for_each(|record| record.offset = None);
    message
}

fn body(side: &Side) -> impl Iterator<Item = Line> {
    side.messages.iter().flat_map(|message| message.text.lines()).map(|line| Line::Body(line.to_owned()))
}

/// A record: where it is, what it is about, what it says.
pub(crate) fn record(message: &Message) -> Vec<Line> {
    let Some(record) = &message.record else { return Vec::new() };
    let offset = record.offset.map(|offset| format!(", offset {offset}")).unwrap_or_default();
    let mut lines = vec![Line::Start(format!("{}, partition {}{offset}", record.topic, record.partition))];
    lines.extend(record.key.iter().map(|key| Line::Detail(format!("key: {key}"))));
    lines.extend(headers(&record.headers));
    match record.tombstone {
        true => lines.push(Line::Body("null".to_owned())),
        false => lines.extend(message.text.lines().map(|line| Line::Body(line.to_owned()))),
    }
    lines
}

/// Those that mean something first, then the others.
fn headers(all: &[(String, String)]) -> Vec<Line> {
    const MEAN_SOMETHING: [&str; 7] =
        ["location", "etag", "if-match", "retry-after", "grpc-timeout", "ce_type", "dlq_reason"];
    let is_one = |name: &str| MEAN_SOMETHING.contains(&name.to_ascii_lowercase().as_str());
    let (ours, others): (Vec<_>, Vec<_>) = all.iter().partition(|(name, _)| is_one(name));
    let text = |(name, value): &(String, String)| format!("{name}: {value}");
    let ours = ours.into_iter().map(|header| Line::Detail(text(header)));
    ours.chain(others.into_iter().map(|header| Line::Minor(text(header)))).collect()
}

/// From the first byte of the request to the last of the answer.
pub(crate) fn took(call: &Call) -> Duration {
    call.received.last.zip(call.sent.first).map(|(last, first)| last.duration_since(first)).unwrap_or_default()
}
