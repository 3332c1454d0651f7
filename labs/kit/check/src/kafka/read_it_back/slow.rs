//! A broker that takes its time for records.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::reads_all;
use crate::bench::Bench;
use crate::broker::{Asked, At, FETCH, Fate, New};
use crate::http::Gate;
use crate::kafka::topic::{TO_READ, filled, holding, new, opened};
use crate::verdict::Outcome;

/// What it takes, as the sentence says.
const SLOW: Duration = Duration::from_secs(3);
/// A client asks for a mebibyte of a partition, unless it is told otherwise: two of these are more.
const LARGE: usize = 600_000;

pub(super) async fn is_not_at_its_end(bench: &Bench) -> Outcome {
    let (topic, group, gate) = (filled(bench, [3, 2, 4]).await?, bench.word(), Gate::new());
    let relay = holding(bench, &gate, Asked::is_fetch, Fate::HoldAnswer).await?;
    let enough = opened(&gate, relay.wait_for(FETCH, 1), SLOW, SLOW + TO_READ);
    reads_all(&bench.consume(At::Relay(&relay), &topic.name, &group, enough).await?)
}

/// More than it asks for at once is in the last partition; the first request is answered at once, and
/// it takes its time for the next.
pub(super) async fn pauses_in_between(bench: &Bench) -> Outcome {
    let (topic, group, gate) = (filled(bench, [2, 1, 1]).await?, bench.word(), Gate::new());
    for _ in 0..2 {
        let large = Some(bench.word().repeat(LARGE / 11));
        topic.feed.send(&[New { value: large, ..new(bench, 2) }]).await?;
    }
    let (held, asked_before) = (gate.clone(), AtomicBool::new(false));
    let plan = move |asked: Asked| match asked.is_fetch() && asked_before.swap(true, Ordering::SeqCst) {
        true => Fate::HoldAnswer(held.clone()),
        false => Fate::Pass,
    };
    let relay = bench.kafka().relay(plan).await?;
    let enough = opened(&gate, relay.wait_for(FETCH, 2), SLOW, SLOW + TO_READ);
    reads_all(&bench.consume(At::Relay(&relay), &topic.name, &group, enough).await?)
}
