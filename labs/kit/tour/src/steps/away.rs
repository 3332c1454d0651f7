//! Step 7: those who receive are away.

use std::time::{Duration, Instant};

use lab_console::Failure;
use lab_wiretap::Bytes;

use super::{FACTS, Recap, Seen, Step, run_and_show, text, wait_for_record, writer};
use crate::lane::{Lane, Line, Transport};
use crate::program::Ran;
use crate::question::Question;
use crate::stage::Stage;

pub(super) const STEP: Step = Step {
    name: "away",
    title: "The receivers are away",
    about: "The two servers and the consumer are stopped. Each client places an order.",
    question: Question { text: "Whose order counts?", options: &["nobody's", "Kafka's", "all three"] },
};

/// For how long nobody receives: time to see that nothing happens.
const AWAY: Duration = Duration::from_secs(1);

pub(super) async fn take(stage: &mut Stage) -> Result<Seen, Failure> {
    stage.stop_receivers().await?;
    let create = ["create", "--created-by", "USER16", "--equipment", "WEBCAM"];
    let (mut lanes, mut whys) = (Vec::new(), Vec::new());
    for transport in [Transport::Rest, Transport::Grpc] {
        let ran = stage.run(transport, writer(transport), &create).await?;
        whys.push(why(&ran));
        lanes.push(refused(&ran));
    }
    let (mut kafka, ran, _) = run_and_show(stage, Transport::Kafka, writer(Transport::Kafka), &create).await?;
    let id = text(&ran.lines, "id");
    tokio::time::sleep(AWAY).await;
    let back = Instant::now();
    stage.start_receivers().await?;
    let later = wait_for_record(stage, &mut kafka, &id, FACTS, back).await?;
    kafka.received.iter_mut().for_each(|line| {
        if let Line::Note(text) = line {
            *text = text.replace(" later, by the consumer:", " after it was started again, by the consumer:");
        }
    });
    let found = stage.run(Transport::Rest, "rest-client", &["get", &id]).await?;
    let counted = lanes.iter().filter(|lane: &&Lane| lane.bytes.is_some()).count() + usize::from(found.succeeded);
    lanes.push(kafka);
    let lesson = format!(
        "Over REST and gRPC both must be there at the same time: the client has to try again, or give up. Kafka's \
         broker keeps the request until somebody is there. Here that took {}, and nobody had to ask twice.",
        crate::text::time(later)
    );
    let [rest, grpc] = whys.try_into().expect("one for each server");
    let told = [rest, grpc, format!("kept, done in {}", crate::text::time(later))];
    let recap = Some(Recap { of: "receiver away", told });
    Ok(Seen { lanes: lanes.try_into().expect("one for each transport"), answer: counted.min(2), lesson, recap })
}

/// Nothing passed. What is shown is what the client said.
fn refused(ran: &Ran) -> Lane {
    let said = ran.error.clone().unwrap_or_else(|| "nothing".to_owned());
    Lane {
        typed: ran.typed.clone(),
        sent: vec![Line::Note("nothing: there is nobody to connect to".to_owned())],
        received: vec![Line::Body(said)],
        bytes: None,
        all_bytes: Bytes::default(),
        time: None,
    }
}

/// The client's own word for it: `no server answers on … (connection refused): …`.
fn why(ran: &Ran) -> String {
    let why = ran.error.as_deref().and_then(|said| said.split(['(', ')', ',']).nth(1));
    why.unwrap_or("an error").to_owned()
}
