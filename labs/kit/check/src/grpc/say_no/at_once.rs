//! Several calls at one moment.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::GET;
use crate::bench::Bench;
use crate::http::Gate;
use crate::rpc::{Answer, Code, Request, call, request};
use crate::verdict::{Failed, Outcome};

/// More than one at the same time, and no more than wait at a simple server's door.
pub(super) const AT_ONCE: usize = 6;
/// For calls that nobody may be reading yet.
const ARRIVE: Duration = Duration::from_millis(300);

/// Of all of them all but the last byte is there before any is whole. The answers are in their order.
pub(super) async fn at_one_moment(bench: &mut Bench, requests: Vec<Request>) -> Result<Vec<Answer>, Failed> {
    let server = bench.server().await?;
    let (address, gate, count) = (server.address, Gate::new(), requests.len());
    let calls = requests.into_iter().map(|request| call(address, request.held_at(&gate)));
    let look = async {
        gate.filled(count, ARRIVE).await;
        // Its answer means that a server that does several things at once has seen the others.
        let _ = call(address, request(GET, &json!({ "id": "nobody" }))).await;
        gate.open();
    };
    // One that takes call after call is right as well: for it the gate opens by itself.
    let (answers, (), ()) = tokio::join!(join_all(calls), look, gate.open_after(ARRIVE));
    let mut whole = Vec::new();
    for answer in answers {
        whole.push(server.explained(answer).await?);
    }
    Ok(whole)
}

/// What one of them alone may do.
pub(super) fn one_is(first: Code, others: Code, answers: &[Answer]) -> Outcome {
    let done = answers.iter().filter(|answer| answer.status.code == first).count();
    let what = format!(
        "of the same call {} times at the same moment one to be {first}, and the others {others} ({}): {done} are {first}",
        answers.len(),
        others.number()
    );
    for answer in answers {
        answer.expect(&what, [first, others].contains(&answer.status.code))?;
    }
    let second = answers.iter().filter(|answer| answer.status.code == first).nth(1);
    second.or(answers.last()).map_or(Ok(()), |answer| answer.expect(&what, done == 1))
}
