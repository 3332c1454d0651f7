//! A topic that grows while it is read.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::places;
use crate::bench::Bench;
use crate::broker::{Asked, At, Consuming, FETCH, Fate, Record};
use crate::http::Gate;
use crate::kafka::topic::{TO_READ, Topic, filled, holding, new, opened};
use crate::verdict::{Failed, Outcome};

/// By so many requests of the checker's the last partition is longer than the others.
const LONGER: usize = 12;
/// What it takes for the first records, while others come.
const GROWTH: Duration = Duration::from_millis(1_500);
/// So many at once, each with a group of its own: whether a library that is closed hands out more before it
/// has stopped is a race between two of its threads, and on a busy machine the wrong one wins.
const TIMES: usize = 3;
/// Between two records that come while the program reads.
const MOMENT: Duration = Duration::from_millis(50);

pub(super) async fn is_where_it_was(bench: &Bench) -> Outcome {
    let topic = filled(bench, [1, 1, 1]).await?;
    // While it still reads here, it is given what is behind the end of the others.
    for _ in 0..LONGER {
        topic.send(bench, [0, 0, 1]).await?;
    }
    let before = bench.kafka().read(&topic.name).await?;
    let groups: Vec<String> = (0..TIMES).map(|_| bench.word()).collect();
    let runs = try_join_all(groups.iter().map(|group| while_it_grows(bench, &topic, group)));
    let firsts = tokio::select! {
        firsts = runs => firsts?,
        failed = topic.feed.send_on(|| (0..3).map(|partition| new(bench, partition)).collect(), MOMENT) => {
            return failed;
        }
    };
    for first in &firsts {
        first.expect_exit(0)?;
        let printed = first.printed()?;
        let has_them = before.iter().all(|record| printed.contains(record));
        first.expect(
            &format!("on stdout at least the {} records that were there at the start", before.len()),
            has_them,
        )?;
    }
    let rest = groups.iter().zip(&firsts).map(|(group, first)| gets_the_rest(bench, &topic, group, first));
    try_join_all(rest).await.map(|_| ())
}

/// By the time that it gets the first records, each partition has grown, and some by more than was there in
/// all three.
async fn while_it_grows(bench: &Bench, topic: &Topic, group: &str) -> Result<Consuming, Failed> {
    let gate = Gate::new();
    let relay = holding(bench, &gate, Asked::is_fetch, Fate::Hold).await?;
    let enough = opened(&gate, relay.wait_for(FETCH, 1), GROWTH, GROWTH + TO_READ);
    let run = bench.consume(At::Relay(&relay), &topic.name, group, enough).await?;
    Ok(run.noted("(its first run, while records come)"))
}

/// What it had in hand, and didn't print, is as good as lost when it has committed that.
async fn gets_the_rest(bench: &Bench, topic: &Topic, group: &str, first: &Consuming) -> Outcome {
    let printed = first.printed()?;
    let committed = bench.kafka().committed(group, &topic.name).await?;
    let note = format!("(its second run; {}; {})", printed_so_far(&printed), places(&committed));
    let second = topic.read_by(bench, group).await?.noted(&note);
    let rest: Vec<Record> = second.there.iter().filter(|record| !printed.contains(record)).cloned().collect();
    let what = format!("on stdout the {} records that the group {group} hasn't printed the first time", rest.len());
    second.expect_printed(&what, &rest)?;
    second.expect_exit(0)
}

/// How many a run has printed, and where it was in each partition then.
fn printed_so_far(printed: &[Record]) -> String {
    let last = |number: i32| printed.iter().rev().find(|record| record.partition == number);
    let place = |number: i32| match last(number) {
        Some(record) => format!("partition {number} @ {}", record.offset),
        None => format!("partition {number} nothing"),
    };
    format!("the first has printed {} records, the last ones: {}", printed.len(), [0, 1, 2].map(place).join(", "))
}
