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
use lab_wiretap::Call;

use crate::lane::{Lane, Line, Transport, record};
use crate::question::Question;
use crate::stage::{Stage, passed};

/// A step, before it is taken.
pub(crate) struct Step {
    /// One word, for programs.
    pub(crate) name: &'static str,
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
    /// The same in a line.
    pub(crate) recap: Option<Recap>,
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
        "place" => place::take(stage).await,
        "get" => get::take(stage).await,
        "update" => update::take(stage).await,
        "watch" => watch::take(stage).await,
        "delete" => delete::take(stage).await,
        "work" => work::take(stage).await,
        _ => away::take(stage).await,
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

/// Whether a call is the one that a verb makes: of what a client of Kafka does, that which carries records.
fn is_the_call(call: &Call) -> bool {
    let carries = call.sent.messages.iter().chain(&call.received.messages).any(|message| message.record.is_some());
    let is_kafka = call.name.chars().all(char::is_alphabetic);
    call.ended && (carries || !is_kafka)
}

/// Runs a verb over a transport, which makes one call, and shows that call.
async fn run_and_show(
    stage: &Stage,
    transport: Transport,
    program: &'static str,
    args: &[&str],
) -> Result<(Lane, crate::program::Ran, Call), Failure> {
    let tap = stage.tap(transport);
    let before = tap.bytes();
    tap.clear();
    let ran = stage.run(transport, program, args).await?;
    let call = passed(tap, &format!("the answer to `{}`", ran.typed), is_the_call).await?;
    let mut lane = Lane::of(&ran, tap, before);
    lane.show(&call);
    Ok((lane, ran, call))
}

/// Waits for a record with this key to pass to the topic of facts, or of dead letters, and shows it
/// with how long after `since` that was.
async fn wait_for_record(
    stage: &Stage,
    lane: &mut Lane,
    key: &str,
    topic: &'static str,
    since: Instant,
) -> Result<Duration, Failure> {
    let is_it = |message: &&lab_wiretap::Message| {
        let record = message.record.as_ref();
        record.is_some_and(|record| record.topic == topic && record.key.as_deref() == Some(key))
    };
    let fits = |call: &Call| call.name == "Produce" && call.ended && call.sent.messages.iter().any(|m| is_it(&m));
    let call = passed(stage.work(), &format!("a record of {key} on {topic}"), fits).await?;
    let message = call.sent.messages.iter().find(is_it).expect("it fits");
    let later = call.received.last.unwrap_or(message.at).saturating_duration_since(since);
    lane.received.push(Line::Note(format!("{} later, by the consumer:", crate::text::time(later))));
    // Its key is known, and its headers say nothing new.
    let is_new = |line: &Line| match line {
        Line::Detail(text) => !text.starts_with("key:"),
        line => !matches!(line, Line::Minor(_)),
    };
    lane.received.extend(record(message).into_iter().filter(is_new));
    Ok(later)
}

/// A text of a JSON line.
fn text(lines: &[serde_json::Value], name: &str) -> String {
    lines.first().and_then(|line| line[name].as_str()).unwrap_or_default().to_owned()
}

const FACTS: &str = "lab.orders.v1";
const DEAD_LETTERS: &str = "lab.order-requests.dlq.v1";
