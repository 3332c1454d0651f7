//! Step 2: one order is read.

use lab_console::Failure;
use lab_wiretap::Call;

use super::{Name, Seen, Shown, Step, reader, run_and_show};
use crate::lane::{Lane, Line, Transport, Until, received, took};
use crate::question::Question;
use crate::stage::{FACTS, Stage};

pub(super) const STEP: Step = Step {
    name: Name::Get,
    title: "Get it back",
    about: "Each client asks for the order that it has placed. Three orders are there.",
    question: Question {
        text: "To get one order, how many records does Kafka's client read?",
        options: &["one", "those of all orders"],
    },
};

pub(super) async fn take(stage: &mut Stage) -> Result<Seen, Failure> {
    let [of_rest, of_grpc, of_kafka] = stage.orders.clone();
    let rest = run_and_show(stage, Transport::Rest, reader(Transport::Rest), &["get", &of_rest]).await?;
    let grpc = run_and_show(stage, Transport::Grpc, reader(Transport::Grpc), &["get", &of_grpc]).await?;
    let (kafka, records) = read_the_log(stage, &of_kafka).await?;
    let lesson = format!(
        "A server looks an order up. Kafka can't look up by key: this client read the topic from its beginning, {records} \
         records, and kept the last one with its key. (Who knows how keys are spread needs that key's partition alone.) \
         A service that needs orders often reads once, keeps a table, and follows."
    );
    let timed = |Shown { mut lane, call, .. }: Shown| {
        lane.times.push((took(&call), Until::Read));
        lane
    };
    Ok(Seen { lanes: [timed(rest), timed(grpc), kafka], answer: usize::from(records > 1), lesson, recap: Vec::new() })
}

/// Each fetch that brought records is shown as what it brought.
async fn read_the_log(stage: &Stage, id: &str) -> Result<(Lane, usize), Failure> {
    let (tap, before) = (stage.tap(Transport::Kafka), stage.listen(Transport::Kafka));
    let ran = stage.run(Transport::Kafka, reader(Transport::Kafka), &["get", id]).await?.done()?;
    let calls = tap.calls();
    let is_read = |call: &&Call| call.name == "Fetch" && !call.received.messages.is_empty();
    let fetches: Vec<&Call> = calls.iter().filter(is_read).collect();
    let mut lane = Lane::new(&ran.typed, tap, before);
    let records = fetches.iter().map(|call| call.received.messages.len()).sum();
    lane.sent.push(Line::Start(format!("Fetch {FACTS}, from its beginning")));
    for call in &fetches {
        lane.count(call);
        lane.received.extend(received(call).into_iter().filter(|line| !matches!(line, Line::Body(_) | Line::Minor(_))));
    }
    let first = fetches.iter().filter_map(|call| call.sent.first).min();
    let last = fetches.iter().filter_map(|call| call.received.last).max();
    lane.times.extend(first.zip(last).map(|(first, last)| (last.saturating_duration_since(first), Until::Read)));
    Ok((lane, records))
}
