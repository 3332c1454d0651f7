//! Step 7: those who receive are away.

use std::time::{Duration, Instant};

use lab_console::Failure;

use super::{Name, Recap, Seen, Step, published, run_and_show, text, writer};
use crate::lane::{Lane, Line, Transport, Until, took};
use crate::program::Ran;
use crate::question::Question;
use crate::stage::{FACTS, Stage};
use crate::text::time;

pub(super) const STEP: Step = Step {
    name: Name::Away,
    title: "The receivers are away",
    about: "The two servers and the consumer are stopped. Each client places an order.",
    question: Question { text: "Whose order counts?", options: &["nobody's", "Kafka's", "all three"] },
};

/// For how long nobody receives: time to see that nothing happens.
const AWAY: Duration = Duration::from_secs(1);

pub(super) async fn take(stage: &mut Stage) -> Result<Seen, Failure> {
    stage.stop_receivers().await?;
    let create = ["create", "--created-by", "USER16", "--equipment", "WEBCAM"];
    let rest = stage.run(Transport::Rest, writer(Transport::Rest), &create).await?;
    let grpc = stage.run(Transport::Grpc, writer(Transport::Grpc), &create).await?;
    let mut kafka = run_and_show(stage, Transport::Kafka, writer(Transport::Kafka), &create).await?;
    kafka.lane.times.push((took(&kafka.call), Until::Accepted));
    let id = text(&kafka.ran.lines, "id");
    tokio::time::sleep(AWAY).await;
    let back = Instant::now();
    stage.start_receivers().await?;
    let fact = published(stage, &id, FACTS, Some(back)).await?;
    kafka.lane.note(format!("{} after the receivers were started again, by the consumer:", time(fact.later)));
    kafka.lane.received.extend(fact.lines);
    let found = stage.run(Transport::Rest, "rest-client", &["get", &id]).await?;

    let answer = match (rest.succeeded || grpc.succeeded, found.succeeded) {
        (true, _) => 2,
        (false, true) => 1,
        (false, false) => 0,
    };
    let lesson = format!(
        "Over REST and gRPC client and server must be there at the same time; else the client tries again, or gives up. \
         Kafka's broker keeps the request until somebody takes it: here it was done {} after the receivers were started \
         (their start included). The one who must be there is the broker. Were it away, the producer would wait.",
        time(fact.later)
    );
    let who = ["the server", "the server", "the broker"].map(str::to_owned);
    let told = [why(&rest), why(&grpc), "kept, and done later".to_owned()];
    let recap = vec![Recap { of: "receiver away", told }, Recap { of: "who must be there", told: who }];
    Ok(Seen { lanes: [alone(&rest), alone(&grpc), kafka.lane], answer, lesson, recap })
}

/// Nobody listens, no relay either: what is shown is what the client said.
fn alone(ran: &Ran) -> Lane {
    let said = match &ran.error {
        Some(error) => vec![error.clone()],
        None => ran.lines.iter().map(ToString::to_string).collect(),
    };
    let mut received = vec![Line::Note("the client says:".to_owned())];
    received.extend(said.into_iter().map(Line::Body));
    let sent = vec![Line::Note("nobody is there to send to".to_owned())];
    Lane { typed: ran.typed.clone(), sent, received, bytes: None, all_bytes: None, times: Vec::new() }
}

/// The client's own word for it: `no server answers on … (connection refused): …`.
fn why(ran: &Ran) -> String {
    let why = ran.error.as_deref().and_then(|said| said.split(['(', ')', ',']).nth(1));
    let fallback = if ran.succeeded { "done" } else { "an error" };
    why.unwrap_or(fallback).to_owned()
}
