//! rest/07: a client that tries again where that can do no harm.

mod job;
mod spread;
mod waits;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use http::{Method, StatusCode};

use self::job::Job;
use self::waits::*;
use super::README;
use crate::bench::Bench;
use crate::call::Call;
use crate::exercise::{Exercise, Role, checks};
use crate::http::{Plan, Reply};
use crate::verdict::{Failed, Outcome};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "rest/07",
    name: "a_client_to_leave_alone",
    role: Role::RestClient,
    data: include_str!("a_client_to_leave_alone.toml"),
    readme: README,
    checks: checks![
        each_verb_sends_its_request,
        a_refusal_is_final,
        busy_is_tried_again,
        what_was_lost_is_tried_again,
        a_post_is_not_sent_twice,
        a_put_finds_out,
        a_delete_was_done,
        a_post_may_come_back,
        retry_after_is_kept,
        too_long_is_not_waited_for,
        an_attempt_has_an_end,
        four_attempts_are_all,
        the_waits_grow,
        the_waits_differ,
        refused_is_not_sent,
    ],
};

/// From the first request on. Where all goes well a client needs a second or two.
const PATIENCE: Duration = Duration::from_secs(4);
/// Runs that are under way at once, where it isn't about their being together.
const AT_ONCE: usize = 4;

/// A run: what the client is told, and what its requests get, one after the other. The last
/// reply is for all that come after it.
type Run = (Job, Vec<Reply>);
/// What came of some.
type Runs = Arc<Vec<(Job, Call)>>;

const GET: Method = Method::GET;
const PUT: Method = Method::PUT;
const POST: Method = Method::POST;
const DELETE: Method = Method::DELETE;

async fn each_verb_sends_its_request(bench: &mut Bench) -> Outcome {
    let runs = [GET, POST, PUT, DELETE].map(|method| with_done(Job::new(bench, method), []));
    for (job, call) in each(bench, runs.to_vec()).await? {
        job.expect_requests(&call, 1)?;
        job.expect_done(&call)?;
    }
    Ok(())
}

async fn a_refusal_is_final(bench: &mut Bench) -> Outcome {
    let refused = [
        (GET, StatusCode::NOT_FOUND),
        (POST, StatusCode::UNPROCESSABLE_ENTITY),
        (PUT, StatusCode::PRECONDITION_FAILED),
        (DELETE, StatusCode::NOT_FOUND),
        (GET, StatusCode::BAD_REQUEST),
        (POST, StatusCode::BAD_REQUEST),
        (PUT, StatusCode::CONFLICT),
        (DELETE, StatusCode::BAD_REQUEST),
    ];
    let runs = refused.map(|(method, status)| with_done(Job::new(bench, method), [problem(status)]));
    for (job, call) in each(bench, runs.to_vec()).await? {
        job.expect_requests(&call, 1)?;
        call.expect_exit(&[1])?;
        call.expect_no_output()?;
    }
    Ok(())
}

async fn busy_is_tried_again(bench: &mut Bench) -> Outcome {
    let busy = || problem(StatusCode::SERVICE_UNAVAILABLE);
    let runs = [GET, PUT, DELETE].map(|method| with_done(Job::new(bench, method), [busy()]));
    each_is_done_at_the_second_attempt(bench, runs.to_vec()).await
}

async fn what_was_lost_is_tried_again(bench: &mut Bench) -> Outcome {
    let mut runs: Vec<Run> = [GET, PUT, DELETE].map(|method| with_done(Job::new(bench, method), [Reply::Cut])).to_vec();
    let job = Job::new(bench, GET);
    let half = job.done().cut();
    runs.push(with_done(job, [half]));
    each_is_done_at_the_second_attempt(bench, runs).await
}

async fn each_is_done_at_the_second_attempt(bench: &Bench, runs: Vec<Run>) -> Outcome {
    for (job, call) in each(bench, runs).await? {
        job.expect_requests(&call, 2)?;
        job.expect_done(&call)?;
    }
    Ok(())
}

async fn a_post_is_not_sent_twice(bench: &mut Bench) -> Outcome {
    for (job, call) in &lost(bench).await?[6..] {
        job.expect_requests(call, 1)?;
        call.expect_exit(&[1])?;
        call.expect_said("unknown: it may be placed")?;
        call.expect_no_output()?;
    }
    Ok(())
}

/// The runs in which an answer is lost. Where there is a next one, it tells what became of the
/// first: to four PUTs, of which the last was overtaken, and two DELETEs; then there are two POSTs.
#[derive(Clone)]
struct Lost(Runs);

async fn lost(bench: &mut Bench) -> Result<Runs, Failed> {
    if let Some(Lost(runs)) = bench.seen.get() {
        return Ok(runs.clone());
    }
    let put = |lost: fn(&Job) -> Reply, order: fn(&Job) -> serde_json::Value| {
        let job = Job::new(bench, PUT);
        let replies = [lost(&job), problem(StatusCode::PRECONDITION_FAILED), Reply::json(StatusCode::OK, &order(&job))];
        (job, replies.to_vec())
    };
    let delete = |lost| (Job::new(bench, DELETE), vec![lost, problem(StatusCode::NOT_FOUND)]);
    let runs = [
        put(|_| Reply::Cut, Job::order),
        put(|job| job.done().cut(), Job::order),
        put(|_| Reply::Hang, Job::order),
        put(|_| Reply::Cut, Job::foreign_order),
        delete(Reply::Cut),
        delete(Reply::Hang),
        with_done(Job::new(bench, POST), [Reply::Cut]),
        with_done(Job::new(bench, POST), [Reply::Hang]),
    ];
    let runs = Arc::new(together(bench, &runs, PATIENCE).await?);
    bench.seen.insert(Lost(runs.clone()));
    Ok(runs)
}

async fn a_put_finds_out(bench: &mut Bench) -> Outcome {
    for (number, (job, call)) in lost(bench).await?[..4].iter().enumerate() {
        let requests = call.requests();
        let asked = matches!(&requests[..], [first, second, third]
            if job.is_in(first) && job.is_in(second) && third.method == GET && third.path == job.path());
        call.expect(&format!("PUT, PUT, and after the 412: GET {}", job.path()), asked)?;
        if number < 3 {
            job.expect_done(call)?;
        } else {
            call.expect_exit(&[1])?;
            call.expect_no_output()?;
        }
    }
    Ok(())
}

async fn a_delete_was_done(bench: &mut Bench) -> Outcome {
    for (job, call) in &lost(bench).await?[4..6] {
        job.expect_requests(call, 2)?;
        job.expect_done(call)?;
    }
    Ok(())
}

/// These replies, and then the one that says that it is done.
fn with_done<const N: usize>(job: Job, replies: [Reply; N]) -> Run {
    let done = job.done();
    (job, replies.into_iter().chain([done]).collect())
}

fn problem(status: StatusCode) -> Reply {
    let title = status.canonical_reason().unwrap_or_default();
    let body = serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16() });
    Reply::text(status, "application/problem+json", body.to_string())
}

/// The first request gets the first reply, and so on.
fn plan(replies: Vec<Reply>) -> impl Plan {
    move |_, before| replies[before.min(replies.len() - 1)].clone()
}

/// All runs, some at once.
async fn each(bench: &Bench, runs: Vec<Run>) -> Result<Vec<(Job, Call)>, Failed> {
    let mut done = Vec::new();
    for some in runs.chunks(AT_ONCE) {
        done.extend(together(bench, some, PATIENCE).await?);
    }
    Ok(done)
}

/// All at once.
async fn together(bench: &Bench, runs: &[Run], patience: Duration) -> Result<Vec<(Job, Call)>, Failed> {
    let runs = runs.iter().cloned().map(|(job, replies)| async move {
        let args = job.args();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let call = bench.call(&args, patience, plan(replies)).await?;
        Ok::<_, Failed>((job, call))
    });
    try_join_all(runs).await
}
