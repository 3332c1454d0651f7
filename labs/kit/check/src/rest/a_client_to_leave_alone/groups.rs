//! What the client is told in each run, and what its requests get.

use http::StatusCode;
use std::time::Duration;

use super::job::Job;
use super::lost::{BACK_AFTER, cut, nothing_lost, overtaken, puts};
use super::replies::{busy, later, not_found, problem, too_many};
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
    /// 4xx, and 5xx that say nothing of another time.
    Refused,
    /// 503, and then all is well.
    Busy,
    /// Cut, and then all is well.
    Cut,
    /// POSTs whose answer is lost.
    Posts,
    /// A POST that is told to come back, and whose second answer is lost; one is refused in between.
    PostLater,
    /// A PUT and a DELETE that are answered, or answered and then refused, and so not done; what comes
    /// after that is their answer.
    NothingLost,
    /// PUTs whose first answer is lost, and which were done.
    Puts,
    /// The same, but somebody else has changed the order since.
    Overtaken,
    /// DELETEs whose first answer is lost, and which were done.
    Deletes,
    /// POSTs that are told to come back: once, and three times.
    PostsAsked,
    /// POSTs that get 503, and are told no time: at once, and after they have come back once.
    PostUnasked,
    /// The others that are told to come back, after `ASKED`.
    Asked,
    /// Told to come back in a second, and after that no time: that was for once.
    Once,
    /// They are told to come back when it is too late for that.
    TooLate,
    /// GETs without a whole answer in time.
    SilentGets,
    /// PUTs.
    SilentPuts,
    /// Two of each, at the second attempt; at the third a whole answer comes in time, though not at once.
    Slow,
    /// Clients that get nothing but 503.
    Clients,
    /// Each gets nothing that ends it, and is told no time.
    Others,
    /// Twice silence before that.
    More,
    /// Told to come back at once, each time.
    AtOnce,
    /// Told to come back in a second, and then nobody listens any more.
    Left,
}

/// As they begin: the first check's first, then what takes long, and last the clients whose waits
/// are compared. Nothing starts beside these any more.
pub(super) const IN_LINE: [Group; 23] = [
    Group::Well,
    Group::Asked,
    Group::Left,
    Group::More,
    Group::AtOnce,
    Group::Once,
    Group::Refused,
    Group::Busy,
    Group::Cut,
    Group::Posts,
    Group::PostLater,
    Group::Puts,
    Group::Overtaken,
    Group::Deletes,
    Group::NothingLost,
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
pub(super) const ASKED: [&[u64]; 4] = [&[5], &[1], &[1], &[1, 2]];
/// More than a half of what an attempt may take, and time is left for a busy machine.
const SLOW: Duration = Duration::from_millis(600);
/// Of clients that are sent away together.
const CLIENTS: usize = 8;

impl Group {
    /// From the first request on; then it is killed.
    pub(super) fn patience(self) -> Duration {
        match self {
            // Told to come back in five seconds it may wait for six; twice in one, for four.
            Self::Asked | Self::PostsAsked => Duration::from_secs(8),
            // Four attempts may take up to five.
            Self::Busy
            | Self::Clients
            | Self::Others
            | Self::More
            | Self::AtOnce
            | Self::Left
            | Self::PostLater
            | Self::NothingLost
            | Self::Puts
            | Self::Slow
            | Self::Deletes => Duration::from_millis(6_500),
            _ => Duration::from_secs(4),
        }
    }

    /// Its runs, with values that no program can know.
    pub(super) fn runs(self, bench: &Bench) -> Vec<Run> {
        let job = |method| Job::new(bench, method);
        let post = |replies: &[Reply]| with_done(job(POST), replies);
        match self {
            Self::Well => well(bench),
            Self::Refused => refused(bench),
            // Also at the last attempt that there is.
            Self::Busy => [(GET, 1), (PUT, 3), (DELETE, 1)]
                .map(|(method, count)| with_done(job(method), &vec![busy(); count]))
                .into(),
            Self::Cut => cut(bench),
            Self::Posts => {
                let half = [Reply::cut, Reply::stuck].map(|lose| lost_in_the_middle(job(POST), lose));
                let none = [Reply::Hang, Reply::Cut, Reply::Reset, Reply::CutLine].map(|lost| post(&[lost]));
                [&none[..], &half].concat()
            }
            Self::PostLater => {
                vec![post(&[later(1), Reply::Cut]), post(&[later(0).and_leave_for(BACK_AFTER), Reply::Cut])]
            }
            Self::Puts => puts(bench),
            Self::Overtaken => overtaken(bench),
            // It is still lost when another answer stands in between, and at the last attempt that there is.
            Self::Deletes => {
                [vec![Reply::Cut, busy(), not_found()], vec![Reply::Hang, Reply::Cut, busy(), not_found()]]
                    .map(|all| (job(DELETE), all))
                    .into()
            }
            Self::PostsAsked => vec![post(&[later(1)]), post(&[too_many(1), later(1), later(0)])],
            Self::PostUnasked => vec![post(&[busy()]), post(&[later(1), busy()])],
            Self::NothingLost => nothing_lost(bench),
            Self::Asked => asked(bench),
            Self::TooLate => too_late(bench),
            Self::SilentGets => silent(bench, &GET),
            Self::SilentPuts => silent(bench, &PUT),
            Self::Slow => [GET, GET, PUT, PUT].map(|method| slow(job(method))).into(),
            // All of them want the same: nothing that they were told tells them apart.
            Self::Clients => vec![(job(GET), vec![busy()]); CLIENTS],
            Self::Once => [GET, PUT].map(|method| with_done(job(method), &[later(1), busy()])).into(),
            Self::Others => {
                let lost = [PUT, DELETE].into_iter().cycle().take(CLIENTS);
                let lost = lost.map(|method| (job(method), vec![Reply::Cut])).collect();
                [vec![(job(DELETE), vec![busy()])], lost].concat()
            }
            Self::More => vec![(job(GET), vec![Reply::Hang, Reply::Hang, Reply::Cut])],
            Self::AtOnce => [GET, DELETE].map(|method| (job(method), vec![later(0)])).into(),
            Self::Left => [POST, GET, PUT, DELETE].map(|method| (job(method), vec![later(1).and_leave()])).into(),
        }
    }
}

/// Each verb; and a POST and a PUT that are answered as by a server that says 200, or 201, to
/// whatever is done.
fn well(bench: &Bench) -> Vec<Run> {
    let mut runs: Vec<Run> = [GET, POST, PUT, DELETE].map(|method| with_done(Job::new(bench, method), &[])).into();
    runs.extend([(POST, StatusCode::OK), (PUT, StatusCode::CREATED)].map(|(method, status)| {
        let job = Job::new(bench, method);
        let done = Reply::json(status, &job.order());
        (job, vec![done])
    }));
    // In pieces, as many servers send what they don't know the length of.
    let job = Job::new(bench, GET);
    let in_pieces = job.done().chunked();
    runs.push((job, vec![in_pieces]));
    runs
}

/// These replies, and then the one that says that it is done.
pub(super) fn with_done(job: Job, replies: &[Reply]) -> Run {
    let done = job.done();
    (job, replies.iter().cloned().chain([done]).collect())
}

fn lost_in_the_middle(job: Job, lose: fn(Reply) -> Reply) -> Run {
    let half = lose(job.done());
    with_done(job, &[half])
}

/// Not at the first attempt: while that runs, some languages load half of their library.
fn slow(job: Job) -> Run {
    let late = job.done().after(SLOW);
    with_done(job, &[busy(), Reply::Hang, late])
}

/// What each verb meets most, and a few more: each run takes a while in some languages. Where it is no
/// 503 and no 429, `Retry-After` changes nothing.
fn refused(bench: &Bench) -> Vec<Run> {
    let of = |method: http::Method, statuses: &[u16], with: fn(Reply) -> Reply| -> Vec<Run> {
        let statuses = statuses.iter().filter_map(|&status| StatusCode::from_u16(status).ok());
        statuses.map(|status| with_done(Job::new(bench, method.clone()), &[with(problem(status))])).collect()
    };
    let later = |reply: Reply| reply.header("retry-after", "1");
    [
        of(GET, &[404], |reply| reply),
        of(POST, &[422, 502], |reply| reply),
        of(PUT, &[412, 500], |reply| reply),
        of(DELETE, &[404, 408], |reply| reply),
        of(GET, &[413], later),
        of(PUT, &[409], later),
        of(DELETE, &[500], later),
        // As final as at the first attempt.
        vec![with_done(Job::new(bench, GET), &[busy(), problem(StatusCode::GATEWAY_TIMEOUT)])],
    ]
    .concat()
}

/// By `ASKED`.
fn asked(bench: &Bench) -> Vec<Run> {
    let each = [
        (GET, vec![later(5)]),
        (PUT, vec![too_many(1)]),
        (GET, vec![too_many(1)]),
        (DELETE, vec![later(1), too_many(2)]),
    ];
    each.into_iter().map(|(method, replies)| with_done(Job::new(bench, method), &replies)).collect()
}

/// At once, and after a wait of its own.
fn too_late(bench: &Bench) -> Vec<Run> {
    let each =
        [(GET, vec![busy(), later(6)]), (POST, vec![later(3_600)]), (PUT, vec![too_many(6)]), (DELETE, vec![later(6)])];
    each.into_iter().map(|(method, replies)| with_done(Job::new(bench, method), &replies)).collect()
}

/// Nothing, and nothing more after the half.
fn silent(bench: &Bench, method: &http::Method) -> Vec<Run> {
    let job = || Job::new(bench, method.clone());
    let stuck = job();
    let half = stuck.done().stuck();
    vec![with_done(job(), &[Reply::Hang]), with_done(stuck, &[half])]
}
