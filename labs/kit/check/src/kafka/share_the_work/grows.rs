//! A second member comes, a third and a fourth; then one is killed.

use std::time::Duration;

use tokio::time::sleep;

use super::share::{PATIENCE, Share};
use crate::bench::Bench;
use crate::broker::{Fate, LEAVE_GROUP, Member, Relay};
use crate::meanwhile::Meanwhile;
use crate::verdict::{Failed, Outcome};

/// As the task says. Who is silent for longer isn't a member any more.
const SESSION: Duration = Duration::from_secs(6);

/// What came of it, step by step.
#[derive(Clone)]
pub(super) struct Grown {
    share: Outcome,
    fourth: Outcome,
    killed: Outcome,
    missing: Outcome,
}

pub(super) fn begin(bench: &mut Bench) {
    let grown = bench.begin(|bench| async move { grows(&bench).await });
    bench.seen.insert(grown);
}

async fn grown(bench: &mut Bench) -> Grown {
    let grown = bench.seen.get::<Meanwhile<Grown>>().expect("it has begun").clone();
    grown.outcome().await
}

pub(super) async fn members_share(bench: &mut Bench) -> Outcome {
    grown(bench).await.share
}

pub(super) async fn a_fourth_waits(bench: &mut Bench) -> Outcome {
    grown(bench).await.fourth
}

pub(super) async fn one_is_killed(bench: &mut Bench) -> Outcome {
    grown(bench).await.killed
}

pub(super) async fn nothing_is_missing(bench: &mut Bench) -> Outcome {
    grown(bench).await.missing
}

async fn grows(bench: &Bench) -> Grown {
    let mut group = match Share::new(bench).await {
        Ok(group) => group,
        Err(failed) => {
            return Grown {
                share: Err(failed.clone()),
                fourth: Err(failed.clone()),
                killed: Err(failed.clone()),
                missing: Err(failed),
            };
        }
    };
    let share = shares(bench, &mut group).await;
    // It is there as long as the fourth runs behind it.
    let relay = bench.kafka().relay(|_| Fate::Pass).await;
    let owners = match (&share, &relay) {
        (Ok(()), Ok(relay)) => fourth(bench, &mut group, relay).await,
        (Err(failed), _) | (_, Err(failed)) => Err(failed.clone()),
    };
    let killed = match &owners {
        Ok(owners) => kill(bench, &mut group, owners[0]).await,
        Err(failed) => Err(failed.clone()),
    };
    let missing = match &killed {
        Ok(()) => group.misses_nothing().await,
        failed => failed.clone(),
    };
    Grown { share, fourth: owners.map(|_| ()), killed, missing }
}

async fn shares(bench: &Bench, group: &mut Share) -> Outcome {
    group.start(bench, None)?;
    group.settles(bench, 1, "a line for each record").await?;
    group.start(bench, None)?;
    group.settles(bench, 2, "each record printed by one of the two members, and both have some").await?;
    group.start(bench, None)?;
    group.settles(bench, 3, "each record printed by one of the three members, each of whom has a partition").await?;
    Ok(())
}

async fn fourth(bench: &Bench, group: &mut Share, relay: &Relay) -> Result<[usize; 3], Failed> {
    group.start(bench, Some(relay))?;
    lives(group, relay).await?;
    let expected = "each record printed by one of four members, three of whom have a partition, while all four run";
    let owners = group.settles(bench, 3, expected).await?;
    // Until it would be forgotten.
    let mut all: Vec<&mut Member> = group.members.iter_mut().collect();
    group.group.until(&mut all, PATIENCE, "that all four run", sleep(SESSION)).await?;
    lives(group, relay).await?;
    Ok(owners)
}

/// It says so once more, and wasn't silent for too long before.
async fn lives(group: &mut Share, relay: &Relay) -> Outcome {
    let mut all: Vec<&mut Member> = group.members.iter_mut().collect();
    let expected = "a heartbeat of the member that came last at the coordinator";
    group.group.until(&mut all, PATIENCE, expected, relay.beats(1)).await?;
    let expected = "a heartbeat at least every 6 seconds of the member that came last: else its session is over";
    group.group.expect(expected, relay.longest_silence() <= SESSION).await?;
    let leavers = relay.count(LEAVE_GROUP) + group.leavers();
    group.group.expect("that nobody tells the coordinator that it leaves", leavers == 0).await
}

async fn kill(bench: &Bench, group: &mut Share, number: usize) -> Outcome {
    let at = group.members.iter().position(|member| member.number() == number);
    let mut member = group.members.remove(at.expect("who prints, runs"));
    member.kill().await;
    let expected = "each record printed by one of the three members who are left, each of whom has a partition";
    group.settles(bench, 3, expected).await.map(|_| ())
}
