//! Step 4: three watchers, and an order that is placed over one transport.

use lab_console::Failure;
use lab_wiretap::{Bytes, Call, Message, Tap};
use tokio::time::timeout;

use super::{Seen, Step, failed, reader, text};
use crate::lane::{Lane, Line, Transport, record, sent};
use crate::program::{PATIENCE, typed};
use crate::question::Question;
use crate::stage::{Stage, passed};

pub(super) const STEP: Step = Step {
    name: "watch",
    title: "Watch",
    about: "A watcher over each transport, and one order that is placed over REST.",
    question: Question {
        text: "Which watchers are told of it?",
        options: &["REST's", "those of REST and gRPC", "all three"],
    },
};

pub(super) async fn take(stage: &mut Stage) -> Result<Seen, Failure> {
    let mut watchers = Vec::new();
    for transport in Transport::ALL {
        let tap = stage.tap(transport);
        let before = tap.bytes();
        tap.clear();
        let watcher = stage.start(transport, reader(transport), &["watch", "--count", "1"])?;
        // From when on it is told of changes: a server says so, and of Kafka's client the place is kept.
        let begun = match transport {
            Transport::Kafka => {
                passed(tap, "the watch's place", |call| call.name == "OffsetCommit" && call.ended).await
            }
            _ => passed(tap, "the watch's first message", |call| !call.received.messages.is_empty()).await,
        };
        watchers.push((transport, watcher, before, begun?));
    }
    let create = ["create", "--created-by", "USER15", "--equipment", "MONITOR"];
    let placed = stage.run(Transport::Rest, "rest-client", &create).await?;
    if !placed.succeeded {
        return Err(failed(&placed));
    }
    let id = text(&placed.lines, "id");

    let (mut lanes, mut told) = (Vec::new(), 0);
    for (transport, mut watcher, before, begun) in watchers {
        let tap = stage.tap(transport);
        let is_told = |message: &Message| match &message.record {
            Some(record) => record.key.as_deref() == Some(&id),
            None => message.text.contains(&id),
        };
        let is_watch = |call: &Call| call.name == begun.name || call.name == "Fetch";
        let fits = |call: &Call| is_watch(call) && call.received.messages.iter().any(is_told);
        let seen = passed(tap, &format!("the order {id} on the watch"), fits).await?;
        let message = seen.received.messages.iter().find(|message| is_told(message)).expect("it fits");
        let line = timeout(PATIENCE, watcher.next_line()).await;
        told += usize::from(line.is_ok_and(|line| matches!(line, Ok(Some(_)))));
        watcher.stop().await?;
        lanes.push(lane(transport, tap, before, &begun, &seen, message));
    }
    stage.watched = id;
    let lesson = "A watch over REST is an answer that doesn't end, over gRPC a stream; over Kafka it is a reader that \
                  goes on reading. All three can go on where they stopped. The difference is who keeps the place: the \
                  client itself over REST (Last-Event-ID) and gRPC (position), the broker for each group over Kafka.";
    let lanes = lanes.try_into().expect("one for each transport");
    Ok(Seen { lanes, answer: told.saturating_sub(1), lesson: lesson.to_owned(), recap: Vec::new() })
}

/// What a watcher was told. No time: it says more about how soon the servers look into the database,
/// every 20 ms for changes by other programs, than about the transports.
fn lane(transport: Transport, tap: &Tap, before: Bytes, begun: &Call, seen: &Call, message: &Message) -> Lane {
    let mut lane = Lane::new(&typed(reader(transport), &["watch"]), tap, before);
    if transport == Transport::Kafka {
        lane.sent.push(Line::Start("Fetch lab.orders.v1, again and again".to_owned()));
        lane.received.extend(record(message));
        lane.count(seen);
    } else {
        lane.sent.extend(sent(begun));
        lane.received.extend(message.text.lines().map(|line| Line::Body(line.to_owned())));
        lane.bytes = Some(Bytes { sent: begun.sent.bytes, received: message.bytes });
    }
    lane
}
