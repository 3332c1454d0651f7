//! SIGKILL.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::done::long;
use super::work::{PATIENCE, Work, committed_to, is_done, new, of_partition, reaches, value_of};
use crate::bench::Bench;
use crate::broker::{Member, Record};
use crate::http::{Gate, Reply};
use crate::kafka::effect::Answer;
use crate::kafka::topic::TO_END;
use crate::verdict::{Failed, Outcome, Who};

/// As the sentence says: longer than librdkafka waits until it commits by itself.
const HELD: Duration = Duration::from_secs(7);
/// Until what is done must be committed: 6 seconds, and what a busy machine adds.
const COMMITTED: Duration = Duration::from_millis(7_200);
/// Between records then: no poll finds nothing.
const SOON: Duration = Duration::from_millis(50);
/// How often that is asked.
const LOOK: Duration = Duration::from_millis(200);
/// From the second start on: 15 seconds, as the sentence says, and what a busy machine adds.
const AGAIN: Duration = Duration::from_secs(17);
/// The partition in which it is killed.
const WHERE: i32 = 1;

/// What came of it.
#[derive(Clone)]
pub(super) struct Killed {
    again: Outcome,
    before: Outcome,
}

/// What came of waiting for a commit, and of a stop when there was none left to make.
#[derive(Clone)]
pub(super) struct Committed {
    in_time: Outcome,
    pub(super) stopped: Outcome,
}

pub(super) async fn what_is_done_is_committed(bench: &mut Bench) -> Outcome {
    long(bench).committed.outcome().await.in_time
}

pub(super) async fn a_held_one_comes_again(bench: &mut Bench) -> Outcome {
    long(bench).killed.outcome().await.again
}

pub(super) async fn nothing_goes_before_it(bench: &mut Bench) -> Outcome {
    long(bench).killed.outcome().await.before
}

pub(super) async fn killed(bench: &Bench) -> Killed {
    match in_two_lives(bench).await {
        Ok(killed) => killed,
        Err(failed) => Killed { again: Err(failed.clone()), before: Err(failed) },
    }
}

pub(super) async fn committed(bench: &Bench) -> Committed {
    match in_time(bench).await {
        Ok(stopped) => Committed { in_time: Ok(()), stopped },
        Err(failed) => Committed { in_time: Err(failed), stopped: Ok(()) },
    }
}

async fn in_time(bench: &Bench) -> Result<Outcome, Failed> {
    let work = Work::new(bench, |_, _| Answer::done()).await?;
    // In one partition there is nothing: that is no reason to wait.
    let turn = bench.number(4) as usize % 3;
    let (mut counts, mut others) = ([2, 3, 0], [0, 0, 1]);
    counts.rotate_left(turn);
    others.rotate_left(turn);
    let records = work.send(bench, counts).await?;
    let mut member = work.start(bench)?;
    work.works_through(&mut member, &records).await?;
    is_committed(bench, &work).await?;
    // Right after a commit: whoever makes one now and then has just made it.
    let last = work.send(bench, others).await?;
    if work.works_through(&mut member, &last).await.is_err() {
        // That it goes on after some silence is another check's matter.
        return Ok(Ok(()));
    }
    is_committed(bench, &work).await?;
    is_committed_amid_others(bench, &work, &mut member).await?;
    Ok(member.stops(TO_END).await)
}

/// Whoever commits when there is nothing else to do has no such moment here.
async fn is_committed_amid_others(bench: &Bench, work: &Work, member: &mut Member) -> Outcome {
    let record = work.send_these(bench, &[new(bench, WHERE)]).await?.remove(0);
    let value = value_of(&record);
    let done = work.effect.have_come(move |posts| is_done(posts, &value));
    let committed = async {
        member.until(PATIENCE, "a POST that is answered with 2xx, of a record amid others", done).await?;
        let begin = Instant::now();
        while work.group.committed().await?[WHERE as usize].is_none_or(|next| next <= record.offset) {
            if begin.elapsed() > COMMITTED {
                let expected = format!("committed: partition {WHERE} past {}, within 6 s", record.offset);
                return Err(work.group.wrong(&format!("{expected}, also while others come")).await);
            }
            sleep(LOOK).await;
        }
        Ok(())
    };
    tokio::select! {
        committed = committed => committed,
        failed = work.topic.feed.send_on(|| vec![new(bench, WHERE)], SOON) => failed,
    }
}

async fn in_two_lives(bench: &Bench) -> Result<Killed, Failed> {
    let (gate, held) = (Gate::new(), Arc::new(OnceLock::<String>::new()));
    let (behind, is_held) = (gate.clone(), Arc::clone(&held));
    let work = Work::new(bench, move |value, _| match is_held.get().is_some_and(|held| held == value) {
        true => Answer::Behind(behind.clone(), Reply::status(http::StatusCode::NO_CONTENT)),
        false => Answer::done(),
    })
    .await?;
    let first = work.send(bench, [2, 3, 2]).await?;
    let mut member = work.start(bench)?;
    work.works_through(&mut member, &first).await?;
    is_committed(bench, &work).await?;
    let news: Vec<_> = (0..3).map(|_| new(bench, WHERE)).collect();
    // The first of them is done: who notes more than that on its account is ahead.
    let _ = held.set(news[1].value.clone().unwrap_or_default());
    let last = work.send_these(bench, &news).await?;
    let value = value_of(&last[1]);
    let asked = work.effect.have_come(move |posts| posts.iter().any(|post| post.value == value));
    member.until(PATIENCE, "a POST of the record that has come", asked).await?;
    sleep(HELD).await;
    let before = goes_before(&work, &member, &last).await;
    member.kill().await;
    gate.open();
    let committed = work.group.committed().await?[WHERE as usize];
    // Was it done less than 6 seconds ago, it need not be committed.
    let known = committed.is_some_and(|next| next > last[0].offset);
    let done = [&first[..], if known { &last[..1] } else { &[] }].concat();
    let again = comes_again(bench, &work, &done, &last[1..]).await;
    Ok(Killed { again, before })
}

async fn is_committed(bench: &Bench, work: &Work) -> Outcome {
    let (begin, ends) = (Instant::now(), work.ends(bench).await?);
    while !reaches(&work.group.committed().await?, &ends) {
        if begin.elapsed() > COMMITTED {
            return Err(work.group.wrong(&format!("{}, within 6 s", committed_to(&ends))).await);
        }
        sleep(LOOK).await;
    }
    work.group.note(Who::Broker, "the group has committed what is done");
    Ok(())
}

/// Whether anything did, while the reply was held.
async fn goes_before(work: &Work, member: &Member, last: &[Record]) -> Outcome {
    let committed = work.group.committed().await?[WHERE as usize];
    let so_far = committed.map_or("nothing".to_owned(), |next| next.to_string());
    work.group.note(Who::Broker, format!("of partition {WHERE} the group has committed: {so_far}"));
    let held = last[1].offset;
    let expected = format!("committed in partition {WHERE}, while the POST of {held} has no answer: {held} at most");
    work.group.expect(&expected, committed.is_some_and(|next| next <= held)).await?;
    let overtaken = last[2..].iter().any(|record| work.count_of(record) > 0);
    work.group.expect("no POST of a later record of that partition", !overtaken).await?;
    let printed = member.printed().await?;
    let said = last[1..].iter().any(|record| printed.contains(record));
    work.group.expect("no line for a record that isn't done", !said).await
}

async fn comes_again(bench: &Bench, work: &Work, done: &[Record], last: &[Record]) -> Outcome {
    let earlier = work.effect.posts().len();
    let mut member = work.start(bench)?;
    let values: Vec<_> = last.iter().map(value_of).collect();
    let expected = format!("a POST of partition {WHERE} @ {} again", last[0].offset);
    // One that is later shows at once that it doesn't come.
    let come = work.effect.have_come(move |posts| posts[earlier..].iter().any(|post| values.contains(&post.value)));
    member.until(AGAIN, &expected, come).await?;
    let posts = work.effect.posts().split_off(earlier);
    let is_again = posts.iter().find(|post| last.iter().any(|record| value_of(record) == post.value));
    work.group.expect(&expected, is_again.is_some_and(|post| post.value == value_of(&last[0]))).await?;
    work.works_through(&mut member, last).await?;
    let twice = done.iter().any(|record| work.count_of(record) > 1);
    work.group.expect("no POST of what was done and committed before", !twice).await?;
    let mut printed = of_partition(&member.printed().await?, WHERE);
    printed.retain(|record| last.contains(record));
    work.group.expect("a line for each of the two that were open", printed == last).await
}
