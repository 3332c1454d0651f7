//! Step 5: the order is removed.

use std::time::Instant;

use lab_console::Failure;

use super::{FACTS, Seen, Step, run_and_show, wait_for_record, writer};
use crate::lane::{Line, Transport};
use crate::question::Question;
use crate::stage::Stage;

pub(super) const STEP: Step = Step {
    name: "delete",
    title: "Remove it",
    about: "Each client removes its order.",
    question: Question {
        text: "What does a removal do to Kafka's log?",
        options: &["it takes the records out", "it adds one"],
    },
};

pub(super) async fn take(stage: &mut Stage) -> Result<Seen, Failure> {
    let mut lanes = Vec::new();
    for transport in Transport::ALL {
        let id = stage.orders[transport as usize].clone();
        stage.work().clear();
        let (mut lane, _, call) = run_and_show(stage, transport, writer(transport), &["delete", &id]).await?;
        if transport == Transport::Kafka {
            let since = call.received.last.unwrap_or_else(Instant::now);
            wait_for_record(stage, &mut lane, &id, FACTS, since).await?;
            stage.consumer_says().await?;
        }
        lanes.push(lane);
    }
    let lanes: [_; 3] = lanes.try_into().expect("one for each transport");
    let added = lanes[2].received.contains(&Line::Body("null".to_owned()));
    let lesson = "A log is only ever added to. The new record has the order's key and no value, a tombstone: readers \
                  drop the order when they see it, and the broker drops both in the end (compaction).";
    Ok(Seen { lanes, answer: usize::from(added), lesson: lesson.to_owned(), recap: None })
}
