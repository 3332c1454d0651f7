//! Step 6: a worker over Kafka completes an order; who watches over REST and gRPC sees it.

use lab_console::Failure;
use lab_wiretap::Message;

use super::{Name, Seen, Step, Watcher, start_watch, what_changed};
use crate::lane::{Lane, Line, Transport, record, without_offset};
use crate::question::Question;
use crate::stage::Stage;

pub(super) const STEP: Step = Step {
    name: Name::Work,
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
    let watchers =
        [start_watch(stage, Transport::Rest, CHANGES).await?, start_watch(stage, Transport::Grpc, CHANGES).await?];
    let kafka = complete(stage, &id).await?;
    let mut lanes = Vec::new();
    for watcher in watchers {
        lanes.push(what_it_was_told(stage, watcher).await?);
    }
    for _ in 0..2 {
        stage.consumer_says().await?;
    }
    let is_completed = |line: &Line| matches!(line, Line::Body(text) if text.contains("COMPLETED"));
    let completed = lanes.iter().all(|lane| lane.received.iter().any(is_completed));
    lanes.push(kafka);
    let lesson = "The worker read that the order is QUEUED, asked for each change by a record, and read in the facts \
                  that it was granted. It is one order in one database: how a change comes in says nothing about how \
                  it goes out.";
    let lanes = lanes.try_into().expect("one for each transport");
    Ok(Seen { lanes, answer: usize::from(completed), lesson: lesson.to_owned(), recap: Vec::new() })
}

/// Lets a worker complete the order; shows what it asked for, and what it read.
async fn complete(stage: &Stage, id: &str) -> Result<Lane, Failure> {
    let (tap, before) = (stage.tap(Transport::Kafka), stage.listen(Transport::Kafka));
    let ran = stage.run(Transport::Kafka, "kafka-consumer", &["process", "--count", "1"]).await?.done()?;
    let calls = tap.calls();
    let mut lane = Lane::new(&ran.typed, tap, before);
    for call in calls.iter().filter(|call| call.name == "Produce") {
        lane.sent.extend(call.sent.messages.iter().map(without_offset).flat_map(|message| brief(&message)));
        lane.count(call);
    }
    let facts = calls.iter().filter(|call| call.name == "Fetch").flat_map(|call| &call.received.messages);
    let of_it = |message: &&Message| message.record.as_ref().is_some_and(|record| record.key.as_deref() == Some(id));
    lane.received.extend(facts.filter(of_it).flat_map(brief));
    Ok(lane)
}

/// What a watcher was told until it ended.
async fn what_it_was_told(stage: &Stage, mut watcher: Watcher) -> Result<Lane, Failure> {
    while watcher.program.next_line().await?.is_some() {}
    let tap = stage.tap(watcher.transport);
    let calls = tap.calls();
    let watch = calls.iter().find(|call| call.name == watcher.begun.name).unwrap_or(&watcher.begun);
    let mut lane = watcher.lane(tap, watch);
    lane.sent.push(Line::Note("nothing new: it watches".to_owned()));
    // The first message says where the watch began.
    for message in watch.received.messages.iter().skip(1) {
        let lines = message.text.lines().map(|line| Line::Body(line.to_owned()));
        lane.received.extend(lines.filter(what_changed));
    }
    watcher.program.stop().await?;
    Ok(lane)
}

/// A record without its headers, and of its value what changes.
fn brief(message: &Message) -> Vec<Line> {
    let is_shown = |line: &Line| matches!(line, Line::Start(_) | Line::Body(_)) && what_changed(line);
    record(message).into_iter().filter(is_shown).collect()
}
