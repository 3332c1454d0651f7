//! Step 2: one order is read.

use lab_console::Failure;
use lab_wiretap::Call;

use super::{Recap, Seen, Step, reader, run_and_show};
use crate::lane::{Lane, Line, Transport, received};
use crate::question::Question;
use crate::stage::Stage;
use crate::text::bytes;

pub(super) const STEP: Step = Step {
    name: "get",
    title: "Get it back",
    about: "Each client asks for the order that it has placed. Three orders are there.",
    question: Question { text: "How many does Kafka send to whoever wants one?", options: &["one", "all of them"] },
};

pub(super) async fn take(stage: &mut Stage) -> Result<Seen, Failure> {
    let [of_rest, of_grpc, of_kafka] = stage.orders.clone();
    let (rest, ..) = run_and_show(stage, Transport::Rest, reader(Transport::Rest), &["get", &of_rest]).await?;
    let (grpc, ..) = run_and_show(stage, Transport::Grpc, reader(Transport::Grpc), &["get", &of_grpc]).await?;
    let (kafka, records) = read_the_log(stage, &of_kafka).await?;
    let lesson = format!(
        "A server looks an order up. A log has no question for that: the consumer read all {records} facts, and kept \
         the last one with its key. A service that needs orders often reads the log once, keeps a table, and follows."
    );
    let lanes = [rest, grpc, kafka];
    let told = lanes.each_ref().map(|lane| bytes(lane.bytes.unwrap_or_default()));
    let recap = Some(Recap { of: "bytes to read one", told });
    Ok(Seen { lanes, answer: usize::from(records > 1), lesson, recap })
}

/// Each fetch that brought records is shown as what it brought.
async fn read_the_log(stage: &Stage, id: &str) -> Result<(Lane, usize), Failure> {
    let tap = stage.tap(Transport::Kafka);
    let before = tap.bytes();
    tap.clear();
    let ran = stage.run(Transport::Kafka, reader(Transport::Kafka), &["get", id]).await?;
    let calls = tap.calls();
    let is_read = |call: &&Call| call.name == "Fetch" && !call.received.messages.is_empty();
    let fetches: Vec<&Call> = calls.iter().filter(is_read).collect();
    let mut lane = Lane::of(&ran, tap, before);
    let records = fetches.iter().map(|call| call.received.messages.len()).sum();
    lane.sent.push(Line::Start(format!("Fetch lab.orders.v1, from its beginning: {} calls", fetches.len())));
    for call in &fetches {
        lane.count(call);
        lane.received.extend(received(call).into_iter().filter(|line| !matches!(line, Line::Body(_))));
    }
    // The whole of it, from its first question to its last record.
    let first = calls.iter().filter_map(|call| call.sent.first).min();
    let last = fetches.iter().filter_map(|call| call.received.last).max();
    lane.time = first.zip(last).map(|(first, last)| last.saturating_duration_since(first));
    Ok((lane, records))
}
