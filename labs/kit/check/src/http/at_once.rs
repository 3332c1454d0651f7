//! Requests whose ends come at one moment: what they share on a server shows.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};

use super::{Answer, Gate, Request, send};
use crate::verdict::{Advice, Failed};

/// No more than wait at a simple server's door.
pub(crate) const AT_ONCE: usize = 6;
/// For requests to be sent that nobody may be reading yet.
const ARRIVE: Duration = Duration::from_millis(300);
/// A quick server gets all of them by then, and in a slow one fewer meet as often.
const LONG_ENOUGH: Duration = Duration::from_secs(2);

/// So many at a time, of a number that a slow server needn't get to the end of.
pub(crate) fn bursts<T>(all: &[T]) -> impl Iterator<Item = &[T]> {
    let begin = Instant::now();
    all.chunks(AT_ONCE).take_while(move |_| begin.elapsed() < LONG_ENOUGH)
}

/// Sends each on a connection of its own, all but the end of its body; then the ends of all. The answers are
/// in the order of the requests.
pub(crate) async fn send_at_once(
    address: SocketAddr,
    requests: impl IntoIterator<Item = Request>,
) -> Vec<Result<Answer, Failed>> {
    let gate = Gate::new();
    let sent: Vec<_> = requests.into_iter().map(|request| send(address, request.held_at(&gate))).collect();
    let count = sent.len();
    let open = async {
        gate.filled(count, ARRIVE).await;
        gate.open();
    };
    let (answers, ()) = join(join_all(sent), open).await;
    answers.into_iter().map(|answer| answer.map_err(amid_others)).collect()
}

/// What is to be said of one that was sent so.
pub(crate) fn amid_others(failed: Failed) -> Failed {
    Failed { advice: failed.advice.or(Some(AMID_OTHERS)), ..failed }
}

const AMID_OTHERS: Advice = Advice {
    why: "It came at the same time as some others, and each had the end of its body last. What one request keeps \
          where all can reach it, the next one finds, or changes.",
    r#try: "Is it answered well when it comes alone, and its body in one part? Then look for what lives longer \
            than a request: a buffer, a list, an object outside of the function that answers. Make it anew in \
            each, or hold one lock until it isn't needed any more.",
};
