//! rest/02: a client that acts on what it gets.

mod replies;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use self::replies::{Run, bodies, broken, each, html, of_other_types, ok, order};
use self::waiting::waiting;
use super::README;
use crate::bench::Bench;
use crate::call::Call;
use crate::exercise::{Exercise, Role, checks};
use crate::http::{Reply, Taken};
use crate::verdict::{Failed, Outcome};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "rest/02",
    name: "a_client",
    role: Role::RestClient,
    data: include_str!("a_client.toml"),
    readme: README,
    checks: checks![
        it_asks_for_what_it_is_told,
        it_prints_the_json,
        a_charset_is_no_matter,
        an_error_status_is_a_failure,
        an_error_page_is_not_printed,
        other_content_types_are_refused,
        half_an_answer_is_none,
        nobody_is_there,
        silence_has_an_end,
        a_body_has_a_bound,
    ],
};

/// From its first request, where nothing says how long it may take.
const PATIENCE: Duration = Duration::from_secs(7);
/// Three seconds, and what it takes to end.
const AT_LAST: Duration = Duration::from_millis(3_400);
/// So much may be in a body.
const MOST: usize = 1024 * 1024;
/// What was taken of a body without end: 1 MiB was read, and the system's buffers hold some more.
const MOST_TAKEN: u64 = 12 * 1024 * 1024;
/// Those that somebody makes an exception for, the first and the last.
const STATUSES: [u16; 12] = [400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504, 599];
/// What no list has of the statuses that somebody knows.
const SELDOM: [u16; 6] = [402, 410, 412, 418, 451, 507];

async fn it_asks_for_what_it_is_told(bench: &mut Bench) -> Outcome {
    let number = bench.number(900);
    let ids = [
        bench.id(),
        bench.word(),
        "health".to_owned(),
        format!("00{number}"),
        format!("{}-Q{number}-{}", bench.word().to_uppercase(), bench.id()),
    ];
    let reply = ok(order(bench).to_string());
    let mut runs = vec![Run::health(reply.clone())];
    runs.extend(ids.map(|id| Run { id: Some(id), reply: reply.clone() }));
    for (run, call) in runs.iter().zip(each(bench, &runs).await?) {
        call.expect_requests(1, &Method::GET, &run.path())?;
    }
    waiting(bench);
    // Whatever it is told: it isn't asked to try again.
    for (_, call) in error_pages(bench).await?.iter() {
        it_asked_once(call)?;
    }
    hung_up(bench).await?.iter().try_for_each(it_asked_once)
}

fn it_asked_once(call: &Call) -> Outcome {
    let path = call.requests().first().map_or_else(String::new, |first| first.path.clone());
    call.expect_requests(1, &Method::GET, &path)
}

/// What came of it, for both verbs, where no answer came.
type HungUp = Arc<[Call; 2]>;

async fn hung_up(bench: &mut Bench) -> Result<HungUp, Failed> {
    if let Some(calls) = bench.seen.get::<HungUp>() {
        return Ok(calls.clone());
    }
    let [get, health] = [Run::get(bench, Reply::Cut), Run::health(Reply::Reset)];
    let calls: HungUp = Arc::new(tokio::try_join!(get.call(bench), health.call(bench))?.into());
    bench.seen.insert(calls.clone());
    Ok(calls)
}

async fn it_prints_the_json(bench: &mut Bench) -> Outcome {
    let runs: Vec<Run> = bodies(bench).into_iter().map(|body| Run::either(bench, ok(body).chunked())).collect();
    let (get, health) = (ok(order(bench).to_string()), ok(order(bench).to_string()));
    each_is_printed(bench, &[Run::get(bench, get), Run::health(health)]).await?;
    each_is_printed(bench, &runs).await
}

async fn a_charset_is_no_matter(bench: &mut Bench) -> Outcome {
    let types = ["application/json; charset=utf-8", "application/json;charset=UTF-8"];
    let [one, other] = types.map(|content_type| Reply::text(StatusCode::OK, content_type, order(bench).to_string()));
    each_is_printed(bench, &[Run::get(bench, one), Run::health(other)]).await
}

/// The body stands on stdout, and the exit code is 0.
async fn each_is_printed(bench: &Bench, runs: &[Run]) -> Outcome {
    for (call, run) in each(bench, runs).await?.iter().zip(runs) {
        call.expect_output(&body_of(&run.reply))?;
        call.expect_exit(&[0])?;
    }
    Ok(())
}

async fn an_error_status_is_a_failure(bench: &mut Bench) -> Outcome {
    error_pages(bench).await?.iter().try_for_each(|(_, call)| call.expect_exit(&[1]))
}

async fn an_error_page_is_not_printed(bench: &mut Bench) -> Outcome {
    for (status, call) in error_pages(bench).await?.iter() {
        call.expect_no_output()?;
        call.expect_said(status.as_str())?;
    }
    Ok(())
}

/// What came of them: two checks look at the same runs.
type ErrorPages = Arc<Vec<(StatusCode, Call)>>;

/// HTML, a problem, nothing at all, and JSON that looks as it should, in statuses that are usual and others.
async fn error_pages(bench: &mut Bench) -> Result<ErrorPages, Failed> {
    if let Some(pages) = bench.seen.get::<ErrorPages>() {
        return Ok(pages.clone());
    }
    let (ise, not_found, away) =
        (StatusCode::INTERNAL_SERVER_ERROR, StatusCode::NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE);
    let page = html(bench, "Internal Server Error");
    let problem = json!({ "title": "Not Found", "detail": bench.word() }).to_string();
    let mut pages = vec![
        (ise, Run::get(bench, Reply::text(ise, "text/html; charset=utf-8", page))),
        (not_found, Run::get(bench, Reply::text(not_found, "application/problem+json", problem))),
        (not_found, Run::health(Reply::json(not_found, &order(bench)))),
        (away, Run::health(Reply::status(away))),
    ];
    let seldom = SELDOM[bench.number(7) as usize - 2];
    let json = STATUSES.into_iter().chain([seldom]).filter_map(|status| StatusCode::from_u16(status).ok());
    // Whether to come back, and when, is the caller's affair here.
    let later = |status| Reply::json(status, &order(bench)).header("retry-after", "1");
    pages.extend(json.map(|status| (status, Run::either(bench, later(status)))));
    let (statuses, runs): (Vec<_>, Vec<_>) = pages.into_iter().unzip();
    let pages: ErrorPages = Arc::new(statuses.into_iter().zip(each(bench, &runs).await?).collect());
    bench.seen.insert(pages.clone());
    Ok(pages)
}

async fn other_content_types_are_refused(bench: &mut Bench) -> Outcome {
    each_is_refused(bench, of_other_types(bench)).await
}

async fn half_an_answer_is_none(bench: &mut Bench) -> Outcome {
    each_is_refused(bench, broken(bench)).await
}

/// Exit code 1, and nothing on stdout. The first and the last are for both verbs.
async fn each_is_refused(bench: &Bench, replies: Vec<Reply>) -> Outcome {
    let both = [&replies[..1], &replies[replies.len() - 1..]].concat();
    let mut runs: Vec<Run> = both.iter().map(|reply| Run::get(bench, reply.clone())).collect();
    runs.extend(both.into_iter().map(Run::health));
    runs.extend(replies[1..replies.len() - 1].iter().map(|reply| Run::either(bench, reply.clone())));
    for call in &each(bench, &runs).await? {
        is_refused(call)?;
        it_asked_once(call)?;
    }
    Ok(())
}

fn is_refused(call: &Call) -> Outcome {
    call.expect_exit(&[1])?;
    call.expect_no_output()?;
    says_why(call)
}

fn says_why(call: &Call) -> Outcome {
    call.expect("on stderr why", !call.ran.stderr.trim().is_empty())
}

async fn nobody_is_there(bench: &mut Bench) -> Outcome {
    let (nobody, hung_up) = (waiting(bench).nobody.await?, hung_up(bench).await?);
    for call in nobody.iter().chain(&*hung_up) {
        call.expect_exit(&[1, 3])?;
        call.expect_no_output()?;
        says_why(call)?;
    }
    Ok(())
}

async fn silence_has_an_end(bench: &mut Bench) -> Outcome {
    let silent = waiting(bench).silent.await?;
    for call in silent.iter() {
        is_refused(call)?;
        // Nor is it asked again while nothing comes.
        it_asked_once(call)?;
    }
    // The machine can't be too busy for all of them.
    let took = |call: &&Call| call.requests().first().map(|first| call.ran.ended.duration_since(first.at));
    let quickest = silent.iter().min_by_key(took);
    quickest.map_or(Ok(()), |call| call.expect("an end within 3 s of the request", took(&call) <= Some(AT_LAST)))
}

async fn a_body_has_a_bound(bench: &mut Bench) -> Outcome {
    // Whatever is said of it before it begins.
    let said = [(200, "application/json"), (200, "application/json"), (500, "application/json"), (200, "text/html")];
    let taken = said.map(|_| Taken::default());
    let endless: Vec<Reply> = said
        .into_iter()
        .zip(&taken)
        .map(|((status, content_type), taken)| Reply::Endless {
            status: StatusCode::from_u16(status).unwrap_or_default(),
            content_type,
            begin: order(bench).to_string(),
            taken: taken.clone(),
        })
        .collect();
    let text = |letters: String| ok(json!(letters).to_string());
    // They end, and only their length is wrong with them: a byte too much, said before or not. In
    // characters one is half as long.
    let long = text("x".repeat(MOST - 1));
    let wide = text(format!("x{}", "é".repeat(MOST / 2 - 1)));
    let runs = [
        Run::get(bench, endless[0].clone()),
        Run::health(endless[1].clone()),
        Run::either(bench, endless[2].clone()),
        Run::either(bench, endless[3].clone()),
        Run::get(bench, long.clone()),
        Run::health(long.chunked()),
        Run::either(bench, wide),
    ];
    let calls = each(bench, &runs).await?;
    for (call, taken) in calls.iter().zip(&taken) {
        call.expect("less than 12 MiB taken, however much there is", taken.bytes() < MOST_TAKEN)?;
    }
    calls.iter().try_for_each(is_refused)?;
    // Not a byte too much.
    let just = text("x".repeat(MOST - 2));
    each_is_printed(bench, &[Run::either(bench, just.clone()), Run::either(bench, just.chunked())]).await
}

fn body_of(reply: &Reply) -> Value {
    match reply {
        Reply::Answer { body, .. } | Reply::Chunked { body, .. } => serde_json::from_str(body).unwrap_or_default(),
        _ => Value::Null,
    }
}
