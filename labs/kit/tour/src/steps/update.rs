//! Step 3: a change, and the same once more, though the order has moved on.

use std::time::Instant;

use lab_console::Failure;

use super::{DEAD_LETTERS, FACTS, Recap, Seen, Step, run_and_show, wait_for_record, writer};
use crate::lane::{Lane, Line, Transport};
use crate::question::Question;
use crate::stage::Stage;

pub(super) const STEP: Step = Step {
    name: "update",
    title: "Change it, twice",
    about: "Each client makes it a mouse, if it is still at version 1. Then it says so again.",
    question: Question {
        text: "Which clients are told that the second came too late?",
        options: &["all of them", "those of REST and gRPC", "none"],
    },
};

pub(super) async fn take(stage: &mut Stage) -> Result<Seen, Failure> {
    let mut lanes = Vec::new();
    let (mut told, mut too_late) = (0, Vec::new());
    for transport in Transport::ALL {
        let id = stage.orders[transport as usize].clone();
        let update = ["update", &id, "--equipment", "MOUSE", "--version", "1"];
        stage.work().clear();
        let (mut lane, _, call) = run_and_show(stage, transport, writer(transport), &update).await?;
        if transport == Transport::Kafka {
            let since = call.received.last.unwrap_or_else(Instant::now);
            wait_for_record(stage, &mut lane, &id, FACTS, since).await?;
            stage.consumer_says().await?;
        }
        // Once more.
        let (again, ran, call) = run_and_show(stage, transport, writer(transport), &update).await?;
        told += usize::from(!ran.succeeded);
        too_late.push(status(&again));
        lane.note("the same again:");
        lane.received.extend(short(again));
        if transport == Transport::Kafka {
            let since = call.received.last.unwrap_or_else(Instant::now);
            wait_for_record(stage, &mut lane, &id, DEAD_LETTERS, since).await?;
            too_late[Transport::Kafka as usize] = "a dead letter".to_owned();
            stage.consumer_says().await?;
        }
        lanes.push(lane);
    }
    let answer = [2, 1, 1, 0][told];
    let lesson = "A version makes a late change harmless everywhere. Over REST and gRPC the client is told at once. \
                  Over Kafka its request was accepted twice, and the second lies among the dead letters with its \
                  reason: somebody has to look there.";
    let lanes = lanes.try_into().expect("one for each transport");
    let recap = Some(Recap { of: "one too late", told: too_late.try_into().expect("one for each transport") });
    Ok(Seen { lanes, answer, lesson: lesson.to_owned(), recap })
}

/// The status that came back: `412`, `ABORTED`.
fn status(lane: &Lane) -> String {
    let start = lane.received.iter().find_map(|line| if let Line::Start(text) = line { Some(text) } else { None });
    start.and_then(|text| text.split([':', ' ']).next()).unwrap_or_default().to_owned()
}

/// What came back, without its headers.
fn short(lane: Lane) -> impl Iterator<Item = Line> {
    lane.received.into_iter().filter(|line| matches!(line, Line::Start(_) | Line::Body(_)))
}
