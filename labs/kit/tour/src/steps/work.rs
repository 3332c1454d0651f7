//! Step 6: a worker over Kafka completes an order; who watches over REST and gRPC sees it.

use std::time::Instant;

use lab_console::Failure;
use lab_wiretap::{Bytes, Call, Message};

use super::{Seen, Step, reader};
use crate::lane::{Lane, Line, Transport, record, without_offset};
use crate::program::{Program, typed};
use crate::question::Question;
use crate::stage::{Stage, passed};

pub(super) const STEP: Step = Step {
    name: "work",
    title: "Do the work",
    about: "A Kafka worker takes the order that came over REST, and completes it.",
    question: Question {
        text: "Who sees it COMPLETED, with nothing new asked?",
        options: &["Kafka's readers alone", "watchers over all three"],
    },
};

/// Taken, and completed.
const CHANGES: &str = "2";

pub(super) async fn take(stage: &mut Stage) -> Result<Seen, Failure> {
    let id = stage.watched.clone();
    let mut watchers = Vec::new();
    for transport in [Transport::Rest, Transport::Grpc] {
        let tap = stage.tap(transport);
        let before = tap.bytes();
        tap.clear();
        let watcher = stage.start(transport, reader(transport), &["watch", "--count", CHANGES])?;
        passed(tap, "the watch's first message", |call| !call.received.messages.is_empty()).await?;
        watchers.push((transport, watcher, before));
    }
    let tap = stage.tap(Transport::Kafka);
    let before = tap.bytes();
    tap.clear();
    let ran = stage.run(Transport::Kafka, "kafka-consumer", &["process", "--count", "1"]).await?;
    let asked = |call: &&Call| call.name == "Produce";
    let calls = tap.calls();
    let requests: Vec<&Call> = calls.iter().filter(asked).collect();
    let began = requests.iter().filter_map(|call| call.sent.first).min().unwrap_or_else(Instant::now);
    let mut kafka = Lane::of(&ran, tap, before);
    for call in &requests {
        kafka.sent.extend(
            call.sent.messages.iter().map(without_offset).flat_map(|message| brief(&message).collect::<Vec<_>>()),
        );
        kafka.count(call);
    }
    let facts = calls.iter().filter(|call| call.name == "Fetch").flat_map(|call| &call.received.messages);
    let of_it = |message: &&Message| message.record.as_ref().is_some_and(|record| record.key.as_deref() == Some(&id));
    let facts: Vec<&Message> = facts.filter(of_it).collect();
    for fact in &facts {
        kafka.received.extend(brief(fact));
    }
    kafka.time = facts.last().map(|fact| fact.at.saturating_duration_since(began));

    let mut lanes = Vec::new();
    let mut completed = 0;
    for (transport, watcher, before) in watchers {
        let lane = watched(stage, transport, watcher, before, began).await?;
        completed += usize::from(
            lane.received.iter().any(|line| matches!(line, Line::Body(text) if text.contains("COMPLETED"))),
        );
        lanes.push(lane);
    }
    lanes.push(kafka);
    for _ in 0..2 {
        stage.consumer_says().await?;
    }
    let lesson = "The worker asked for each change by a record, and saw in the facts that it was granted. It is one \
                  order in one database: how a change came in says nothing about how it goes out.";
    Ok(Seen {
        lanes: lanes.try_into().expect("one for each transport"),
        answer: usize::from(completed == 2),
        lesson: lesson.to_owned(),
        recap: None,
    })
}

/// What a watcher was told until it ended.
async fn watched(
    stage: &Stage,
    transport: Transport,
    mut watcher: Program,
    before: Bytes,
    began: Instant,
) -> Result<Lane, Failure> {
    while watcher.next_line().await?.is_some() {}
    let tap = stage.tap(transport);
    let calls = tap.calls();
    let mut lane = Lane::typed(&typed(reader(transport), &["watch"]), tap, before);
    lane.sent.push(Line::Note("nothing new: it watches".to_owned()));
    // The first message says where the watch began.
    for message in calls.iter().flat_map(|call| call.received.messages.iter().skip(1)) {
        lane.received.extend(what_changed(&message.text));
        let bytes = lane.bytes.get_or_insert_default();
        bytes.received += message.bytes;
        lane.time = Some(message.at.saturating_duration_since(began));
    }
    watcher.stop().await?;
    Ok(lane)
}

/// A record without its headers, and of its value what changes.
fn brief(message: &Message) -> impl Iterator<Item = Line> {
    let start = record(message).into_iter().filter(|line| matches!(line, Line::Start(_)));
    start.chain(what_changed(&message.text))
}

/// Of an order's text the lines that another change has otherwise. JSON is one line.
fn what_changed(text: &str) -> impl Iterator<Item = Line> {
    const CHANGES: [&str; 6] = ["status:", "version:", "expected_version:", "kind:", "position:", "data:"];
    let lines = text.lines().filter(|line| CHANGES.iter().any(|name| line.trim_start().starts_with(name)));
    lines.map(|line| Line::Body(line.to_owned()))
}
