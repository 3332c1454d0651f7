//! SIGTERM, and the next start.

use std::time::Duration;

use super::long;
use super::store::{Event, PATIENCE, Store};
use crate::bench::Bench;
use crate::kafka::topic::{SlowCommits, TO_END};
use crate::verdict::Outcome;

/// From the last transaction on, for a commit to come that isn't left to the stop.
const IDLE: Duration = Duration::from_millis(300);
/// Longer than libraries wait until they commit by themselves; and a repeat that is the last of its
/// partition shows nowhere else.
const COMMITTED: Duration = Duration::from_secs(6);

/// What came of a stop, and of the start after it.
#[derive(Clone)]
pub(super) struct Stopped {
    commits: Outcome,
    known: Outcome,
}

pub(super) async fn what_is_in_seen_is_done(bench: &mut Bench) -> Outcome {
    long(bench).stopped.outcome().await.known
}

pub(super) async fn the_stop_commits(bench: &mut Bench) -> Outcome {
    long(bench).stopped.outcome().await.commits
}

pub(super) async fn stopped(bench: &Bench) -> Stopped {
    match twice(bench).await {
        Ok(stopped) => stopped,
        Err(failed) => Stopped { commits: Err(failed.clone()), known: Err(failed) },
    }
}

async fn twice(bench: &Bench) -> Result<Stopped, crate::verdict::Failed> {
    // Somebody else has done this one.
    let theirs = Event::new(bench, 2, &["LAPTOP"]);
    let store = Store::new(bench, std::slice::from_ref(&theirs.id)).await?;
    let own = [Event::new(bench, 0, &["MONITOR"]), Event::new(bench, 1, &["MOUSE", "LAPTOP"])];
    let repeat = own[0].clone();
    store.send(&[&[theirs], &own[..], &Event::last(bench), std::slice::from_ref(&repeat)].concat()).await?;
    let slow = SlowCommits::new(bench).await?;
    let mut member = store.start_behind(bench, &slow.relay)?;
    let mut right = store.becomes_right(&mut member, PATIENCE).await;
    if right.is_ok() {
        // Whoever commits at once has a commit on its way when SIGTERM comes.
        slow.begins();
        store.send(&Event::last(bench)).await?;
        right = slow.while_it_waits(store.becomes_right(&mut member, PATIENCE)).await;
    }
    if let Err(failed) = right {
        return Ok(Stopped { known: Err(failed.clone()), commits: Err(failed) });
    }
    slow.holds_one(IDLE).await;
    member.terminate();
    let commits = match slow.while_it_waits(member.ends(0, TO_END)).await {
        Ok(()) => store.expect_committed_to_the_end().await,
        failed => failed,
    };
    member.kill().await;
    // The same once more, to a process that can't remember it.
    let again = own.iter().map(|event| Event { partition: 2, ..event.clone() });
    let again: Vec<_> = again.chain(own.iter().cloned()).chain(Event::last(bench)).chain([repeat]).collect();
    store.send(&again).await?;
    let mut member = store.start(bench)?;
    let known = store.becomes_right(&mut member, PATIENCE).await;
    if known.is_err() || commits.is_err() {
        return Ok(Stopped { known, commits });
    }
    // This one may have nothing left to commit.
    store.may_commit(COMMITTED).await?;
    let commits = match member.stops(TO_END).await {
        Ok(()) => store.expect_committed_to_the_end().await,
        failed => failed,
    };
    Ok(Stopped { known, commits })
}
