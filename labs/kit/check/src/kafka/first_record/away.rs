//! A broker of whom nothing is heard.

use std::sync::Arc;

use futures_util::try_join;

use super::PATIENCE;
use super::orders::orders;
use super::refused::all_are_named;
use crate::bench::Bench;
use crate::broker::{Asked, At, Fate, Producing, Relay};
use crate::http::Gate;
use crate::meanwhile::Meanwhile;
use crate::verdict::{Failed, Outcome};

pub(super) async fn nobody_is_there(bench: &mut Bench) -> Outcome {
    for (ids, run) in &runs_without_a_broker(bench).await?[..1] {
        all_are_named(run, ids)?;
    }
    Ok(())
}

pub(super) async fn silence_is_no_delivery(bench: &mut Bench) -> Outcome {
    for (ids, run) in &runs_without_a_broker(bench).await?[1..] {
        all_are_named(run, ids)?;
    }
    Ok(())
}

/// Runs in which no delivery can be known, with the ids: two checks judge them, because each
/// takes as long as the program waits. First where nobody listens; then brokers that are
/// silent, from the first question on or from the first record on.
type Runs = Arc<Vec<(Vec<String>, Producing)>>;

async fn runs_without_a_broker(bench: &Bench) -> Result<Runs, Failed> {
    let begun = bench.seen.get::<Meanwhile<Result<Runs, Failed>>>();
    begun.expect("an earlier check has begun them").outcome().await
}

pub(super) async fn without_a_broker(bench: Bench) -> Result<Runs, Failed> {
    let silent = |from: fn(Asked) -> bool| {
        // Nobody opens it.
        let gate = Gate::new();
        move |asked: Asked| if from(asked) { Fate::HoldAnswer(gate.clone()) } else { Fate::Pass }
    };
    let deaf: Relay = bench.kafka().relay(silent(|_| true)).await?;
    let late: Relay = bench.kafka().relay(silent(Asked::is_produce)).await?;
    // Who waits for one delivery after the other takes that long for each.
    let given = [4, 3, 4].map(|count| orders(&bench, count));
    let (nobody, deaf, late) = try_join!(
        bench.produce(At::Nobody, &given[0].1, PATIENCE),
        bench.produce(At::Relay(&deaf), &given[1].1, PATIENCE),
        bench.produce(At::Relay(&late), &given[2].1, PATIENCE),
    )?;
    Ok(Arc::new(given.into_iter().map(|(ids, _)| ids).zip([nobody, deaf, late]).collect()))
}
