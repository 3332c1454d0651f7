//! The checks in which times matter. A wait is measured at the server, from one request to the
//! next: it can only seem longer than it was, by what a busy machine adds.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};

use super::job::Job;
use super::spread::are_spread;
use super::{DELETE, GET, PATIENCE, POST, PUT, Run, Runs, each, problem, together, with_done};
use crate::bench::Bench;
use crate::call::Call;
use crate::http::Reply;
use crate::verdict::{Failed, Outcome};

/// Before the second, the third and the fourth attempt; it may be half of that.
pub(super) const LONGEST: [Duration; 3] =
    [Duration::from_millis(400), Duration::from_millis(800), Duration::from_millis(1_600)];
/// The clocks of some runtimes count in milliseconds, or wake up a moment too soon.
const TOO_SOON: Duration = Duration::from_millis(20);
/// From its start, where there is no request to count from.
const ALONE: Duration = Duration::from_secs(12);
/// From its first request, where four attempts may take up to five seconds.
const LONG: Duration = Duration::from_millis(6_500);
/// Of clients that are sent away together.
const CLIENTS: usize = 8;

/// The runs in which the server says when to come back. Several checks look at them.
#[derive(Clone)]
struct Asked {
    runs: Runs,
    /// Nobody ever listened. It is run beside the others because it takes as long.
    nobody: Arc<Call>,
}

/// What was said, in seconds, before all is well.
const ASKED: [(Method, StatusCode, Option<u64>); 8] = [
    (POST, StatusCode::SERVICE_UNAVAILABLE, Some(1)),
    (POST, StatusCode::TOO_MANY_REQUESTS, Some(1)),
    (POST, StatusCode::SERVICE_UNAVAILABLE, None),
    (GET, StatusCode::SERVICE_UNAVAILABLE, Some(2)),
    (PUT, StatusCode::SERVICE_UNAVAILABLE, Some(1)),
    (GET, StatusCode::TOO_MANY_REQUESTS, Some(1)),
    (GET, StatusCode::SERVICE_UNAVAILABLE, Some(3_600)),
    (POST, StatusCode::SERVICE_UNAVAILABLE, Some(3_600)),
];

async fn asked(bench: &mut Bench) -> Result<Asked, Failed> {
    if let Some(asked) = bench.seen.get::<Asked>() {
        return Ok(asked.clone());
    }
    let runs = ASKED.map(|(method, status, after)| {
        let busy = problem(status);
        let busy = match after {
            Some(seconds) => busy.header("retry-after", seconds.to_string()),
            None => busy,
        };
        with_done(Job::new(bench, method), [busy])
    });
    let args = Job::new(bench, POST).args();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (runs, nobody) = tokio::join!(together(bench, &runs, PATIENCE), bench.call_nobody(&args, ALONE));
    let asked = Asked { runs: Arc::new(runs?), nobody: Arc::new(nobody?) };
    bench.seen.insert(asked.clone());
    Ok(asked)
}

pub(super) async fn a_post_may_come_back(bench: &mut Bench) -> Outcome {
    let runs = asked(bench).await?.runs;
    for (job, call) in &runs[..2] {
        job.expect_requests(call, 2)?;
        expect_wait(call, 1, Duration::from_secs(1), Duration::MAX)?;
        job.expect_done(call)?;
    }
    let (job, call) = &runs[2];
    job.expect_requests(call, 1)?;
    call.expect_exit(&[1])
}

pub(super) async fn retry_after_is_kept(bench: &mut Bench) -> Outcome {
    let runs = asked(bench).await?.runs;
    for ((job, call), (_, _, after)) in runs[3..6].iter().zip(&ASKED[3..6]) {
        let after = Duration::from_secs(after.unwrap_or_default());
        job.expect_requests(call, 2)?;
        // A second more may be waited, and the machine may be busy.
        expect_wait(call, 1, after, after + Duration::from_millis(1_700))?;
        job.expect_done(call)?;
    }
    Ok(())
}

pub(super) async fn too_long_is_not_waited_for(bench: &mut Bench) -> Outcome {
    let runs = asked(bench).await?.runs;
    for (job, call) in &runs[6..] {
        job.expect_requests(call, 1)?;
        call.expect_exit(&[1])?;
    }
    Ok(())
}

pub(super) async fn an_attempt_has_an_end(bench: &mut Bench) -> Outcome {
    let (silent, stuck) = (Job::new(bench, GET), Job::new(bench, GET));
    let half = stuck.done().stuck();
    let puts = [Job::new(bench, PUT), Job::new(bench, PUT)].map(|put| with_done(put, [Reply::Hang]));
    let gets = [with_done(silent, [Reply::Hang]), with_done(stuck, [half])];
    let runs = gets.into_iter().chain(puts).collect();
    let done = each(bench, runs).await?;
    for (job, call) in &done {
        job.expect_requests(call, 2)?;
        expect_wait(call, 1, LONGEST[0] / 2, Duration::from_millis(2_200))?;
        job.expect_done(call)?;
    }
    // On a busy machine a client's second may have begun long before its request was here; not
    // that of both. An attempt of a third of a second, and the longest wait, are less than this.
    for pair in done.chunks(2) {
        let patient = pair.iter().max_by_key(|(_, call)| waits(call).first().copied());
        patient.map_or(Ok(()), |(_, call)| expect_wait(call, 1, Duration::from_millis(750), Duration::MAX))?;
    }
    Ok(())
}

/// The runs that end after four attempts. Several checks look at them.
#[derive(Clone)]
struct Storm {
    /// Each got nothing but 503.
    clients: Runs,
    /// Each got nothing that ends it, and was told no time.
    others: Runs,
    /// Told to come back at once, each time; and twice silence first.
    more: Runs,
    /// Told to come back in a second, and then nobody listened any more.
    left: Arc<Call>,
}

async fn storm(bench: &mut Bench) -> Result<Storm, Failed> {
    if let Some(storm) = bench.seen.get::<Storm>() {
        return Ok(storm.clone());
    }
    let busy = || problem(StatusCode::SERVICE_UNAVAILABLE);
    let mut runs: Vec<Run> = (0..CLIENTS).map(|_| (Job::new(bench, GET), vec![busy()])).collect();
    runs.push((Job::new(bench, PUT), vec![Reply::Cut]));
    runs.push((Job::new(bench, DELETE), vec![busy()]));
    runs.push((Job::new(bench, GET), vec![Reply::Cut]));
    let more = runs.len();
    runs.push((Job::new(bench, GET), vec![busy().header("retry-after", "0")]));
    runs.push((Job::new(bench, GET), vec![Reply::Hang, Reply::Hang, Reply::Cut]));
    let leave = busy().header("retry-after", "1").and_leave();
    runs.push((Job::new(bench, POST), vec![leave]));
    let mut clients = together(bench, &runs, LONG).await?;
    let (_, left) = clients.remove(runs.len() - 1);
    let more = clients.split_off(more);
    let others = clients.split_off(CLIENTS);
    let [clients, others, more] = [clients, others, more].map(Arc::new);
    let storm = Storm { clients, others, more, left: Arc::new(left) };
    bench.seen.insert(storm.clone());
    Ok(storm)
}

pub(super) async fn four_attempts_are_all(bench: &mut Bench) -> Outcome {
    let storm = storm(bench).await?;
    for (job, call) in storm.others.iter().chain(&*storm.more).chain(&*storm.clients) {
        job.expect_requests(call, 4)?;
        call.expect_exit(&[1])?;
        call.expect_no_output()?;
    }
    Ok(())
}

pub(super) async fn the_waits_grow(bench: &mut Bench) -> Outcome {
    let storm = storm(bench).await?;
    for (_, call) in storm.clients.iter().chain(&*storm.others) {
        for (number, longest) in (1..).zip(LONGEST) {
            expect_wait(call, number, longest / 2, Duration::MAX)?;
        }
    }
    for (number, longest) in (1..).zip(LONGEST) {
        // The machine may hold up one or the other, but not all of them.
        let quickest = storm.clients.iter().min_by_key(|(_, call)| waits(call).get(number - 1).copied());
        if let Some((_, call)) = quickest {
            expect_wait(call, number, longest / 2, longest + longest / 4)?;
        }
    }
    Ok(())
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

/// From each request to the next.
fn waits(call: &Call) -> Vec<Duration> {
    let requests = call.requests();
    requests.windows(2).map(|two| two[1].at.duration_since(two[0].at)).collect()
}

pub(super) async fn the_waits_differ(bench: &mut Bench) -> Outcome {
    let storm = storm(bench).await?;
    let of = |number: usize| -> Vec<Duration> {
        storm.clients.iter().filter_map(|(_, call)| waits(call).get(number).copied()).collect()
    };
    let (third, fourth) = (of(1), of(2));
    if are_spread(&third, &fourth) {
        return Ok(());
    }
    let listed = |waits: &[Duration]| {
        let mut all: Vec<_> = waits.iter().map(Duration::as_millis).collect();
        all.sort_unstable();
        all.iter().map(u128::to_string).collect::<Vec<_>>().join(" ")
    };
    let failed = storm.clients[0].1.wrong("waits that are spread between half and all of 800, and of 1600 ms");
    let came_back = format!(
        "(ms that each of the eight waited)\nbefore the third attempt: {}\nbefore the fourth: {}",
        listed(&third),
        listed(&fourth)
    );
    Err(Failed { came_back, ..failed })
}

pub(super) async fn refused_is_not_sent(bench: &mut Bench) -> Outcome {
    let left = storm(bench).await?.left;
    left.expect("one request that could be sent", left.requests().len() == 1)?;
    let waits = |from: usize| LONGEST[from..].iter().sum::<Duration>() / 2;
    let least = Duration::from_secs(1) + waits(1);
    let after = left.ran.ended.duration_since(left.requests()[0].at);
    expect_attempts(&left, least, after)?;
    let nobody = asked(bench).await?.nobody;
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
