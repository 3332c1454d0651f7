//! Step 1: the same order over each.

use lab_console::Failure;

use super::{Name, Recap, Seen, Step, change, text};
use crate::lane::Transport;
use crate::question::Question;
use crate::stage::Stage;
use crate::text::{bytes, time};

pub(super) const STEP: Step = Step {
    name: Name::Place,
    title: "Place an order",
    about: "USER14 wants a keyboard and a webcam.",
    question: Question { text: "Which client sends the most bytes for it?", options: &["REST", "gRPC", "Kafka"] },
};

pub(super) async fn take(stage: &mut Stage) -> Result<Seen, Failure> {
    let create = ["create", "--created-by", "USER14", "--equipment", "KEYBOARD", "--equipment", "WEBCAM"];
    let mut lanes = Vec::new();
    for transport in Transport::ALL {
        let shown = change(stage, transport, &create).await?;
        stage.orders[transport as usize] = text(&shown.ran.lines, "id");
        lanes.push(shown.lane);
    }
    let lanes: [_; 3] = lanes.try_into().expect("one for each transport");
    let sent = |at: &usize| lanes[*at].bytes.map_or(0, |bytes| bytes.sent);
    let answer = (0..3).max_by_key(sent).unwrap_or_default();
    let later = lanes[2].times.last().map(|(later, _)| time(*later)).unwrap_or_default();
    let lesson = format!(
        "REST and gRPC answered with the order: their clients waited until it was stored. Kafka's client was told that \
         its record is kept, and at which offset. A consumer had made the order of it {later} after the record was \
         sent, and would have done so if the client had gone away by then."
    );
    let costs =
        Recap { of: "bytes, one order", told: lanes.each_ref().map(|lane| bytes(lane.bytes.unwrap_or_default())) };
    let told = ["the order", "the order", "that it is kept"].map(str::to_owned);
    Ok(Seen { lanes, answer, lesson, recap: vec![costs, Recap { of: "the client learns", told }] })
}
