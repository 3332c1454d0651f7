//! The checks in which times matter. A wait is measured at the server, from one request to the
//! next: it can only seem longer than it was, by what a busy machine adds.

use std::time::Duration;

use super::groups::{ASKED, Group};
use super::job::Job;
use super::runs::{Runs, nobody, runs};
use super::spread::{are_apart, are_apart_in_all, are_from_the_whole, are_random, are_spread};
use super::{are_given_up_at_the_last, expect_given_up};
use crate::bench::Bench;
use crate::call::Call;
use crate::verdict::{Failed, Outcome};

/// Before the second, the third and the fourth attempt; it may be half of that.
pub(super) const LONGEST: [Duration; 3] =
    [Duration::from_millis(400), Duration::from_millis(800), Duration::from_millis(1_600)];
/// The clocks of some runtimes count in milliseconds, or wake up a moment too soon.
const TOO_SOON: Duration = Duration::from_millis(20);
/// After the time that was asked for, and 200 ms for the machine.
const MORE: Duration = Duration::from_millis(700);
/// An attempt without an answer, with the wait that may follow the first, and 250 ms for the machine.
const A_SECOND_AND_MORE: Duration = Duration::from_millis(1_650);
/// The same of two, which may both have drawn the longest wait.
const A_SECOND_OF_TWO: Duration = Duration::from_millis(1_900);
/// The same of four: one in 250 times they have all drawn more than 350 ms, and then 200 ms are left.
const A_SECOND_OF_FOUR: Duration = Duration::from_millis(1_550);
/// What ends before was ended by the other side.
pub(super) const ALL_BUT_A_SECOND: Duration = Duration::from_millis(750);

pub(super) async fn a_post_may_come_back(bench: &mut Bench) -> Outcome {
    for (job, call) in &*runs(bench, Group::PostsAsked).await? {
        // Once more than it was told so.
        let again = told_to_wait(call);
        job.expect_requests(call, again + 1)?;
        // The last of three times it was told to come at once.
        for attempt in 1..=again.min(2) {
            expect_wait(call, attempt, Duration::from_secs(1), Duration::MAX)?;
        }
        job.expect_done(call)?;
    }
    for (job, call) in &*runs(bench, Group::PostUnasked).await? {
        job.expect_requests(call, told_to_wait(call) + 1)?;
        expect_given_up(call)?;
    }
    Ok(())
}

pub(super) async fn retry_after_is_kept(bench: &mut Bench) -> Outcome {
    for ((job, call), seconds) in runs(bench, Group::Asked).await?.iter().zip(ASKED) {
        job.expect_requests(call, seconds.len() + 1)?;
        for (attempt, &seconds) in (1..).zip(seconds) {
            let after = Duration::from_secs(seconds);
            // Half a second more may be waited, and the machine may be busy.
            expect_wait(call, attempt, after, after + Duration::from_millis(1_200))?;
        }
        job.expect_done(call)?;
    }
    // It can't be that busy for all of them.
    let once = runs(bench, Group::Once).await?;
    let asked = runs(bench, Group::Asked).await?;
    let after_one: Vec<_> =
        asked.iter().zip(ASKED).filter(|(_, seconds)| seconds[0] == 1).map(|(run, _)| run).collect();
    expect_quickest(after_one.into_iter().chain(&*once), 1, Duration::from_secs(1) + MORE)?;
    // Whoever adds the time to his own, or takes the longer one, waits for 0.8 s here at least.
    let at_once = runs(bench, Group::AtOnce).await?;
    expect_quickest(&*at_once, 3, MORE)
}

pub(super) async fn too_long_is_not_waited_for(bench: &mut Bench) -> Outcome {
    are_given_up_at_the_last(bench, Group::TooLate).await
}

/// A POST whose second is over: some of them are silent, and the machine can't be busy for all of those.
pub(super) fn is_given_up_in_time(posts: &Runs) -> Outcome {
    let took = |call: &Call| call.requests().first().map(|first| call.ran.ended.duration_since(first.at));
    let silent = posts.iter().map(|(_, call)| call).filter(|call| took(call) > Some(ALL_BUT_A_SECOND));
    let quickest = silent.min_by_key(|call| took(call));
    quickest.map_or(Ok(()), |call| call.expect("an end after 1 s of silence", took(call) <= Some(A_SECOND_AND_MORE)))
}

pub(super) async fn an_attempt_has_an_end(bench: &mut Bench) -> Outcome {
    let (gets, puts) = (runs(bench, Group::SilentGets).await?, runs(bench, Group::SilentPuts).await?);
    for (job, call) in gets.iter().chain(&*puts) {
        job.expect_requests(call, 2)?;
        expect_wait(call, 1, LONGEST[0] / 2, Duration::from_millis(2_200))?;
        job.expect_done(call)?;
    }
    // On a busy machine a client's second may have begun long before its request was here, and
    // it may be long until the next is; not for all of them.
    for runs in [&gets, &puts] {
        expect_slowest(runs, 1, Duration::from_millis(750))?;
        expect_quickest(&**runs, 1, A_SECOND_OF_TWO)?;
    }
    let quickest = gets.iter().chain(&*puts).min_by_key(|(_, call)| waits(call).first().copied());
    quickest.map_or(Ok(()), |(_, call)| expect_wait(call, 1, Duration::ZERO, A_SECOND_OF_FOUR))?;
    // What comes within the second is taken, also if the machine is too busy for that now and then.
    let slow = runs(bench, Group::Slow).await?;
    // The second attempt's second is as long as the first's.
    expect_quickest(&*slow, 2, A_SECOND_AND_MORE + LONGEST[1] - LONGEST[0])?;
    slow.chunks(2).try_for_each(|two| {
        let patient = two.iter().min_by_key(|(_, call)| call.requests().len());
        patient.map_or(Ok(()), |(job, call)| {
            job.expect_requests(call, 3)?;
            job.expect_done(call)
        })
    })
}

/// At least one of them waits so long.
fn expect_slowest(runs: &Runs, number: usize, least: Duration) -> Outcome {
    let slowest = runs.iter().max_by_key(|(_, call)| waits(call).get(number - 1).copied());
    slowest.map_or(Ok(()), |(_, call)| expect_wait(call, number, least, Duration::MAX))
}

/// At least one of them waits no longer.
fn expect_quickest<'a>(runs: impl IntoIterator<Item = &'a (Job, Call)>, number: usize, most: Duration) -> Outcome {
    let quickest = runs.into_iter().min_by_key(|(_, call)| waits(call).get(number - 1).copied());
    quickest.map_or(Ok(()), |(_, call)| expect_wait(call, number, Duration::ZERO, most))
}

pub(super) async fn four_attempts_are_all(bench: &mut Bench) -> Outcome {
    for group in [Group::Others, Group::More, Group::AtOnce, Group::Clients] {
        for (job, call) in &*runs(bench, group).await? {
            job.expect_requests(call, 4)?;
            expect_given_up(call)?;
        }
    }
    Ok(())
}

pub(super) async fn the_waits_grow(bench: &mut Bench) -> Outcome {
    let (clients, others) = (runs(bench, Group::Clients).await?, runs(bench, Group::Others).await?);
    for (_, call) in clients.iter().chain(&*others) {
        for (number, longest) in (1..).zip(LONGEST) {
            expect_wait(call, number, longest / 2, Duration::MAX)?;
        }
    }
    // After a time-out as well. That was not the first attempt: its second is a second.
    expect_slowest(&runs(bench, Group::Slow).await?, 2, Duration::from_secs(1) + LONGEST[1] / 2)?;
    // The second that was asked for once is no measure for what comes after it.
    expect_quickest(&*runs(bench, Group::Once).await?, 2, Duration::from_millis(970))?;
    // The machine may hold up one or the other, but not all of them.
    (1..).zip(LONGEST).try_for_each(|(number, longest)| {
        expect_quickest(&*clients, number, longest + Duration::from_millis(40))?;
        // Nor, where the waits are long, the third of them by so much.
        if number == 1 { Ok(()) } else { expect_sixth(&clients, number, longest + Duration::from_millis(100)) }
    })
}

/// No more than two of the eight wait longer.
fn expect_sixth(runs: &Runs, number: usize, most: Duration) -> Outcome {
    let mut sorted: Vec<_> = runs.iter().map(|(_, call)| call).collect();
    sorted.sort_by_key(|call| waits(call).get(number - 1).copied());
    sorted.get(5).map_or(Ok(()), |call| expect_wait(call, number, Duration::ZERO, most))
}

/// This long before the attempt with this number (the first is 0).
fn expect_wait(call: &Call, number: usize, least: Duration, most: Duration) -> Outcome {
    let wait = waits(call).get(number - 1).copied().unwrap_or_default();
    let (least_ms, most_ms, was) = (least.as_millis(), most.as_millis(), wait.as_millis());
    let attempt = ["first", "second", "third", "fourth"][number];
    let what = if most == Duration::MAX || wait < least {
        format!("at least {least_ms} ms between the requests before the {attempt} attempt, and not {was} ms")
    } else {
        format!("at most {most_ms} ms between the requests before the {attempt} attempt, and not {was} ms")
    };
    call.expect(&what, (least.saturating_sub(TOO_SOON)..=most).contains(&wait))
}

/// How often the server has said when to come back.
fn told_to_wait(call: &Call) -> usize {
    call.requests().iter().filter(|one| one.reply.contains("retry-after")).count()
}

/// From each request to the next.
fn waits(call: &Call) -> Vec<Duration> {
    let requests = call.requests();
    requests.windows(2).map(|two| two[1].at.duration_since(two[0].at)).collect()
}

pub(super) async fn the_waits_differ(bench: &mut Bench) -> Outcome {
    let (clients, others) = (runs(bench, Group::Clients).await?, runs(bench, Group::Others).await?);
    let clients: Vec<&Call> = clients.iter().map(|(_, call)| call).collect();
    let [second, third, fourth] = waits_of(&clients);
    let apart = are_apart(&second, &third) && are_apart_in_all([&second, &third, &fourth]);
    if !(apart && are_spread(&third, &fourth)) {
        return Err(not_spread(&clients, "each of the eight waited"));
    }
    let lost: Vec<&Call> = others.iter().map(|(_, call)| call).filter(|call| !was_answered(call)).collect();
    let [second, third, fourth] = waits_of(&lost);
    if !are_random([&second, &third, &fourth]) {
        return Err(not_spread(&lost, "four PUTs and four DELETEs waited whose answers were lost"));
    }
    let both = [clients, lost].concat();
    let [second, third, fourth] = waits_of(&both);
    let from_the_whole = are_from_the_whole([&second, &third, &fourth]);
    if from_the_whole { Ok(()) } else { Err(not_spread(&both, "each of sixteen waited")) }
}

/// Before the second attempt, the third and the fourth.
fn waits_of(calls: &[&Call]) -> [Vec<Duration>; 3] {
    [0, 1, 2].map(|number| calls.iter().filter_map(|call| waits(call).get(number).copied()).collect())
}

fn was_answered(call: &Call) -> bool {
    call.requests().iter().any(|one| one.reply.starts_with("HTTP/1.1"))
}

fn not_spread(calls: &[&Call], who: &str) -> Failed {
    let [second, third, fourth] = waits_of(calls).map(|waits| {
        let mut all: Vec<_> = waits.iter().map(Duration::as_millis).collect();
        all.sort_unstable();
        all.iter().map(u128::to_string).collect::<Vec<_>>().join(" ")
    });
    let failed = calls[0].wrong("waits that are spread between half and all of 400, 800 and 1600 ms");
    let came_back = format!(
        "(ms that {who})\nbefore the second attempt: {second}\nbefore the third: {third}\nbefore the fourth: {fourth}"
    );
    Failed { came_back, ..failed }
}

pub(super) async fn refused_is_not_sent(bench: &mut Bench) -> Outcome {
    let waits = |from: usize| LONGEST[from..].iter().sum::<Duration>() / 2;
    for (_, left) in &*runs(bench, Group::Left).await? {
        left.expect("one request that could be sent", left.requests().len() == 1)?;
        let least = Duration::from_secs(1) + waits(1);
        expect_attempts(left, least, left.ran.ended.duration_since(left.requests()[0].at))?;
    }
    let nobody = nobody(bench).await?;
    expect_attempts(&nobody, waits(0), nobody.ran.ended.duration_since(nobody.ran.began))
}

/// It has waited as long as four attempts take, and doesn't fear for what it never sent.
fn expect_attempts(call: &Call, least: Duration, took: Duration) -> Outcome {
    let (least_ms, took_ms) = (least.as_millis(), took.as_millis());
    let what = format!("three more attempts, which take at least {least_ms} ms, and not an end after {took_ms} ms");
    call.expect(&what, took + TOO_SOON >= least)?;
    call.expect_exit(&[1, 3])?;
    call.expect_no_output()?;
    let feared = call.ran.stderr.to_lowercase().contains("may be placed");
    call.expect("on stderr nothing of an order that may be placed: nothing was sent", !feared)
}
