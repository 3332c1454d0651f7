//! SIGTERM to one whose library has much in hand.

use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tokio::time::timeout;

use super::share::PATIENCE;
use crate::bench::Bench;
use crate::broker::{At, Group, Member, New, Record};
use crate::kafka::topic::{TO_END, Topic, filled, new};
use crate::verdict::Outcome;

/// So many at once, each alone in its group: whether a library that is closed hands out more before it has
/// stopped is a race between two of its threads, and on a busy machine the wrong one wins.
const TIMES: usize = 6;
/// So many records in each partition, of so many characters: many times what a pipe holds.
const FLOOD: usize = 60;
const LONG: usize = 3_000;
/// Until one who prints must wait. Who prints otherwise needn't.
const TO_FILL: Duration = Duration::from_secs(4);
/// For its last lines to be read.
const TO_ARRIVE: Duration = Duration::from_secs(2);

/// Each has committed, in the end, what it has printed, and no more.
pub(super) async fn commits_no_more(bench: &Bench) -> Outcome {
    let topic = filled(bench, [1, 1, 1]).await?;
    let there = bench.kafka().read(&topic.name).await?;
    let groups: Vec<Group> = (0..TIMES).map(|_| bench.group(&topic.name)).collect();
    let started = groups.iter().map(|group| group.start(bench, At::Broker, &[]));
    let mut members = started.collect::<Result<Vec<Member>, _>>()?;
    let first = members.iter_mut().map(|member| member.prints(PATIENCE, "a line for each of three records", &there));
    try_join_all(first).await?;
    let unread: Vec<_> = members.iter().map(Member::unread).collect();
    flood(bench, &topic).await?;
    let _ = timeout(TO_FILL, join_all(members.iter().map(Member::waits_to_print))).await;
    members.iter().for_each(Member::terminate);
    drop(unread);
    try_join_all(members.iter_mut().map(|member| member.ends(0, TO_END))).await?;
    try_join_all(groups.iter().map(is_exact)).await.map(|_| ())
}

async fn flood(bench: &Bench, topic: &Topic) -> Outcome {
    let long = |partition| New { value: Some(bench.word().repeat(LONG / 11)), ..new(bench, partition) };
    let news: Vec<New> = (0..3).flat_map(|partition| (0..FLOOD).map(move |_| partition)).map(long).collect();
    topic.feed.send(&news).await
}

/// What comes next in each partition is what its group wants next.
async fn is_exact(group: &Group) -> Outcome {
    let committed: Vec<i64> = group.committed().await?.into_iter().map(Option::unwrap_or_default).collect();
    let wanted = committed.clone();
    let arrived = group.have_printed(move |printed| next(&printed.concat()) == *wanted);
    if timeout(TO_ARRIVE, arrived).await.is_ok() {
        return Ok(());
    }
    let next = next(&group.printed().concat());
    let of = |number: &usize| committed[*number] != next[*number];
    let number = (0..3).find(of).unwrap_or_default();
    let (next, committed) = (next[number], committed[number]);
    let expected = format!(
        "that it has committed {next} in partition {number}, which is the offset after the last one that it has \
         printed there; it has committed {committed}"
    );
    Err(group.wrong(&expected).await)
}

/// In each partition the offset after the last one.
fn next(printed: &[Record]) -> [i64; 3] {
    let of = |number| printed.iter().filter(move |record| record.partition == number);
    [0, 1, 2].map(|number| of(number).map(|record| record.offset + 1).max().unwrap_or_default())
}
