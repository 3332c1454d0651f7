//! Step 1: the same order over each.

use std::time::Instant;

use lab_console::Failure;

use super::{FACTS, Recap, Seen, Step, run_and_show, text, wait_for_record, writer};
use crate::lane::Transport;
use crate::question::Question;
use crate::stage::Stage;

pub(super) const STEP: Step = Step {
    name: "place",
    title: "Place an order",
    about: "USER14 wants a keyboard and a webcam.",
    question: Question { text: "Which sends the most bytes for it?", options: &["REST", "gRPC", "Kafka"] },
};

pub(super) async fn take(stage: &mut Stage) -> Result<Seen, Failure> {
    let create = ["create", "--created-by", "USER14", "--equipment", "KEYBOARD", "--equipment", "WEBCAM"];
    let rest = run_and_show(stage, Transport::Rest, writer(Transport::Rest), &create).await?;
    let grpc = run_and_show(stage, Transport::Grpc, writer(Transport::Grpc), &create).await?;
    stage.work().clear();
    let (mut kafka, produced, call) = run_and_show(stage, Transport::Kafka, writer(Transport::Kafka), &create).await?;
    let id = text(&produced.lines, "id");
    let later = wait_for_record(stage, &mut kafka, &id, FACTS, call.received.last.unwrap_or_else(Instant::now)).await?;
    stage.consumer_says().await?;
    stage.orders = [text(&rest.1.lines, "id"), text(&grpc.1.lines, "id"), id];

    let lanes = [rest.0, grpc.0, kafka];
    let sent = |at: usize| lanes[at].bytes.map_or(0, |bytes| bytes.sent);
    let answer = (0..3).max_by_key(|&at| sent(at)).unwrap_or_default();
    let lesson = format!(
        "REST and gRPC answered with the order: their clients waited until it was stored. Kafka's client was told \
         where its record lies, and no more. A consumer made the order of it, {} later, and would have if the \
         client had been gone.",
        crate::text::time(later)
    );
    let told = ["the order", "the order", "where its record is"].map(str::to_owned);
    Ok(Seen { lanes, answer, lesson, recap: Some(Recap { of: "the client learns", told }) })
}
