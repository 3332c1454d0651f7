//! rest/07: a client that tries again where that can do no harm.

mod groups;
mod job;
mod lost;
mod replies;
mod runs;
mod spread;
mod waits;

use http::Method;

use self::groups::Group;
use self::job::Job;
use self::runs::runs;
use self::waits::*;
use super::README;
use crate::bench::Bench;
use crate::call::Call;
use crate::exercise::{Exercise, Role, checks};
use crate::verdict::Outcome;

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

const GET: Method = Method::GET;
const PUT: Method = Method::PUT;
const POST: Method = Method::POST;
const DELETE: Method = Method::DELETE;

async fn each_verb_sends_its_request(bench: &mut Bench) -> Outcome {
    for (job, call) in &*runs(bench, Group::Well).await? {
        job.expect_requests(call, 1)?;
        job.expect_done(call)?;
    }
    Ok(())
}

async fn a_refusal_is_final(bench: &mut Bench) -> Outcome {
    are_given_up_at_the_last(bench, Group::Refused).await
}

/// What they get before all is well: the last of it ends them. Whether they come back for that,
/// other sentences tell.
async fn are_given_up_at_the_last(bench: &mut Bench, group: Group) -> Outcome {
    let planned: Vec<usize> = group.runs(bench).iter().map(|(_, replies)| replies.len() - 1).collect();
    for ((job, call), attempts) in runs(bench, group).await?.iter().zip(planned) {
        if !(1..attempts).contains(&call.requests().len()) {
            job.expect_requests(call, attempts)?;
            expect_given_up(call)?;
        }
    }
    Ok(())
}

/// As each does that has no order to print.
fn expect_given_up(call: &Call) -> Outcome {
    call.expect_exit(&[1])?;
    call.expect_no_output()?;
    call.expect("on stderr why", !call.ran.stderr.trim().is_empty())
}

async fn busy_is_tried_again(bench: &mut Bench) -> Outcome {
    each_is_done_when_it_can_be(bench, Group::Busy).await
}

async fn what_was_lost_is_tried_again(bench: &mut Bench) -> Outcome {
    each_is_done_when_it_can_be(bench, Group::Cut).await
}

async fn each_is_done_when_it_can_be(bench: &mut Bench, group: Group) -> Outcome {
    let planned: Vec<usize> = group.runs(bench).iter().map(|(_, replies)| replies.len()).collect();
    for ((job, call), attempts) in runs(bench, group).await?.iter().zip(planned) {
        job.expect_requests(call, attempts)?;
        job.expect_done(call)?;
    }
    Ok(())
}

async fn a_post_is_not_sent_twice(bench: &mut Bench) -> Outcome {
    for (job, call) in &*runs(bench, Group::Posts).await? {
        job.expect_requests(call, 1)?;
        expect_unknown(call)?;
    }
    is_given_up_in_time(&runs(bench, Group::Posts).await?)?;
    for (job, call) in &*runs(bench, Group::PostLater).await? {
        // Whether it comes back at all, another sentence tells.
        if call.requests().len() > 1 {
            job.expect_requests(call, 2)?;
            expect_unknown(call)?;
        }
    }
    Ok(())
}

fn expect_unknown(call: &Call) -> Outcome {
    call.expect_exit(&[1])?;
    call.expect_said("unknown: it may be placed")?;
    call.expect_no_output()
}

async fn a_put_finds_out(bench: &mut Bench) -> Outcome {
    for (job, call) in &*runs(bench, Group::Puts).await? {
        expect_question(job, call)?;
        job.expect_done(call)?;
    }
    for (job, call) in &*runs(bench, Group::Overtaken).await? {
        expect_question(job, call)?;
        expect_given_up(call)?;
    }
    nothing_was_lost(bench, &PUT).await
}

/// It sends the same once more, and that is all. Whether it comes back at all, other sentences tell.
async fn nothing_was_lost(bench: &mut Bench, method: &Method) -> Outcome {
    let runs = runs(bench, Group::NothingLost).await?;
    let came_back = runs.iter().filter(|(job, call)| job.method == *method && call.requests().len() > 1);
    came_back.into_iter().try_for_each(|(job, call)| {
        job.expect_requests(call, 2)?;
        expect_given_up(call)
    })
}

/// The same PUT two times or three, as often as it was answered, and then one GET.
fn expect_question(job: &Job, call: &Call) -> Outcome {
    let requests = call.requests();
    let asked = requests.split_last().is_some_and(|(last, puts)| {
        puts.len() > 1
            && puts.iter().all(|put| job.is_in(put))
            && puts.last().is_some_and(|put| put.reply.starts_with("HTTP/1.1 412"))
            && last.method == GET
            && last.path == job.path()
    });
    call.expect(&format!("PUT until it gets 412, and after that one GET {}", job.path()), asked)
}

async fn a_delete_was_done(bench: &mut Bench) -> Outcome {
    each_is_done_when_it_can_be(bench, Group::Deletes).await?;
    nothing_was_lost(bench, &DELETE).await
}
