//! What the client is told in each run, and what its requests get.

use http::StatusCode;
use std::time::Duration;

use super::job::Job;
use super::{DELETE, GET, POST, PUT};
use crate::bench::Bench;
use crate::http::Reply;

/// A run: what the client is told, and what its requests get, one after the other. The last
/// reply is for all that come after it.
pub(super) type Run = (Job, Vec<Reply>);

/// Runs that are judged together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Each verb, and all is well.
    Well,
    /// 4xx.
    Refused,
    /// 503, and then all is well.
    Busy,
    /// Cut, and then all is well.
    Cut,
    /// POSTs whose answer is lost.
    Posts,
    /// A POST that is told to come back, and whose second answer is lost.
    PostLater,
    /// PUTs whose first answer is lost, and which were done.
    Puts,
    /// The same, but somebody else has changed the order since.
    Overtaken,
    /// DELETEs whose first answer is lost, and which were done.
    Deletes,
    /// POSTs that are told to come back in a second: once, and twice.
    PostsAsked,
    /// A POST that gets 503, and is told no time.
    PostUnasked,
    /// The others that are told to come back, after `ASKED`.
    Asked,
    /// They are told to come back when it is too late for that.
    TooLate,
    /// GETs without a whole answer in time.
    SilentGets,
    /// PUTs.
    SilentPuts,
    /// Both, at the second attempt; at the third a whole answer comes in time, though not at once.
    Slow,
    /// Clients that get nothing but 503.
    Clients,
    /// Each gets nothing that ends it, and is told no time.
    Others,
    /// Twice silence before that; and told to come back at once, each time.
    More,
    /// Told to come back in a second, and then nobody listens any more.
    Left,
}

/// As they begin: the first check's first, then what takes long, and last the clients whose waits
/// are compared. Nothing starts beside these any more.
pub(super) const IN_LINE: [Group; 20] = [
    Group::Well,
    Group::Asked,
    Group::Left,
    Group::More,
    Group::Refused,
    Group::Busy,
    Group::Cut,
    Group::Posts,
    Group::PostLater,
    Group::Puts,
    Group::Overtaken,
    Group::Deletes,
    Group::PostsAsked,
    Group::PostUnasked,
    Group::TooLate,
    Group::SilentGets,
    Group::SilentPuts,
    Group::Slow,
    Group::Others,
    Group::Clients,
];

/// In seconds, each time before all is well.
pub(super) const ASKED: [&[u64]; 4] = [&[5], &[1], &[1], &[1, 1]];
/// More than a half of what an attempt may take, and time is left for a busy machine.
const SLOW: Duration = Duration::from_millis(600);
/// Of clients that are sent away together.
const CLIENTS: usize = 8;

impl Group {
    /// Its runs, with values that no program can know.
    pub(super) fn runs(self, bench: &Bench) -> Vec<Run> {
        let job = |method| Job::new(bench, method);
        let post = |replies: &[Reply]| with_done(job(POST), replies);
        match self {
            Self::Well => [GET, POST, PUT, DELETE].map(|method| with_done(job(method), &[])).into(),
            Self::Refused => refused(bench),
            Self::Busy => [GET, PUT, DELETE].map(|method| with_done(job(method), &[busy()])).into(),
            Self::Cut => cut(bench),
            Self::Posts => vec![post(&[Reply::Cut]), post(&[Reply::Hang]), cut_in_the_middle(job(POST))],
            Self::PostLater => vec![post(&[later(1), Reply::Cut])],
            Self::Puts => puts(bench),
            Self::Overtaken => overtaken(bench),
            Self::Deletes => [Reply::Cut, Reply::Hang].map(|lost| (job(DELETE), vec![lost, not_found()])).into(),
            Self::PostsAsked => vec![post(&[later(1)]), post(&[too_many(1), later(1)])],
            Self::PostUnasked => vec![post(&[busy()])],
            Self::Asked => asked(bench),
            Self::TooLate => {
                [(GET, 3_600), (POST, 6)].map(|(method, seconds)| with_done(job(method), &[later(seconds)])).into()
            }
            Self::SilentGets => silent(bench, &GET),
            Self::SilentPuts => silent(bench, &PUT),
            Self::Slow => [GET, PUT].map(|method| slow(job(method))).into(),
            Self::Clients => (0..CLIENTS).map(|_| (job(GET), vec![busy()])).collect(),
            Self::Others => {
                vec![(job(PUT), vec![Reply::Cut]), (job(DELETE), vec![busy()])]
            }
            Self::More => {
                vec![(job(GET), vec![Reply::Hang, Reply::Hang, Reply::Cut]), (job(GET), vec![later(0)])]
            }
            Self::Left => vec![(job(POST), vec![later(1).and_leave()])],
        }
    }
}

/// These replies, and then the one that says that it is done.
fn with_done(job: Job, replies: &[Reply]) -> Run {
    let done = job.done();
    (job, replies.iter().cloned().chain([done]).collect())
}

fn cut_in_the_middle(job: Job) -> Run {
    let half = job.done().cut();
    with_done(job, &[half])
}

/// Not at the first attempt: while that runs, some languages load half of their library.
fn slow(job: Job) -> Run {
    let late = job.done().after(SLOW);
    with_done(job, &[busy(), Reply::Hang, late])
}

fn problem(status: StatusCode) -> Reply {
    let title = status.canonical_reason().unwrap_or_default();
    let body = serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16() });
    Reply::text(status, "application/problem+json", body.to_string())
}

fn not_found() -> Reply {
    problem(StatusCode::NOT_FOUND)
}

fn busy() -> Reply {
    problem(StatusCode::SERVICE_UNAVAILABLE)
}

fn later(seconds: u64) -> Reply {
    busy().header("retry-after", seconds.to_string())
}

fn too_many(seconds: u64) -> Reply {
    problem(StatusCode::TOO_MANY_REQUESTS).header("retry-after", seconds.to_string())
}

/// What each verb meets most, and a few more: each run takes a while in some languages.
fn refused(bench: &Bench) -> Vec<Run> {
    let of = |method: http::Method, statuses: &[u16]| -> Vec<Run> {
        let statuses = statuses.iter().filter_map(|&status| StatusCode::from_u16(status).ok());
        statuses.map(|status| with_done(Job::new(bench, method.clone()), &[problem(status)])).collect()
    };
    [of(GET, &[404]), of(POST, &[422, 400]), of(PUT, &[412, 409, 422]), of(DELETE, &[404])].concat()
}

/// Before the answer and in the middle of it, in both orders.
fn cut(bench: &Bench) -> Vec<Run> {
    let with_half = |method, replies: fn(Reply) -> Vec<Reply>| {
        let job = Job::new(bench, method);
        let half = job.done().cut();
        with_done(job, &replies(half))
    };
    vec![
        with_half(GET, |half| vec![Reply::Cut, half]),
        with_half(PUT, |half| vec![half, Reply::Cut]),
        with_half(DELETE, |_| vec![Reply::Cut]),
    ]
}

/// The answer that was lost: in the middle, or too late; or cut, and another one stands between
/// it and the 412.
fn puts(bench: &Bench) -> Vec<Run> {
    let job = || Job::new(bench, PUT);
    let half = job().done().cut();
    let lost = [vec![half], vec![Reply::Hang], vec![Reply::Cut, busy()]];
    lost.into_iter().map(|lost| changed(lost, job(), Job::order)).collect()
}

fn overtaken(bench: &Bench) -> Vec<Run> {
    let by_whom = [Job::foreign_order, Job::longer_order];
    by_whom.into_iter().map(|order| changed(vec![Reply::Cut], Job::new(bench, PUT), order)).collect()
}

/// After what was lost a 412, and the order as it is.
fn changed(lost: Vec<Reply>, job: Job, order: fn(&Job) -> serde_json::Value) -> Run {
    let now = Reply::json(StatusCode::OK, &order(&job));
    let replies = lost.into_iter().chain([problem(StatusCode::PRECONDITION_FAILED), now]).collect();
    (job, replies)
}

fn asked(bench: &Bench) -> Vec<Run> {
    let replies: [fn(u64) -> Reply; 4] = [later, later, too_many, later];
    let methods = [GET, PUT, GET, DELETE];
    let each = ASKED.iter().zip(replies).zip(methods);
    each.map(|((seconds, reply), method)| {
        let replies: Vec<Reply> = seconds.iter().map(|&seconds| reply(seconds)).collect();
        with_done(Job::new(bench, method), &replies)
    })
    .collect()
}

/// Nothing, and nothing more after the half.
fn silent(bench: &Bench, method: &http::Method) -> Vec<Run> {
    let job = || Job::new(bench, method.clone());
    let stuck = job();
    let half = stuck.done().stuck();
    vec![with_done(job(), &[Reply::Hang]), with_done(stuck, &[half])]
}
