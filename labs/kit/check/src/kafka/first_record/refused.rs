//! What isn't taken, and by whom.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::PATIENCE;
use super::orders::{is_order, orders};
use crate::bench::Bench;
use crate::broker::{Asked, At, Fate, INVALID_RECORD, Producing};
use crate::verdict::Outcome;

/// More than a client sends, or a broker takes, unless somebody has told both otherwise.
const TOO_LARGE: usize = 1_200_000;
/// Of so many orders the broker refuses those of the first request.
const SOME: usize = 12;

pub(super) async fn what_is_too_large_is_named(bench: &mut Bench) -> Outcome {
    // One is a format to those who print without care.
    let ids = [bench.id(), format!("100%d {}", bench.id()), bench.id()];
    let lines = ids.each_ref().map(|id| json!({ "id": id, "created_by": bench.word() }).to_string());
    let [first, small, last] = &lines;
    let given = [first.clone(), too_large(&ids[1]), last.clone()];
    let run = bench.produce(At::Broker, &given, PATIENCE).await?;
    // Whoever has raised every bound may have had it taken.
    let arrived = run.records.iter().any(|record| record.key_text() == Some(&ids[1]));
    if !arrived {
        run.expect_named(&ids[1])?;
        run.expect_exit(1)?;
    }
    for (id, line) in [(&ids[0], first), (&ids[2], last)] {
        let there = run.records.iter().any(|record| record.key_text() == Some(id) && is_order(record, line));
        run.expect(&format!("the order {id} in the topic, as it came"), there)?;
        run.expect(&format!("{id}, which has arrived, isn't named on stderr"), !run.names(id))?;
    }
    // An order of the same id that arrives is another one.
    let given = [too_large(&ids[1]), small.clone()];
    let run = bench.produce(At::Broker, &given, PATIENCE).await?;
    if run.records.len() < given.len() {
        run.expect_named(&ids[1])?;
        run.expect_exit(1)?;
    }
    Ok(())
}

fn too_large(id: &str) -> String {
    format!("{{\"note\":\"{}\",\"id\":\"{id}\"}}", "x".repeat(TOO_LARGE))
}

pub(super) async fn what_is_refused_is_named(bench: &mut Bench) -> Outcome {
    let refuse = |asked: Asked| if asked.is_produce() { Fate::Refuse(INVALID_RECORD) } else { Fate::Pass };
    let relay = bench.kafka().relay(refuse).await?;
    for count in [1, 3] {
        let (ids, lines) = orders(bench, count);
        let run = bench.produce(At::Relay(&relay), &lines, PATIENCE).await?;
        all_are_named(&run, &ids)?;
    }
    let (first, (ids, lines)) = (AtomicBool::new(true), orders(bench, SOME));
    let once = move |asked: Asked| match asked.is_produce() && first.swap(false, Ordering::SeqCst) {
        true => Fate::Refuse(INVALID_RECORD),
        false => Fate::Pass,
    };
    let relay = bench.kafka().relay(once).await?;
    let run = bench.produce(At::Relay(&relay), &lines, PATIENCE).await?;
    what_is_missing_is_named(&run, &ids)
}

/// Exit code 1, and on stderr the ids of which there is no record. A library that numbers its records
/// gives up all that is on its way when one of them is refused: it may name others, too.
fn what_is_missing_is_named(run: &Producing, ids: &[String]) -> Outcome {
    let is_there = |id: &&String| run.records.iter().any(|record| record.key_text() == Some(id));
    let missing: Vec<&String> = ids.iter().filter(|id| !is_there(id)).collect();
    // Whoever sends a record again that was refused may have had it taken.
    run.expect_exit(i32::from(!missing.is_empty()))?;
    missing.into_iter().try_for_each(|id| run.expect_named(id))
}

/// Exit code 1, and each id on stderr.
pub(super) fn all_are_named(run: &Producing, ids: &[String]) -> Outcome {
    run.expect_exit(1)?;
    ids.iter().try_for_each(|id| run.expect_named(id))
}
