//! The runs of the client. They begin with the first check and go on beside the checks, each of
//! which waits for those that it judges: nearly all of it is waiting, and that can be done at once.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, MaybeDone, maybe_done, try_join_all};
use http::StatusCode;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::POST;
use super::groups::{Group, IN_LINE, Run};
use super::job::Job;
use super::waits::{ALL_BUT_A_SECOND, LONGEST};
use crate::bench::Bench;
use crate::beside::{UnderWay, under_way};
use crate::call::Call;
use crate::http::{Plan, Reply};
use crate::verdict::Failed;

/// From its start, where there is no request to count from.
const ALONE: Duration = Duration::from_secs(12);
/// Runs that have not sent anything yet. To start takes a processor, and to wait takes none: so
/// those that wait are hardly held up by the others, and nor are their times.
const STARTING: usize = 2;
/// Of a run in which the machine held the client up.
const TRIES: usize = 2;
/// May be added to a time that was asked for.
const HALF_A_SECOND: Duration = Duration::from_millis(500);
/// Runs that are under way. Some languages take much memory.
const UNDER_WAY: usize = 20;

/// What came of some.
pub(super) type Runs = Arc<Vec<(Job, Call)>>;

/// All of them.
#[derive(Clone)]
struct All {
    groups: Arc<Vec<(Group, UnderWay<Runs>)>>,
    /// A POST, and nobody ever listens.
    nobody: UnderWay<Arc<Call>>,
}

/// What came of these.
pub(super) async fn runs(bench: &mut Bench, group: Group) -> Result<Runs, Failed> {
    let all = all(bench).await;
    let (_, runs) = all.groups.iter().find(|(name, _)| *name == group).expect("each stands in the line");
    runs.clone().await
}

/// What came of the one for whom nobody listens.
pub(super) async fn nobody(bench: &mut Bench) -> Result<Arc<Call>, Failed> {
    all(bench).await.nobody.await
}

async fn all(bench: &mut Bench) -> All {
    if let Some(all) = bench.seen.get::<All>() {
        return all.clone();
    }
    let line = Line { starting: Semaphore::new(STARTING).into(), under_way: Semaphore::new(UNDER_WAY).into() };
    let nobody = under_way(alone(bench.beside(), Job::new(bench, POST)));
    let mut groups = Vec::new();
    for group in IN_LINE {
        let mut runs = Vec::new();
        for run in group.runs(bench) {
            runs.push(one(bench.beside(), run, group.patience(), line.enter().await));
        }
        let runs = async { try_join_all(runs).await.map(Arc::new) };
        groups.push((group, under_way(runs)));
    }
    let all = All { groups: Arc::new(groups), nobody };
    bench.seen.insert(all.clone());
    all
}

async fn alone(bench: Bench, job: Job) -> Result<Arc<Call>, Failed> {
    let args = job.args();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    bench.call_nobody(&args, ALONE).await.map(Arc::new)
}

async fn one(bench: Bench, (job, replies): Run, patience: Duration, turn: Turn) -> Result<(Job, Call), Failed> {
    let (started, _under_way) = turn.comes().await;
    let started = Arc::new(Mutex::new(started));
    let args = job.args();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut tries = 0;
    let call = loop {
        let call = bench.call(&args, patience, plan(replies.clone(), Arc::clone(&started))).await;
        // It may have ended without a request.
        is_over(&started);
        tries += 1;
        if tries == TRIES || !call.as_ref().is_ok_and(|call| was_held_up(call, &replies)) {
            break call;
        }
    };
    Ok((job, call?))
}

/// An answer was here, and what came next was late by as much as an attempt may take: a client that the
/// machine doesn't let go on takes the answer for lost, and is right. One that is wrong is so each time.
fn was_held_up(call: &Call, replies: &[Reply]) -> bool {
    let requests = call.requests();
    let mut at: Vec<_> = requests.iter().map(|one| one.at).collect();
    // The end of one that was killed isn't its own.
    at.extend(call.ran.status.map(|_| call.ran.ended));
    at.windows(2).enumerate().any(|(number, two)| {
        let goes_on = number + 1 < requests.len();
        let longest = due(&replies[number.min(replies.len() - 1)], goes_on.then_some(number));
        longest.is_some_and(|longest| two[1].duration_since(two[0]) > longest + ALL_BUT_A_SECOND)
    })
}

/// When the next request is due after this answer to the one with that number, or the end without one.
/// `None`: the answer doesn't come whole.
fn due(reply: &Reply, number: Option<usize>) -> Option<Duration> {
    match reply {
        Reply::Late(time, reply) => Some(*time + due(reply, number)?),
        Reply::Answer { status: StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS, headers, .. } => {
            let Some(number) = number else { return Some(Duration::ZERO) };
            let asked =
                headers.iter().find(|(name, _)| *name == "retry-after").and_then(|(_, value)| value.parse().ok());
            let own = || LONGEST.get(number).copied().unwrap_or_default();
            Some(asked.map_or_else(own, |seconds| Duration::from_secs(seconds) + HALF_A_SECOND))
        }
        Reply::Answer { .. } | Reply::Chunked { .. } => Some(Duration::ZERO),
        _ => None,
    }
}

/// The first request gets the first reply, and so on. With it the start is over.
fn plan(replies: Vec<Reply>, started: Arc<Mutex<Permit>>) -> impl Plan {
    move |_, before| {
        is_over(&started);
        replies[before.min(replies.len() - 1)].clone()
    }
}

fn is_over(started: &Mutex<Permit>) {
    started.lock().unwrap_or_else(PoisonError::into_inner).take();
}

/// `None`: it was given back.
type Permit = Option<OwnedSemaphorePermit>;
type Acquiring = Pin<Box<MaybeDone<BoxFuture<'static, Result<OwnedSemaphorePermit, AcquireError>>>>>;

/// Where runs stand until it is their turn, one after the other.
struct Line {
    starting: Arc<Semaphore>,
    under_way: Arc<Semaphore>,
}

/// A place in it.
struct Turn {
    starting: Arc<Semaphore>,
    under_way: Acquiring,
}

impl Line {
    /// At its end.
    async fn enter(&self) -> Turn {
        let mut under_way = Box::pin(maybe_done(Arc::clone(&self.under_way).acquire_owned().boxed()));
        // A semaphore knows those that have asked once, in the order in which they did.
        let _ = futures_util::poll!(&mut under_way);
        Turn { starting: Arc::clone(&self.starting), under_way }
    }
}

impl Turn {
    /// Returns the permits to start, and to be under way.
    async fn comes(mut self) -> (Permit, Permit) {
        self.under_way.as_mut().await;
        let under_way = self.under_way.as_mut().take_output().and_then(Result::ok);
        (self.starting.acquire_owned().await.ok(), under_way)
    }
}
