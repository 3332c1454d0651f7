//! SIGTERM: one member goes, and another takes over.

use std::iter::repeat_n;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use super::full::commits_no_more;
use super::share::{PATIENCE, Share};
use crate::bench::Bench;
use crate::broker::{Asked, Fate, JOIN_GROUP, LEAVE_GROUP, Member, New, OFFSET_COMMIT, Record, Relay};
use crate::http::Gate;
use crate::kafka::topic::{SlowCommits, TO_END, new};
use crate::meanwhile::Meanwhile;
use crate::verdict::{Failed, Outcome};

/// For what was sent with the last breath to be read; and for SIGTERM to be heard.
const BREATH: Duration = Duration::from_secs(1);
/// So many records in each partition, just before: the offset of one is no other's.
const BURST: [usize; 3] = [13, 4, 9];
/// So many in each at the same time, of so many characters: more than a pipe holds.
const FLOOD: usize = 28;
const LONG: usize = 3_000;
/// Between records then: no poll finds nothing.
const SOON: Duration = Duration::from_millis(50);
/// For commits of the one who stays, while the other is about to leave.
const WORD: Duration = Duration::from_millis(300);
/// Until one who prints must wait. Who prints otherwise needn't.
const TO_FILL: Duration = Duration::from_secs(4);

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
    let (ended, idle) = tokio::join!(ended(bench), with_nothing_to_commit(bench));
    match ended {
        // Not before: it keeps the machine busy.
        Ok((left, Ok(()))) => Left { ended: idle, left, committed: commits_no_more(bench).await },
        Ok((left, committed)) => Left { ended: idle, left, committed },
        Err(failed) => Left { ended: Err(failed.clone()), left: Err(failed.clone()), committed: Err(failed) },
    }
}

/// Four members, of whom one has no partition, and nothing has come. That each of them leaves is not looked
/// at: librdkafka ends without a word where there is nothing to give back.
async fn with_nothing_to_commit(bench: &Bench) -> Outcome {
    let (mut group, mut relays) = (Share::new(bench).await?, Vec::new());
    for _ in 0..4 {
        let relay = bench.kafka().relay(|_| Fate::Pass).await?;
        group.start(bench, Some(&relay))?;
        relays.push(relay);
    }
    let mut all: Vec<&mut Member> = group.members.iter_mut().collect();
    let expected = "that four members are in the group, and send heartbeats";
    group.group.until(&mut all, PATIENCE, expected, settled(&relays)).await?;
    group.members.iter().for_each(Member::terminate);
    for member in &mut group.members {
        member.ends(0, TO_END).await?;
    }
    Ok(())
}

/// Returns when two heartbeats of each have come, and nobody had to join again.
async fn settled(relays: &[Relay]) {
    loop {
        let joins = || relays.iter().map(|relay| relay.count(JOIN_GROUP)).sum::<usize>();
        let before = joins();
        join_all(relays.iter().map(|relay| relay.beats(2))).await;
        if joins() == before {
            return;
        }
    }
}

async fn ended(bench: &Bench) -> Result<(Outcome, Outcome), Failed> {
    let (mut group, way_out) = (Share::new(bench).await?, Gate::new());
    let others = bench.kafka().relay(|_| Fate::Pass).await?;
    group.start(bench, Some(&others))?;
    group.settles(bench, 1, "a line for each record").await?;
    let waits = way_out.clone();
    let leaving = move |asked: Asked| if asked.leaves { Fate::Hold(waits.clone()) } else { Fate::Pass };
    let slow = SlowCommits::or(bench, leaving).await?;
    group.start(bench, Some(&slow.relay))?;
    group.settles(bench, 2, "each record printed by one of the two members, and both have some").await?;
    let news: Vec<New> =
        (0..).zip(BURST).flat_map(|(at, count)| repeat_n(at, count)).map(|at| new(bench, at)).collect();
    group.print(&news, &format!("a line for each of {} records that have just come", news.len())).await?;
    // It has just printed some, and was hardly able to commit them by itself. The other one has had its
    // partitions before, and gets them again: who commits old places then goes back.
    let mut goes = group.members.remove(1);
    let before = group.group.printed();
    stopped_in_a_line(bench, &mut group, &goes, &slow).await?;
    tokio::select! {
        ended = slow.while_it_waits(goes.ends(0, TO_END)) => ended?,
        // Who waits until no more comes waits for ever.
        failed = keep_coming(bench, &mut group) => failed?,
        never = async {
            way_out.filled(1, 2 * TO_END).await;
            // The other one has the last word: it mustn't speak of what isn't its own.
            let so_far = others.count(OFFSET_COMMIT);
            let _ = timeout(WORD, others.wait_for(OFFSET_COMMIT, so_far + 2)).await;
            way_out.open();
            std::future::pending().await
        } => never,
    }
    let heard = timeout(BREATH, slow.relay.wait_for(LEAVE_GROUP, 1)).await.is_ok();
    let expected = "that the coordinator is told by the member who got SIGTERM that it leaves";
    let told = group.group.expect(expected, heard).await;
    let settled = group.settles(bench, 1, "each record printed by the member who is left").await.map(|_| ());
    let committed = match &settled {
        Ok(()) => prints_no_other(bench, &mut group, &before).await,
        failed => failed.clone(),
    };
    Ok((told.and(settled), committed))
}

async fn keep_coming(bench: &Bench, group: &mut Share) -> Outcome {
    loop {
        group.sends(&[0, 1, 2].map(|partition| new(bench, partition))).await?;
        sleep(SOON).await;
    }
}

/// It gets SIGTERM while it waits to print, and has fetched more: nobody reads its lines meanwhile.
async fn stopped_in_a_line(bench: &Bench, group: &mut Share, member: &Member, slow: &SlowCommits) -> Outcome {
    let long = |partition| New { value: Some(bench.word().repeat(LONG / 11)), ..new(bench, partition) };
    let flood: Vec<New> = (0..3).flat_map(|partition| (0..FLOOD).map(move |_| partition)).map(long).collect();
    let unread = member.unread();
    group.sends(&flood).await?;
    let _ = timeout(TO_FILL, member.waits_to_print()).await;
    slow.begins();
    member.terminate();
    // Whoever is torn away from a line, and not held up by it, is by then.
    sleep(BREATH).await;
    drop(unread);
    Ok(())
}

/// Neither the other one nor who comes later prints what the one that left has printed.
async fn prints_no_other(bench: &Bench, group: &mut Share, before: &[Vec<Record>]) -> Outcome {
    let printed = group.group.printed();
    let new = &printed[0][before[0].len()..];
    no_repeat(group, &printed[1], new).await?;
    group.misses_nothing().await?;
    let mut other: Member = group.members.remove(0);
    other.stops(TO_END).await?;
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
