//! The runs that take long, beside the checks.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;

use super::replies::{Run, ok, order, whole_in_its_half};
use crate::bench::Bench;
use crate::beside::{UnderWay, under_way};
use crate::call::Call;
use crate::http::Reply;

/// From its first request: three seconds, as the sentence says, and what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(4);
/// From its start, where there is no request to count from.
const ALONE: Duration = Duration::from_secs(15);

/// What takes long and needs no processor meanwhile: it begins with the first check.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) nobody: UnderWay<Arc<[Call; 2]>>,
    pub(super) silent: UnderWay<Arc<Vec<Call>>>,
}

pub(super) fn waiting(bench: &mut Bench) -> Waiting {
    if let Some(waiting) = bench.seen.get::<Waiting>() {
        return waiting.clone();
    }
    let (alone, id, with_silence) = (bench.beside(), bench.id(), bench.beside());
    let nobody = under_way(async move {
        let (health, get) = (["health"], ["get", &*id]);
        let calls = tokio::try_join!(alone.call_nobody(&health, ALONE), alone.call_nobody(&get, ALONE))?;
        Ok(Arc::new(calls.into()))
    });
    let silent = under_way(async move {
        let bench = &with_silence;
        let stuck = ok(order(bench).to_string()).stuck();
        let both = |reply: Reply| [Run::get(bench, reply.clone()), Run::health(reply)];
        // Of one of them all that there is to read has come; the rest of what was announced hasn't.
        let last = Run::either(bench, whole_in_its_half(bench).stuck());
        let runs = [&both(Reply::Hang)[..], &both(stuck), &[last]].concat();
        try_join_all(runs.iter().map(|run| run.call_for(bench, PATIENCE))).await.map(Arc::new)
    });
    let waiting = Waiting { nobody, silent };
    bench.seen.insert(waiting.clone());
    waiting
}
