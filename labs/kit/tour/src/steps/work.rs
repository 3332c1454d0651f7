//! Step 6: a worker over Kafka completes an order; who watches over REST and gRPC sees it.

use lab_console::Failure;
use lab_wiretap::{Bytes, Message};

use super::{Seen, Step, failed, reader, what_changed};
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
    if !ran.succeeded {
        return Err(failed(&ran));
    }
    let calls = tap.calls();
    let mut kafka = Lane::new(&ran.typed, tap, before);
    for call in calls.iter().filter(|call| call.name == "Produce") {
        kafka.sent.extend(call.sent.messages.iter().map(without_offset).flat_map(|message| brief(&message)));
        kafka.count(call);
    }
    let facts = calls.iter().filter(|call| call.name == "Fetch").flat_map(|call| &call.received.messages);
    let of_it = |message: &&Message| message.record.as_ref().is_some_and(|record| record.key.as_deref() == Some(&id));
    kafka.received.extend(facts.filter(of_it).flat_map(brief));

    let mut lanes = Vec::new();
    let mut completed = 0;
    for (transport, watcher, before) in watchers {
        let lane = watched(stage, transport, watcher, before).await?;
        completed += usize::from(
            lane.received.iter().any(|line| matches!(line, Line::Body(text) if text.contains("COMPLETED"))),
        );
        lanes.push(lane);
    }
    lanes.push(kafka);
    for _ in 0..2 {
        stage.consumer_says().await?;
    }
    let lesson = "The worker read that the order is QUEUED, asked for each change by a record, and read in the facts \
                  that it was granted. It is one order in one database: how a change comes in says nothing about how \
                  it goes out.";
    Ok(Seen {
        lanes: lanes.try_into().expect("one for each transport"),
        answer: usize::from(completed == 2),
        lesson: lesson.to_owned(),
        recap: Vec::new(),
    })
}

/// What a watcher was told until it ended.
async fn watched(stage: &Stage, transport: Transport, mut watcher: Program, before: Bytes) -> Result<Lane, Failure> {
    while watcher.next_line().await?.is_some() {}
    let tap = stage.tap(transport);
    let calls = tap.calls();
    let mut lane = Lane::new(&typed(reader(transport), &["watch"]), tap, before);
    lane.sent.push(Line::Note("nothing new: it watches".to_owned()));
    // The first message says where the watch began.
    for message in calls.iter().flat_map(|call| call.received.messages.iter().skip(1)) {
        let lines = message.text.lines().map(|line| Line::Body(line.to_owned()));
        lane.received.extend(lines.filter(what_changed));
        lane.bytes.get_or_insert_default().received += message.bytes;
    }
    watcher.stop().await?;
    Ok(lane)
}

/// A record without its headers, and of its value what changes.
fn brief(message: &Message) -> Vec<Line> {
    let is_shown = |line: &Line| matches!(line, Line::Start(_) | Line::Body(_)) && what_changed(line);
    record(message).into_iter().filter(is_shown).collect()
}
