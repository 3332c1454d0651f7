//! SIGTERM.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::StatusCode;
use tokio::time::{sleep, timeout};

use super::done::long;
use super::work::{PATIENCE, Work, committed_to, is_done, reaches, value_of};
use crate::bench::Bench;
use crate::broker::{FETCH, Fate, Record};
use crate::http::{Gate, Reply};
use crate::kafka::effect::Answer;
use crate::kafka::topic::{SLOW, SlowCommits, TO_END};
use crate::verdict::{Failed, Outcome, Who};

/// From the last line on, for a commit to come that isn't left to the stop.
const IDLE: Duration = Duration::from_millis(300);

/// As the sentence says.
const SILENCE: Duration = Duration::from_secs(5);

/// What came of a stop, and of the start after it.
#[derive(Clone)]
pub(super) struct Stopped {
    commits: Outcome,
    only_new: Outcome,
}

pub(super) async fn the_stop_commits(bench: &mut Bench) -> Outcome {
    let long = long(bench);
    long.stopped.outcome().await.commits?;
    long.committed.outcome().await.stopped
}

pub(super) async fn only_what_is_new(bench: &mut Bench) -> Outcome {
    long(bench).stopped.outcome().await.only_new
}

pub(super) async fn in_hand_at_the_stop(bench: &mut Bench) -> Outcome {
    long(bench).in_hand.outcome().await
}

pub(super) async fn stopped(bench: &Bench) -> Stopped {
    let work = match Work::new(bench, |_, _| Answer::done()).await {
        Ok(work) => work,
        Err(failed) => return Stopped { commits: Err(failed.clone()), only_new: Err(failed) },
    };
    let commits = match commits(bench, &work).await {
        Ok(()) => with_nothing_to_commit(bench, &work).await,
        failed => failed,
    };
    let only_new = match &commits {
        Ok(()) => goes_on(bench, &work).await,
        failed => failed.clone(),
    };
    Stopped { commits, only_new }
}

async fn commits(bench: &Bench, work: &Work) -> Outcome {
    let records = work.send(bench, [3, 2, 4]).await?;
    let slow = SlowCommits::new(bench).await?;
    let mut member = work.start_behind(bench, &slow.relay)?;
    work.works_through(&mut member, &records).await?;
    // Whoever commits at once has a commit on its way when SIGTERM comes.
    slow.begins();
    let last = work.send_these(bench, &[super::work::new(bench, 2)]).await?;
    slow.while_it_waits(work.works_through(&mut member, &last)).await?;
    slow.holds_one(IDLE).await;
    member.terminate();
    slow.while_it_waits(member.ends(0, TO_END)).await?;
    work.expect_committed_to_the_end(bench).await
}

/// All is done, by another.
async fn with_nothing_to_commit(bench: &Bench, work: &Work) -> Outcome {
    let relay = bench.kafka().relay(|_| Fate::Pass).await?;
    let mut member = work.start_behind(bench, &relay)?;
    member.until(PATIENCE, "that it asks for records", relay.wait_for(FETCH, 1)).await?;
    member.stops(TO_END).await?;
    work.expect_committed_to_the_end(bench).await
}

async fn goes_on(bench: &Bench, work: &Work) -> Outcome {
    let posted = work.effect.posts().len();
    let mut new = work.send(bench, [2, 0, 1]).await?;
    let mut member = work.start(bench)?;
    work.works_through(&mut member, &new).await?;
    member.until(PATIENCE, "that it still runs after 5 seconds without a record", sleep(SILENCE)).await?;
    let later = work.send(bench, [0, 2, 1]).await?;
    work.works_through(&mut member, &later).await?;
    new.extend(later);
    member.stops(TO_END).await?;
    let expected = format!("POSTs of the {} new ones, and a line for each, and no others", new.len());
    let only_new = work.effect.posts().len() == posted + new.len() && member.printed().await?.len() == new.len();
    work.group.expect(&expected, only_new).await?;
    work.expect_committed_to_the_end(bench).await
}

/// SIGTERM while a reply is held, which then says no, and so do all others until it has ended.
pub(super) async fn with_one_in_hand(bench: &Bench) -> Outcome {
    let (gate, last, is_up) = (Gate::new(), Arc::new(OnceLock::new()), Arc::new(AtomicBool::new(false)));
    let (behind, in_hand, up) = (gate.clone(), Arc::clone(&last), Arc::clone(&is_up));
    let work = Work::new(bench, move |value, before| match in_hand.get().is_some_and(|last: &String| last == value) {
        true if before == 0 => Answer::Behind(behind.clone(), Reply::status(StatusCode::SERVICE_UNAVAILABLE)),
        true if !up.load(Ordering::Acquire) => Answer::status(StatusCode::SERVICE_UNAVAILABLE),
        _ => Answer::done(),
    })
    .await?;
    let first = work.send(bench, [1, 2, 1]).await?;
    let slow = SlowCommits::new(bench).await?;
    let mut member = work.start_behind(bench, &slow.relay)?;
    work.works_through(&mut member, &first).await?;
    slow.begins();
    let new = draw(bench, &work, &last).await?;
    let value = value_of(&new[1]);
    let asked = work.effect.have_come(move |posts| posts.iter().any(|post| post.value == value));
    slow.while_it_waits(member.until(PATIENCE, "a POST of the record that has come", asked)).await?;
    member.terminate();
    // Whoever gives it back ends by now, but for a commit; whoever waits for it, later.
    if timeout(SLOW, member.ends(0, TO_END)).await.is_err() {
        work.group.note(Who::Checker, "answers 503");
        gate.open();
    }
    slow.while_it_waits(member.ends(0, TO_END - SLOW)).await?;
    let said = member.printed().await?.contains(&new[1]);
    work.group.expect("no line for the record that was POSTed when SIGTERM came, and got 503", !said).await?;
    is_up.store(true, Ordering::Release);
    lost_nothing(bench, &work, &[first, new].concat()).await
}

/// Three more, of which the second is `last`: who notes more than the first on its account is ahead.
async fn draw(bench: &Bench, work: &Work, last: &OnceLock<String>) -> Result<Vec<Record>, Failed> {
    let news: Vec<_> = (0..3).map(|_| super::work::new(bench, 1)).collect();
    let _ = last.set(news[1].value.clone().unwrap_or_default());
    work.send_these(bench, &news).await
}

async fn lost_nothing(bench: &Bench, work: &Work, records: &[Record]) -> Outcome {
    let (posts, committed) = (work.effect.posts(), work.group.committed().await?);
    let open: Vec<_> = records.iter().filter(|record| !is_done(&posts, &value_of(record))).cloned().collect();
    let is_committed = |record: &Record| committed[record.partition as usize].is_some_and(|next| next > record.offset);
    let mut ends = vec![None; 3];
    for record in records.iter().filter(|record| !open.contains(record)) {
        ends[record.partition as usize] = Some(record.offset + 1);
    }
    let right = reaches(&committed, &ends) && !open.iter().any(is_committed);
    work.group.expect(&committed_to(&ends), right).await?;
    let mut again = work.start(bench)?;
    work.works_through(&mut again, &open).await
}
