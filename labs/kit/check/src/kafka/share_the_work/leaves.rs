//! SIGTERM: one member goes, and another takes over.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::share::Share;
use crate::bench::Bench;
use crate::broker::{Asked, Fate, Member, New, Record};
use crate::kafka::topic::new;
use crate::meanwhile::Meanwhile;
use crate::verdict::{Failed, Outcome};

/// Ten seconds, as the sentence says, and what a busy machine adds.
const TO_END: Duration = Duration::from_secs(12);
/// For what was sent with the last breath to be read.
const BREATH: Duration = Duration::from_secs(1);
/// So many records in each partition, just before.
const BURST: usize = 10;

/// What came of it, step by step.
#[derive(Clone)]
pub(super) struct Left {
    ended: Outcome,
    left: Outcome,
    committed: Outcome,
}

pub(super) fn begin(bench: &mut Bench) {
    let left = bench.begin(|bench| async move { leaves(&bench).await });
    bench.seen.insert(left);
}

async fn left(bench: &mut Bench) -> Left {
    let left = bench.seen.get::<Meanwhile<Left>>().expect("it has begun").clone();
    left.outcome().await
}

pub(super) async fn sigterm_ends_it(bench: &mut Bench) -> Outcome {
    left(bench).await.ended
}

pub(super) async fn it_leaves(bench: &mut Bench) -> Outcome {
    left(bench).await.left
}

pub(super) async fn what_is_printed_is_committed(bench: &mut Bench) -> Outcome {
    left(bench).await.committed
}

async fn leaves(bench: &Bench) -> Left {
    match ended(bench).await {
        Ok((left, committed)) => Left { ended: Ok(()), left, committed },
        Err(failed) => Left { ended: Err(failed.clone()), left: Err(failed.clone()), committed: Err(failed) },
    }
}

async fn ended(bench: &Bench) -> Result<(Outcome, Outcome), Failed> {
    let said = watch::Sender::new(false);
    let (says, mut heard) = (said.clone(), said.subscribe());
    let plan = move |asked: Asked| {
        if asked.leaves {
            says.send_replace(true);
        }
        Fate::Pass
    };
    let (relay, mut group) = (bench.kafka().relay(plan).await?, Share::new(bench).await?);
    group.start(bench, Some(&relay))?;
    group.start(bench, None)?;
    group.settles(bench, 2, "each record printed by one of the two members, and both have some").await?;
    let news: Vec<New> =
        (0..3).flat_map(|partition| (0..BURST).map(move |_| partition)).map(|at| new(bench, at)).collect();
    group.topic.feed.send(&news).await?;
    group.print(&news, &format!("a line for each of {} records that have just come", news.len())).await?;
    // It has just printed some, and was hardly able to commit them by itself.
    let mut first = group.members.remove(0);
    let before = group.group.printed();
    first.terminate();
    first.ends(0, TO_END).await?;
    let heard = timeout(BREATH, heard.wait_for(|&heard| heard)).await.is_ok();
    let expected = "that the coordinator is told by the member who got SIGTERM that it leaves";
    let told = group.group.expect(expected, heard).await;
    let settled = group.settles(bench, 1, "each record printed by the member who is left").await.map(|_| ());
    let committed = match &settled {
        Ok(()) => prints_no_other(bench, &mut group, &before).await,
        failed => failed.clone(),
    };
    Ok((told.and(settled), committed))
}

/// Neither the other one nor who comes later prints what the first has printed.
async fn prints_no_other(bench: &Bench, group: &mut Share, before: &[Vec<Record>]) -> Outcome {
    let printed = group.group.printed();
    let new = &printed[1][before[1].len()..];
    no_repeat(group, &printed[0], new).await?;
    group.misses_nothing().await?;
    let mut second: Member = group.members.remove(0);
    second.stops(TO_END).await?;
    let printed = group.group.printed().concat();
    group.start(bench, None)?;
    group.settles(bench, 1, "each record printed by the member who was started again").await?;
    let last = group.group.printed().pop().unwrap_or_default();
    no_repeat(group, &printed, &last).await
}

async fn no_repeat(group: &Share, printed: &[Record], new: &[Record]) -> Outcome {
    let Some(again) = new.iter().find(|record| printed.contains(record)) else { return Ok(()) };
    let (partition, offset) = (again.partition, again.offset);
    let expected =
        format!("no line again that one has printed who then got SIGTERM, as that of partition {partition} @ {offset}");
    Err(group.group.wrong(&expected).await)
}
