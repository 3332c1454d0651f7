//! When a record is done, and what comes of one that isn't.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use tokio::time::sleep;

use super::killed::{self, Committed, Killed};
use super::stopped::{self, Stopped};
use super::values::odd_ones;
use super::work::{PATIENCE, Work, of_partition, value_of};
use crate::bench::Bench;
use crate::broker::Record;
use crate::http::Reply;
use crate::kafka::effect::{Answer, Post};
use crate::meanwhile::Meanwhile;
use crate::verdict::{Failed, Outcome};

/// Between two attempts, as the sentence says; the clocks are the checker's and the program's.
const LEAST: Duration = Duration::from_millis(95);
/// 2 seconds, and what a busy machine adds; but not 3.
const MOST: Duration = Duration::from_millis(2_750);
/// The same, where it isn't one time alone: no machine is busy in this way so often.
const MOSTLY: Duration = Duration::from_millis(2_300);
const SEVERAL: usize = 3;
/// After a request that is none of these POSTs, until they must be done.
const BESIDE: Duration = Duration::from_secs(2);
/// More often than those who count would try.
const OFTEN: usize = 11;

/// What takes long, and goes on since the first check has passed.
#[derive(Clone)]
pub(super) struct Long {
    tried: Meanwhile<(Outcome, Outcome)>,
    other_answers: Meanwhile<(Outcome, Outcome)>,
    pub(super) committed: Meanwhile<Committed>,
    pub(super) stopped: Meanwhile<Stopped>,
    pub(super) in_hand: Meanwhile<Outcome>,
    pub(super) killed: Meanwhile<Killed>,
}

pub(super) fn long(bench: &mut Bench) -> Long {
    if let Some(long) = bench.seen.get::<Long>() {
        return long.clone();
    }
    let long = Long {
        tried: bench.begin(|bench| async move { tried_again(&bench).await }),
        other_answers: bench.begin(|bench| async move { other_answers(&bench).await }),
        committed: bench.begin(|bench| async move { killed::committed(&bench).await }),
        stopped: bench.begin(|bench| async move { stopped::stopped(&bench).await }),
        in_hand: bench.begin(|bench| async move { stopped::with_one_in_hand(&bench).await }),
        killed: bench.begin(|bench| async move { killed::killed(&bench).await }),
    };
    bench.seen.insert(long.clone());
    long
}

pub(super) async fn each_value_is_posted(bench: &mut Bench) -> Outcome {
    let work = Work::new(bench, |_, _| Answer::done()).await?;
    let records = work.send_these(bench, &odd_ones(bench)).await?;
    let mut member = work.start(bench)?;
    let strays = work.effect.is_asked_otherwise();
    tokio::select! {
        worked = work.works_through(&mut member, &records) => worked?,
        other = async { (strays.await, sleep(BESIDE).await).0 } => {
            let expected = format!("POST {}\nContent-Type: application/json", work.effect.url());
            let failed = work.group.wrong(&expected).await;
            let came_back = format!("(at LAB_EFFECT_URL)\n{}\n{}", other.trim_end(), failed.came_back);
            return Err(Failed { came_back, ..failed });
        }
    }
    work.expect_member().await?;
    for number in 0..3 {
        let own = of_partition(&records, number);
        let values: Vec<_> = own.iter().map(value_of).collect();
        let expected = format!("each value of partition {number} as the body of one POST, in their order");
        work.group.expect(&expected, work.posted_of(&own) == values).await?;
        let expected = format!("a line for each record of partition {number}, in their order");
        let printed = of_partition(&member.printed().await?, number);
        work.group.expect(&expected, printed == own).await?;
    }
    Ok(())
}

pub(super) async fn unavailable_is_tried_again(bench: &mut Bench) -> Outcome {
    long(bench).tried.outcome().await.0
}

pub(super) async fn attempts_are_spaced(bench: &mut Bench) -> Outcome {
    let long = long(bench);
    long.tried.outcome().await.1?;
    long.other_answers.outcome().await.1
}

/// What came of 503, 503, 204; and of the time in between.
async fn tried_again(bench: &Bench) -> (Outcome, Outcome) {
    match watched_trying(bench).await {
        Ok((tried, spaced)) => (tried, spaced),
        Err(failed) => (Err(failed.clone()), Err(failed)),
    }
}

/// What a value gets, one answer after the other; then, and every other one, 200.
#[derive(Clone, Default)]
struct Answers(Arc<Mutex<HashMap<String, Vec<Reply>>>>);

impl Answers {
    fn set(&self, record: &Record, replies: &[Reply]) {
        self.lock().insert(value_of(record), replies.to_vec());
    }

    fn plan(&self) -> impl Fn(&str, usize) -> Answer + Send + Sync + use<> {
        let answers = self.clone();
        move |value, before| {
            let reply = answers.lock().get(value).and_then(|replies| replies.get(before)).cloned();
            reply.map_or_else(Answer::done, Answer::Now)
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<Reply>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn watched_trying(bench: &Bench) -> Result<(Outcome, Outcome), Failed> {
    let answers = Answers::default();
    let work = Work::new(bench, answers.plan()).await?;
    let records = work.send(bench, [2, 4, 3]).await?;
    let unavailable = Reply::status(StatusCode::SERVICE_UNAVAILABLE);
    let (one, other) = (&of_partition(&records, 1)[1], &of_partition(&records, 2)[0]);
    answers.set(one, &[unavailable.clone(), unavailable.clone(), Reply::status(StatusCode::NO_CONTENT)]);
    answers.set(other, &vec![unavailable; OFTEN]);
    let mut member = work.start(bench)?;
    // Too long between two attempts is another check's matter, and enough has been seen then.
    let slow = work.effect.have_come(|posts| (0..posts.len()).any(|number| comes_late(&posts[..=number])));
    tokio::select! {
        worked = work.does(&mut member, &records, PATIENCE + (2 + OFTEN as u32) * MOST) => worked?,
        () = slow => return Ok((Ok(()), are_spaced(&work, &[one, other]).await)),
    }
    work.works_through(&mut member, &records).await?;
    let tried = async {
        for number in 0..3 {
            let own = of_partition(&records, number);
            let attempts = |record: &Record| match record {
                record if record == one => 3,
                record if record == other => OFTEN + 1,
                _ => 1,
            };
            let values: Vec<_> =
                own.iter().flat_map(|record| std::iter::repeat_n(value_of(record), attempts(record))).collect();
            let expected = format!(
                "in partition {number} one POST after the other: the next record when the one before it is done"
            );
            work.group.expect(&expected, work.posted_of(&own) == values).await?;
        }
        let printed = member.printed().await?;
        work.group.expect("one line for each record", printed.len() == records.len()).await?;
        // The last POST of each was the one that got the yes.
        let early = [one, other].into_iter().find(|record| {
            let yes = work.effect.posts().iter().rev().find(|post| post.value == value_of(record)).map(|post| post.at);
            member.printed_at(record) < yes
        });
        let place = early.map(|record| format!("partition {} @ {}", record.partition, record.offset));
        let expected = format!("the line of {} after the POST that is answered with 2xx", place.unwrap_or_default());
        work.group.expect(&expected, early.is_none()).await
    };
    let tried = tried.await;
    let spaced = are_spaced(&work, &[one, other]).await;
    Ok((tried, spaced))
}

/// The last of these came too long after the one before it of the same record.
fn comes_late(posts: &[Post]) -> bool {
    posts.last().is_some_and(|last| too_late(&gaps(posts, &last.value)).is_some())
}

/// Between each attempt at this and the next.
fn gaps(posts: &[Post], value: &str) -> Vec<Duration> {
    let times: Vec<_> = posts.iter().filter(|post| post.value == value).map(|post| post.at).collect();
    times.windows(2).map(|pair| pair[1].duration_since(pair[0])).collect()
}

/// Which of them is too long.
fn too_late(gaps: &[Duration]) -> Option<usize> {
    let late = |most: Duration| gaps.iter().enumerate().filter(move |(_, gap)| **gap > most).map(|(number, _)| number);
    late(MOST).next().or_else(|| late(MOSTLY).nth(SEVERAL - 1))
}

async fn are_spaced(work: &Work, disturbed: &[&Record]) -> Outcome {
    let posts = work.effect.posts();
    for record in disturbed {
        let gaps = gaps(&posts, &value_of(record));
        let Some(number) = gaps.iter().position(|gap| *gap < LEAST).or(too_late(&gaps)) else { continue };
        let place = format!("partition {} @ {}", record.partition, record.offset);
        let (first, second, gap) = (number + 1, number + 2, gaps[number].as_secs_f64());
        let between = format!("between POST {first} and POST {second} of {place} it was {gap:.2} s");
        return Err(work.group.wrong(&format!("0.1 to 2 s between two POSTs of one record; {between}")).await);
    }
    Ok(())
}

pub(super) async fn any_2xx_is_done_and_nothing_else(bench: &mut Bench) -> Outcome {
    long(bench).other_answers.outcome().await.0
}

/// What came of answers that aren't 503; and, if they were tried again, of the time in between.
async fn other_answers(bench: &Bench) -> (Outcome, Outcome) {
    match watched_answers(bench).await {
        Ok(spaced) => (Ok(()), spaced),
        Err(failed) => (Err(failed), Ok(())),
    }
}

async fn watched_answers(bench: &Bench) -> Result<Outcome, Failed> {
    let answers = Answers::default();
    let work = Work::new(bench, answers.plan()).await?;
    let records = work.send(bench, [4, 4, 4]).await?;
    let problem = |status| Reply::json(status, &json!({ "title": bench.word() }));
    let yes = json!({ "status": "ok", "done": true });
    let table = [
        vec![
            Reply::Cut,
            Reply::Cut,
            Reply::Cut,
            Reply::json(StatusCode::CREATED, &json!({ "error": bench.word(), "status": 500 })),
        ],
        vec![
            Reply::json(StatusCode::INTERNAL_SERVER_ERROR, &yes),
            problem(StatusCode::UNAUTHORIZED),
            problem(StatusCode::BAD_GATEWAY),
            Reply::status(StatusCode::PARTIAL_CONTENT),
        ],
        vec![
            problem(StatusCode::NOT_FOUND),
            Reply::status(StatusCode::FORBIDDEN),
            Reply::text(StatusCode::ACCEPTED, "text/plain", "error: later"),
        ],
        vec![
            Reply::status(StatusCode::NOT_MODIFIED),
            problem(StatusCode::CONFLICT),
            Reply::json(StatusCode::OK, &json!(null)),
        ],
        vec![
            problem(StatusCode::TOO_MANY_REQUESTS),
            problem(StatusCode::UNPROCESSABLE_ENTITY),
            Reply::status(StatusCode::IM_USED),
        ],
        vec![
            Reply::status(StatusCode::BAD_REQUEST),
            Reply::status(StatusCode::GONE),
            Reply::status(StatusCode::RESET_CONTENT),
        ],
    ];
    let disturbed: Vec<&Record> = records.iter().step_by(2).collect();
    for (record, replies) in disturbed.iter().zip(&table) {
        answers.set(record, replies);
    }
    let mut member = work.start(bench)?;
    // Whoever does one partition after the other waits that often.
    let waits = table.iter().map(|replies| replies.len() as u32 - 1).sum::<u32>();
    work.does(&mut member, &records, PATIENCE + waits * MOST).await?;
    work.works_through(&mut member, &records).await?;
    for record in &records {
        let replies = disturbed.iter().position(|one| *one == record).map(|number| table[number].len());
        let attempts = replies.unwrap_or(1);
        let what = format!("partition {} @ {}", record.partition, record.offset);
        let expected = match attempts {
            1 => format!("one POST of {what}: 2xx says that it is done"),
            2 => format!("two POSTs of {what}: the first answer isn't 2xx, the second is"),
            _ => format!("{attempts} POSTs of {what}: the last answer is 2xx, and none before"),
        };
        work.group.expect(&expected, work.count_of(record) == attempts).await?;
    }
    Ok(are_spaced(&work, &disturbed).await)
}
