//! An answer that is lost, and what comes after it.

use std::time::Duration;

use http::StatusCode;

use super::groups::{Run, with_done};
use super::job::Job;
use super::replies::{busy, later, not_found, problem};
use super::{DELETE, GET, PUT};
use crate::bench::Bench;
use crate::http::Reply;

/// Whoever was told to come back at once does so before that, and is refused; and its fourth
/// attempt comes after that, 1.2 s later at least.
pub(super) const BACK_AFTER: Duration = Duration::from_secs(1);

/// Before the answer and in the middle of it, in both orders.
pub(super) fn cut(bench: &Bench) -> Vec<Run> {
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
pub(super) fn puts(bench: &Bench) -> Vec<Run> {
    let job = || Job::new(bench, PUT);
    let half = job().done().cut();
    let lost = [vec![half], vec![Reply::Hang], vec![Reply::Cut, busy()]];
    lost.into_iter().map(|lost| changed(lost, job(), Job::order)).collect()
}

pub(super) fn overtaken(bench: &Bench) -> Vec<Run> {
    let by_whom = [Job::foreign_order, Job::longer_order, Job::shorter_order];
    let changed = by_whom.into_iter().map(|order| changed(vec![Reply::Cut], Job::new(bench, PUT), order));
    let gone = vec![Reply::Cut, problem(StatusCode::PRECONDITION_FAILED), not_found()];
    changed.chain([(Job::new(bench, PUT), gone)]).collect()
}

/// After what was lost a 412, and the order as it is.
fn changed(lost: Vec<Reply>, job: Job, order: fn(&Job) -> serde_json::Value) -> Run {
    let now = Reply::json(StatusCode::OK, &order(&job));
    let replies = lost.into_iter().chain([problem(StatusCode::PRECONDITION_FAILED), now]).collect();
    (job, replies)
}

/// It would be right to look, and to take it for done, if the first answer had been lost.
pub(super) fn nothing_lost(bench: &Bench) -> Vec<Run> {
    let each = |first: Reply| {
        let delete = vec![first.clone(), not_found()];
        [changed(vec![first], Job::new(bench, PUT), Job::order), (Job::new(bench, DELETE), delete)]
    };
    [each(busy()), each(later(0).and_leave_for(BACK_AFTER))].concat()
}
