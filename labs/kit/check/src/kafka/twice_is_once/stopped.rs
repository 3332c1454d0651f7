//! SIGTERM, and the next start.

use std::time::Duration;

use tokio::time::sleep;

use super::long;
use super::store::{Event, PATIENCE, Store};
use crate::bench::Bench;
use crate::kafka::topic::TO_END;
use crate::verdict::Outcome;

/// From the last transaction on: whoever commits to Kafka after it, and leaves wherever SIGTERM
/// finds it, is done, also with a repeat that is the last of its partition and shows nowhere.
const IDLE: Duration = Duration::from_secs(1);
/// Longer than libraries wait until they commit by themselves.
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
    store.send(&[&[theirs], &own[..], &Event::last(bench), &[repeat]].concat()).await?;
    let mut member = store.start(bench)?;
    if let Err(failed) = store.becomes_right(&mut member, PATIENCE).await {
        return Ok(Stopped { known: Err(failed.clone()), commits: Err(failed) });
    }
    sleep(IDLE).await;
    let commits = match member.stops(TO_END).await {
        Ok(()) => store.expect_committed_to_the_end().await,
        failed => failed,
    };
    member.kill().await;
    // The same once more, to a process that can't remember it.
    let again = own.iter().map(|event| Event { partition: 2, ..event.clone() });
    let again: Vec<_> = again.chain(own.iter().cloned()).chain(Event::last(bench)).collect();
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
