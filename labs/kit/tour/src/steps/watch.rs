//! Step 4: three watchers, and an order that is placed over one transport.

use std::time::Instant;

use lab_console::Failure;
use lab_wiretap::{Bytes, Call, Message};
use tokio::time::timeout;

use super::{Recap, Seen, Step, reader, text};
use crate::lane::{Lane, Line, Transport, record, sent};
use crate::program::{PATIENCE, typed};
use crate::question::Question;
use crate::stage::{Stage, passed};
use crate::text::time;

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
    let id = text(&placed.lines, "id");
    let asked_at = |call: &Call| call.name.starts_with("POST ").then_some(call.sent.first).flatten();
    let asked = stage.tap(Transport::Rest).calls().iter().find_map(asked_at).unwrap_or_else(Instant::now);

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
        lanes.push(lane(transport, tap.bytes(), before, &begun, &seen, message, asked));
    }
    stage.watched = id;
    let lesson = "A watch over REST is an answer that doesn't end, over gRPC a stream; the server sends what changes \
                  to whoever is connected. Over Kafka it is a reader that goes on reading: its place is kept by the \
                  broker, so it may be away for a week and misses nothing.";
    let answer = told.saturating_sub(1);
    let lanes: [Lane; 3] = lanes.try_into().expect("one for each transport");
    let told = lanes.each_ref().map(|lane| format!("after {}", time(lane.time.unwrap_or_default())));
    let recap = Some(Recap { of: "a watcher is told", told });
    Ok(Seen { lanes, answer, lesson: lesson.to_owned(), recap })
}

fn lane(
    transport: Transport,
    now: Bytes,
    before: Bytes,
    begun: &Call,
    seen: &Call,
    message: &Message,
    asked: Instant,
) -> Lane {
    let mut lane = Lane {
        typed: typed(reader(transport), &["watch"]),
        sent: match transport {
            Transport::Kafka => vec![Line::Start("Fetch lab.orders.v1, again and again".to_owned())],
            _ => sent(begun),
        },
        received: Vec::new(),
        bytes: Some(Bytes { sent: 0, received: message.bytes }),
        all_bytes: Bytes { sent: now.sent - before.sent, received: now.received - before.received },
        time: Some(message.at.saturating_duration_since(asked)),
    };
    if transport == Transport::Kafka {
        lane.bytes = Some(Bytes { sent: seen.sent.bytes, received: seen.received.bytes });
        lane.received.extend(record(message));
    } else {
        lane.received.extend(message.text.lines().map(|line| Line::Body(line.to_owned())));
    }
    lane
}
