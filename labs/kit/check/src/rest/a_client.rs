//! rest/02: a client that acts on what it gets.

mod waiting;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};

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

/// From its first request: three seconds, as the sentence says, and what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(4);
/// Runs that are under way at once.
const AT_ONCE: usize = 4;
/// So much may be in a body.
const MOST: usize = 1024 * 1024;
/// What was taken of a body without end: 1 MiB was read, and the system's buffers hold some more.
const MOST_TAKEN: u64 = 12 * 1024 * 1024;

/// What no list has of the statuses that somebody knows.
const SELDOM: [[StatusCode; 4]; 2] = [
    [StatusCode::PAYMENT_REQUIRED, StatusCode::GONE, StatusCode::IM_A_TEAPOT, StatusCode::LOCKED],
    [
        StatusCode::NOT_IMPLEMENTED,
        StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        StatusCode::INSUFFICIENT_STORAGE,
        StatusCode::LOOP_DETECTED,
    ],
];

async fn it_asks_for_what_it_is_told(bench: &mut Bench) -> Outcome {
    let value = &order(bench);
    let runs = [None, Some(bench.id()), Some(bench.word())].map(|id| {
        let bench = &*bench;
        async move {
            let args: Vec<&str> = id.as_deref().map_or(vec!["health"], |id| vec!["get", id]);
            let path = id.as_deref().map_or("/health".to_owned(), |id| format!("/v1/orders/{id}"));
            let reply = Reply::json(StatusCode::OK, value);
            let call = bench.call(&args, PATIENCE, move |_, _| reply.clone()).await?;
            call.expect_requests(1, &Method::GET, &path)
        }
    });
    try_join_all(runs).await?;
    waiting(bench);
    // Whatever it is told: it isn't asked to try again.
    for (_, call) in error_pages(bench).await?.iter() {
        let requests = call.requests();
        let path = requests.first().map_or_else(String::new, |first| first.path.clone());
        call.expect_requests(1, &Method::GET, &path)?;
    }
    Ok(())
}

async fn it_prints_the_json(bench: &mut Bench) -> Outcome {
    let long: Vec<String> = (0..2_000).map(|number| format!("{number}: {}", bench.word().repeat(8))).collect();
    let pretty = serde_json::to_string_pretty(&order(bench)).unwrap_or_default().replace('\n', "\r\n");
    let bodies = [
        order(bench).to_string(),
        // Not long enough to be refused, nor to be too much on stdout in UTF-16.
        json!([format!("{}{}", bench.word(), "x".repeat(500_000)), null, true, { bench.word(): [] }]).to_string(),
        // Nothing is in them, and they are JSON.
        "{}".to_owned(),
        " [ ]\n".to_owned(),
        format!("{pretty}\r\n"),
        json!({ "orders": long }).to_string(),
    ];
    let replies = bodies.map(|body| Reply::text(StatusCode::OK, "application/json", body).chunked());
    each_is_printed(bench, &replies).await
}

async fn a_charset_is_no_matter(bench: &mut Bench) -> Outcome {
    let types = ["application/json; charset=utf-8", "application/json;charset=UTF-8"];
    let replies = types.map(|content_type| Reply::text(StatusCode::OK, content_type, order(bench).to_string()));
    each_is_printed(bench, &replies).await
}

/// The body stands on stdout, and the exit code is 0.
async fn each_is_printed(bench: &Bench, replies: &[Reply]) -> Outcome {
    for (call, reply) in each(bench, replies).await?.iter().zip(replies) {
        call.expect_output(&body_of(reply))?;
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

/// HTML, a problem, and JSON that looks as it should, in statuses that are usual and others.
async fn error_pages(bench: &mut Bench) -> Result<ErrorPages, Failed> {
    if let Some(pages) = bench.seen.get::<ErrorPages>() {
        return Ok(pages.clone());
    }
    let (ise, not_found) = (StatusCode::INTERNAL_SERVER_ERROR, StatusCode::NOT_FOUND);
    let page = html(bench, "Internal Server Error");
    let problem = json!({ "title": "Not Found", "detail": bench.word() }).to_string();
    let drawn = |known: [StatusCode; 4]| known[bench.number(5) as usize - 2];
    let json = [StatusCode::BAD_REQUEST, drawn(SELDOM[0]), drawn(SELDOM[1]), StatusCode::SERVICE_UNAVAILABLE];
    let mut replies = vec![
        Reply::text(ise, "text/html; charset=utf-8", page),
        Reply::text(not_found, "application/problem+json", problem),
    ];
    replies.extend(json.map(|status| Reply::json(status, &order(bench))));
    let statuses = [ise, not_found].into_iter().chain(json);
    let pages: ErrorPages = Arc::new(statuses.zip(each(bench, &replies).await?).collect());
    bench.seen.insert(pages.clone());
    Ok(pages)
}

async fn other_content_types_are_refused(bench: &mut Bench) -> Outcome {
    let json = |content_type| Reply::text(StatusCode::OK, content_type, order(bench).to_string());
    let untyped = Reply::Answer { status: StatusCode::OK, headers: Vec::new(), body: order(bench).to_string() };
    let page = Reply::text(StatusCode::OK, "text/html", html(bench, "Please log in"));
    // The last but one begins as it should, and is texts with a separator of their own (RFC 7464).
    let kinds = ["text/json", "text/plain", "application/problem+json", "application/json-seq"];
    let mut replies: Vec<Reply> = kinds.map(json).into();
    replies.extend([page, untyped]);
    each_is_refused(bench, &replies).await
}

async fn half_an_answer_is_none(bench: &mut Bench) -> Outcome {
    let text = |body: String| Reply::text(StatusCode::OK, "application/json", body);
    let mut broken = order(bench).to_string();
    broken.truncate(broken.len() - 1);
    let page = text(html(bench, "Please log in"));
    let two = text(format!("{}\n{}", order(bench), order(bench)));
    let cut = text(order(bench).to_string()).cut();
    // What came of it is JSON: that it is half of something, the connection tells alone.
    let number = format!("{}{}", 100_000 + bench.number(800_000), " ".repeat(40_000));
    let number = text(number.repeat(2)).cut();
    each_is_refused(bench, &[text(broken), page, text(String::new()), two, cut, number]).await
}

/// Exit code 1, and nothing on stdout.
async fn each_is_refused(bench: &Bench, replies: &[Reply]) -> Outcome {
    each(bench, replies).await?.iter().try_for_each(is_refused)
}

fn is_refused(call: &Call) -> Outcome {
    call.expect_exit(&[1])?;
    call.expect_no_output()
}

async fn nobody_is_there(bench: &mut Bench) -> Outcome {
    for call in &*waiting(bench).nobody.await? {
        call.expect_exit(&[1, 3])?;
        call.expect_no_output()?;
    }
    Ok(())
}

async fn silence_has_an_end(bench: &mut Bench) -> Outcome {
    waiting(bench).silent.await?.iter().try_for_each(is_refused)
}

async fn a_body_has_a_bound(bench: &mut Bench) -> Outcome {
    let (taken, begin) = (Taken::default(), order(bench).to_string());
    let endless = Reply::Endless { content_type: "application/json", begin, taken: taken.clone() };
    // One that ends, and only its length is wrong with it: a byte too much, said before or not.
    let long = Reply::json(StatusCode::OK, &"x".repeat(MOST - 1).into());
    let calls = each(bench, &[endless, long.clone(), long.chunked()]).await?;
    calls[0].expect("less than 12 MiB taken, however much there is", taken.bytes() < MOST_TAKEN)?;
    calls.iter().try_for_each(is_refused)
}

/// One run for each reply.
async fn each(bench: &Bench, replies: &[Reply]) -> Result<Vec<Call>, Failed> {
    let mut calls = Vec::new();
    for some in replies.chunks(AT_ONCE) {
        let runs = some.iter().map(|reply| async move {
            let (id, reply) = (bench.id(), reply.clone());
            bench.call(&["get", &id], PATIENCE, move |_, _| reply.clone()).await
        });
        calls.extend(try_join_all(runs).await?);
    }
    Ok(calls)
}

/// What no program prints by luck: every kind of JSON, and words that are drawn.
fn order(bench: &Bench) -> Value {
    json!({
        "id": bench.id(),
        "created_by": format!("Zoë \"{}\" \\ {{}} 🦀\n", bench.word()),
        "status": "QUEUED",
        "equipment": ["KEYBOARD", bench.word()],
        "version": 10_000 + bench.number(900_000),
        "note": null,
        bench.word(): { "none": null, "yes": true, "half": -0.5, "empty": [[], {}, ""] },
    })
}

fn html(bench: &Bench, title: &str) -> String {
    format!("<!doctype html>\n<title>{title}</title>\n<p>{}</p>\n", bench.word())
}

fn body_of(reply: &Reply) -> Value {
    match reply {
        Reply::Answer { body, .. } | Reply::Chunked { body, .. } => serde_json::from_str(body).unwrap_or_default(),
        _ => Value::Null,
    }
}
