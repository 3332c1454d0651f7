//! The runs of the client. They begin with the first check and go on beside the checks, each of
//! which waits for those that it judges: nearly all of it is waiting, and that can be done at once.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, MaybeDone, maybe_done, try_join_all};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::POST;
use super::groups::{Group, IN_LINE, Run};
use super::job::Job;
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
    let call = bench.call(&args, patience, plan(replies, Arc::clone(&started))).await;
    // It may have ended without a request.
    is_over(&started);
    Ok((job, call?))
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
