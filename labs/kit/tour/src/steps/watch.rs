//! Step 4: three watchers, and an order that is placed over one transport.

use lab_console::Failure;
use lab_wiretap::{Bytes, Call, Message};

use super::{Name, Seen, Step, Watcher, start_watch, text};
use crate::lane::{Lane, Line, Transport, record, sent};
use crate::question::Question;
use crate::stage::{FACTS, Stage, passed};

pub(super) const STEP: Step = Step {
    name: Name::Watch,
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
        watchers.push(start_watch(stage, transport, "1").await?);
    }
    let create = ["create", "--created-by", "USER15", "--equipment", "MONITOR"];
    let placed = stage.run(Transport::Rest, "rest-client", &create).await?.done()?;
    let id = text(&placed.lines, "id");

    let (mut lanes, mut told) = (Vec::new(), 0);
    for mut watcher in watchers {
        lanes.push(what_it_was_told(stage, &watcher, &id).await?);
        told += usize::from(watcher.program.next_line().await?.is_some());
        watcher.program.stop().await?;
    }
    stage.watched = id;
    let lesson = "A watch over REST is an answer that doesn't end, over gRPC a stream; over Kafka it is a reader that \
                  goes on reading. All three can go on where they stopped. The difference is who keeps the position: \
                  the client itself over REST (Last-Event-ID) and gRPC (position); over Kafka the broker, as each \
                  group's committed offset.";
    let lanes = lanes.try_into().expect("one for each transport");
    Ok(Seen { lanes, answer: told.saturating_sub(1), lesson: lesson.to_owned(), recap: Vec::new() })
}

/// Waits until a watcher was told of this order. No time is shown: it says more about how soon the servers
/// look into the database, every 20 ms for changes by other programs, than about the transports.
async fn what_it_was_told(stage: &Stage, watcher: &Watcher, id: &str) -> Result<Lane, Failure> {
    let (tap, transport) = (stage.tap(watcher.transport), watcher.transport);
    let is_told = |message: &Message| match &message.record {
        Some(record) => record.key.as_deref() == Some(id),
        None => message.text.contains(id),
    };
    let is_watch = |call: &Call| call.name == watcher.begun.name || call.name == "Fetch";
    let fits = |call: &Call| is_watch(call) && call.received.messages.iter().any(is_told);
    let seen = passed(tap, &format!("the order {id} on the watch over {}", transport.name()), fits).await?;
    let message = seen.received.messages.iter().find(|message| is_told(message)).expect("it fits");
    let mut lane = watcher.lane(tap, &seen);
    if transport == Transport::Kafka {
        lane.sent.push(Line::Start(format!("Fetch {FACTS}, again and again")));
        lane.received.extend(record(message));
        lane.bytes = Some(Bytes { sent: seen.sent.bytes, received: seen.received.bytes });
    } else {
        lane.sent.extend(sent(&watcher.begun));
        lane.received.extend(message.text.lines().map(|line| Line::Body(line.to_owned())));
    }
    // Over REST the order was placed through the same relay: that was another client.
    for call in tap.calls().iter().filter(|call| call.name.starts_with("POST ")) {
        lane.all_bytes.iter_mut().for_each(|all| {
            all.sent -= call.sent.bytes;
            all.received -= call.received.bytes;
        });
    }
    Ok(lane)
}
