//! Step 3: a change, and the same once more, though the order has moved on.

use lab_console::Failure;

use super::{Name, Recap, Seen, Step, change, published, run_and_show_any, what_changed, writer};
use crate::lane::{Lane, Line, Transport};
use crate::question::Question;
use crate::stage::{DEAD_LETTERS, Stage};

pub(super) const STEP: Step = Step {
    name: Name::Update,
    title: "Change it, twice",
    about: "Each client makes it a mouse, if it is still at version 1. Then it asks for the same again.",
    question: Question {
        text: "Which clients are told that the second came too late?",
        options: &["all of them", "those of REST and gRPC", "none"],
    },
};

pub(super) async fn take(stage: &mut Stage) -> Result<Seen, Failure> {
    let (mut lanes, mut told, mut too_late) = (Vec::new(), 0, Vec::new());
    for transport in Transport::ALL {
        let id = stage.orders[transport as usize].clone();
        let update = ["update", &id, "--equipment", "MOUSE", "--version", "1"];
        let mut lane = change(stage, transport, &update).await?.lane;
        lane.received.retain(what_changed);
        let again = run_and_show_any(stage, transport, writer(transport), &update).await?;
        told += usize::from(!again.ran.succeeded);
        lane.note("the same again:");
        lane.received.extend(short(&again.lane));
        if transport == Transport::Kafka {
            let letter = published(stage, &id, DEAD_LETTERS, None).await?;
            stage.consumer_says().await?;
            lane.note("later, by the consumer:");
            lane.received.extend(letter.lines.into_iter().filter(|line| !matches!(line, Line::Body(_))));
            too_late.push("a dead letter".to_owned());
        } else {
            too_late.push(status(&again.lane));
        }
        lanes.push(lane);
    }
    let lesson = "HTTP and gRPC carry the refusal back to whoever asked. Kafka has no way back: both requests were \
                  accepted, and this lab's consumer put the second among the dead letters, with its reason. Somebody \
                  has to look there.";
    let recap = vec![Recap { of: "one too late", told: too_late.try_into().expect("one for each transport") }];
    let lanes = lanes.try_into().expect("one for each transport");
    let answer = match told {
        0 => 2,
        1 | 2 => 1,
        _ => 0,
    };
    Ok(Seen { lanes, answer, lesson: lesson.to_owned(), recap })
}

/// The status that came back: `412`, `ABORTED`.
fn status(lane: &Lane) -> String {
    let start = lane.received.iter().find_map(|line| if let Line::Start(text) = line { Some(text) } else { None });
    start.and_then(|text| text.split([':', ' ']).next()).unwrap_or_default().to_owned()
}

/// What came back, without its headers.
fn short(lane: &Lane) -> impl Iterator<Item = Line> {
    lane.received.iter().filter(|line| matches!(line, Line::Start(_) | Line::Body(_))).cloned()
}
