//! The steps of the tour: what each does, asks and shows. A file a step.

mod away;
mod delete;
mod get;
mod place;
mod update;
mod watch;
mod work;

use std::time::{Duration, Instant};

use lab_console::Failure;
use lab_wiretap::{Bytes, Call, Message, Tap};
use serde::Serialize;

use crate::lane::{Lane, Line, Transport, Until, record, took};
use crate::program::{Program, Ran, typed};
use crate::question::Question;
use crate::stage::{FACTS, Stage, passed};

/// One word for each step, in the order in which they are taken.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Name {
    Place,
    Get,
    Update,
    Watch,
    Delete,
    Work,
    Away,
}

/// A step, before it is taken.
pub(crate) struct Step {
    pub(crate) name: Name,
    pub(crate) title: &'static str,
    /// What is about to happen.
    pub(crate) about: &'static str,
    pub(crate) question: Question,
}

/// What a step has shown.
pub(crate) struct Seen {
    pub(crate) lanes: [Lane; 3],
    /// Which option of the question was right.
    pub(crate) answer: usize,
    /// What it means, with what was measured.
    pub(crate) lesson: String,
    /// The same in a line or two, for the end.
    pub(crate) recap: Vec<Recap>,
}

/// A few words for each transport, of at most 20 columns.
#[derive(Clone)]
pub(crate) struct Recap {
    pub(crate) of: &'static str,
    pub(crate) told: [String; 3],
}

pub(crate) const ALL: [&Step; 7] =
    [&place::STEP, &get::STEP, &update::STEP, &watch::STEP, &delete::STEP, &work::STEP, &away::STEP];

/// Takes a step.
pub(crate) async fn take(step: &Step, stage: &mut Stage) -> Result<Seen, Failure> {
    match step.name {
        Name::Place => place::take(stage).await,
        Name::Get => get::take(stage).await,
        Name::Update => update::take(stage).await,
        Name::Watch => watch::take(stage).await,
        Name::Delete => delete::take(stage).await,
        Name::Work => work::take(stage).await,
        Name::Away => away::take(stage).await,
    }
}

/// The client of a transport that changes something.
fn writer(transport: Transport) -> &'static str {
    match transport {
        Transport::Rest => "rest-client",
        Transport::Grpc => "grpc-client",
        Transport::Kafka => "kafka-producer",
    }
}

/// The client of a transport that reads.
fn reader(transport: Transport) -> &'static str {
    match transport {
        Transport::Kafka => "kafka-consumer",
        other => writer(other),
    }
}

/// A verb that was run, and the one call that it made.
struct Shown {
    lane: Lane,
    ran: Ran,
    call: Call,
}

/// Runs a verb over a transport, and shows the call that it makes. It must succeed.
async fn run_and_show(
    stage: &Stage,
    transport: Transport,
    program: &'static str,
    args: &[&str],
) -> Result<Shown, Failure> {
    let Shown { lane, ran, call } = run_and_show_any(stage, transport, program, args).await?;
    Ok(Shown { lane, ran: ran.done()?, call })
}

/// The same, and it may be refused.
async fn run_and_show_any(
    stage: &Stage,
    transport: Transport,
    program: &'static str,
    args: &[&str],
) -> Result<Shown, Failure> {
    // Of what a client of Kafka does, the call that carries records.
    let is_it = |call: &Call| {
        let mut messages = call.sent.messages.iter().chain(&call.received.messages);
        call.ended && (transport != Transport::Kafka || messages.any(|message| message.record.is_some()))
    };
    let (tap, before) = (stage.tap(transport), stage.listen(transport));
    let mut ran = stage.run(transport, program, args).await?;
    // Who has its answer has made its call. Who has failed may have made none.
    let call = match tap.calls().into_iter().find(&is_it) {
        Some(call) => call,
        None => {
            ran = ran.done()?;
            passed(tap, &format!("the end of the call of `{}`", ran.typed), is_it).await?
        }
    };
    let mut lane = Lane::new(&ran.typed, tap, before);
    lane.show(&call);
    Ok(Shown { lane, ran, call })
}

/// A client that watches, and what there was of its call when it began.
struct Watcher {
    transport: Transport,
    program: Program,
    before: Bytes,
    begun: Call,
}

/// Starts a watch for so many changes, and waits until it is told of all that come from now on.
async fn start_watch(stage: &Stage, transport: Transport, count: &str) -> Result<Watcher, Failure> {
    let (tap, before) = (stage.tap(transport), stage.listen(transport));
    let program = stage.start(transport, reader(transport), &["watch", "--count", count])?;
    // A server says so in its first message; Kafka's client commits where it begins.
    let has_begun = |call: &Call| match transport {
        Transport::Kafka => call.name == "OffsetCommit" && call.ended,
        _ => !call.received.messages.is_empty(),
    };
    let what = format!("the beginning of the watch over {}", transport.name());
    let begun = passed(tap, &what, has_begun).await?;
    Ok(Watcher { transport, program, before, begun })
}

impl Watcher {
    /// What it was typed as, and what passed since it began, framing included.
    fn lane(&self, tap: &Tap, now: &Call) -> Lane {
        let mut lane = Lane::new(&typed(reader(self.transport), &["watch"]), tap, self.before);
        let received = now.received.bytes.saturating_sub(self.begun.received.bytes);
        lane.bytes = Some(Bytes { sent: 0, received });
        lane
    }
}

/// A record that the consumer has published.
struct Published {
    /// From the first byte of the request until it was acknowledged.
    later: Duration,
    lines: Vec<Line>,
}

/// Waits for a record with this key to pass to the topic of facts, or of dead letters.
async fn published(
    stage: &Stage,
    key: &str,
    topic: &'static str,
    since: Option<Instant>,
) -> Result<Published, Failure> {
    let is_it = |message: &&Message| {
        let record = message.record.as_ref();
        record.is_some_and(|record| record.topic == topic && record.key.as_deref() == Some(key))
    };
    let fits = |call: &Call| call.name == "Produce" && call.ended && call.sent.messages.iter().any(|m| is_it(&m));
    let call = passed(stage.work(), &format!("a record of {key} on {topic}"), fits).await?;
    let message = call.sent.messages.iter().find(is_it).expect("it fits");
    let at = call.received.last.unwrap_or(message.at);
    let later = at.saturating_duration_since(since.unwrap_or(at));
    // Its key is known, and its headers say nothing new.
    let is_new = |line: &Line| match line {
        Line::Detail(text) => !text.starts_with("key:"),
        line => !matches!(line, Line::Minor(_)),
    };
    Ok(Published { later, lines: record(message).into_iter().filter(is_new).collect() })
}

/// A change over a transport: what was sent and came back; over Kafka also what the consumer made of it.
async fn change(stage: &mut Stage, transport: Transport, args: &[&str]) -> Result<Shown, Failure> {
    stage.work().clear();
    let mut shown = run_and_show(stage, transport, writer(transport), args).await?;
    if transport != Transport::Kafka {
        shown.lane.times.push((took(&shown.call), Until::Stored));
        return Ok(shown);
    }
    shown.lane.times.push((took(&shown.call), Until::Accepted));
    let id = text(&shown.ran.lines, "id");
    let fact = published(stage, &id, FACTS, shown.call.sent.first).await?;
    stage.consumer_says().await?;
    shown.lane.times.push((fact.later, Until::Stored));
    shown.lane.note("later, by the consumer:");
    shown.lane.received.extend(fact.lines);
    Ok(shown)
}

/// Of an order's text the lines that a change may have changed; JSON is one line.
fn what_changed(line: &Line) -> bool {
    const SAME: [&str; 4] = ["id:", "created_by:", "created_at:", "etag:"];
    !matches!(line, Line::Body(text) if SAME.iter().any(|name| text.trim_start().starts_with(name)))
}

/// A text of a JSON line.
fn text(lines: &[serde_json::Value], name: &str) -> String {
    lines.first().and_then(|line| line[name].as_str()).unwrap_or_default().to_owned()
}
