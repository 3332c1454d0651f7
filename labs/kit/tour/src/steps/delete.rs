//! Step 5: the order is removed.

use lab_console::Failure;

use super::{Name, Seen, Step, change};
use crate::lane::{Line, Transport};
use crate::question::Question;
use crate::stage::Stage;

pub(super) const STEP: Step = Step {
    name: Name::Delete,
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
        lanes.push(change(stage, transport, &["delete", &id]).await?.lane);
    }
    let lanes: [_; 3] = lanes.try_into().expect("one for each transport");
    let added = lanes[2].received.contains(&Line::Body("null".to_owned()));
    let lesson = "Nobody edits a log. A record with the order's key and no value, a tombstone, marks it as removed. \
                  Where a topic is compacted, the broker later drops the key's old records, and the tombstone after \
                  them. (The practice broker doesn't compact.)";
    Ok(Seen { lanes, answer: usize::from(added), lesson: lesson.to_owned(), recap: Vec::new() })
}
