//! What the stock says, and what becomes of the PUT.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::STOCK;
use super::meanwhile::a_no_is_for_one;
use super::order::{Order, TEXTS, draw, many, new_order, placed, while_stock};
use crate::bench::Bench;
use crate::http::{Answer, Gate, Received, Reply, Request, send};
use crate::verdict::{Failed, Outcome};

/// Until the program must have given up on a stock that says nothing; a little more
/// than its sentence says, for a machine that does much else besides.
const PATIENCE: Duration = Duration::from_millis(4_250);
/// A yes that is in time, also where the question was on its way for long.
const LATE: Duration = Duration::from_millis(2_500);
/// For a yes that comes too late to be written down after all.
const TOO_LATE: Duration = Duration::from_millis(300);

pub(super) async fn stock_is_asked(bench: &mut Bench) -> Outcome {
    let (mut order, stock) = placed(bench).await?;
    // The same list again: what the stock said once is no answer to the next question, also where
    // the order has it already.
    let drawn = draw(&[&order.equipment]);
    for equipment in [drawn.clone(), vec!["MOUSE"], drawn.clone(), drawn, Vec::new(), TEXTS.into(), many()] {
        stock.answers(|_, _| super::order::yes());
        let answer = bench.server().await?.send(order.put(&equipment)).await?;
        answer.expect_status(StatusCode::OK)?;
        is_the_question(bench, &answer, &stock.received(), &equipment)?;
        (order, _) = super::order::read(bench, Order { equipment, ..order }).await?;
    }
    // What such a PUT answers, other sentences tell.
    let refusals = [
        StatusCode::CONFLICT,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::BAD_GATEWAY,
        StatusCode::GATEWAY_TIMEOUT,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    for status in refusals {
        let order = new_order(bench).await?;
        let equipment = draw(&[&order.equipment]);
        stock.answers(move |_, _| Reply::status(status));
        let answer = bench.server().await?.send(order.put(&equipment)).await?;
        is_the_question(bench, &answer, &stock.received(), &equipment)
            .map_err(|failed| while_stock(&format!("the stock answers {status}"), failed))?;
    }
    Ok(())
}

fn is_the_question(bench: &Bench, answer: &Answer, asked: &[Received], equipment: &[&str]) -> Outcome {
    let place = bench.place(STOCK);
    let rest = place.value.rsplit_once(&place.address.to_string()).map_or("/", |(_, rest)| rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let question = json!({ "equipment": equipment });
    let right = |one: &Received| {
        one.method == Method::POST
            && (&*one.path, &*one.query) == (path, query)
            && media_type(one) == "application/json"
            && serde_json::from_slice::<Value>(&one.body).is_ok_and(|body| body == question)
    };
    if let [one] = asked
        && right(one)
    {
        return Ok(());
    }
    let expected = format!("one POST to {STOCK}={} before the answer: application/json, {question}", place.value);
    let came = match asked {
        [] => format!("(nothing came to {})", place.value),
        _ => asked.iter().map(|one| one.raw.trim_end()).collect::<Vec<_>>().join("\n\n"),
    };
    Err(Failed::new(&answer.sent, expected, format!("{}\n\n(at the stock)\n{came}", answer.came.trim_end())))
}

fn media_type(received: &Received) -> String {
    let value = received.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub(super) async fn any_2xx_is_a_yes(bench: &mut Bench) -> Outcome {
    let (mut order, stock) = placed(bench).await?;
    let replies = [
        Reply::status(StatusCode::NO_CONTENT),
        Reply::json(StatusCode::CREATED, &json!({ "reservation": bench.word() })),
        Reply::text(StatusCode::ACCEPTED, "text/plain", "taken"),
        Reply::status(StatusCode::OK),
        Reply::status(StatusCode::PARTIAL_CONTENT),
        Reply::json(StatusCode::IM_USED, &json!({})),
    ];
    for reply in replies {
        let (said, equipment) = (said(&reply), draw(&[&order.equipment]));
        stock.answers(move |_, _| reply.clone());
        order = order.change(bench, equipment).await.map_err(|failed| while_stock(&said, failed))?;
    }
    Ok(())
}

/// `the stock answers 204 No Content`
fn said(reply: &Reply) -> String {
    let shown = reply.to_string();
    let first = shown.lines().next().unwrap_or_default();
    match first.strip_prefix("HTTP/1.1 ") {
        // What is no answer, or no whole one, is said in brackets.
        Some(status) => match shown.lines().last().filter(|last| last.starts_with('(')) {
            Some(end) => format!("the stock answers {status} {end}"),
            None => format!("the stock answers {status}"),
        },
        None => format!("the stock: {}", first.trim_matches(['(', ')'])),
    }
}

pub(super) async fn a_no_changes_nothing(bench: &mut Bench) -> Outcome {
    let (order, _stock) = placed(bench).await?;
    let statuses = [
        StatusCode::CONFLICT,
        StatusCode::NOT_FOUND,
        StatusCode::UNPROCESSABLE_ENTITY,
        StatusCode::BAD_REQUEST,
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::PRECONDITION_FAILED,
        StatusCode::IM_A_TEAPOT,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::GONE,
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS,
    ];
    for status in statuses {
        let reply = Reply::json(status, &json!({ "reserved": false }));
        refused_with(bench, &order, reply, StatusCode::CONFLICT).await?;
    }
    // And it is still as good as before.
    let (_, stock) = (new_order(bench).await?, bench.plays(STOCK).await?);
    stock.answers(|_, _| super::order::yes());
    let equipment = draw(&[&order.equipment]);
    order.change(bench, equipment).await?;
    a_no_is_for_one(bench).await
}

async fn refused_with(bench: &mut Bench, order: &Order, reply: Reply, status: StatusCode) -> Outcome {
    let stock = bench.plays(STOCK).await?;
    let said = said(&reply);
    stock.answers(move |_, _| reply.clone());
    refused(bench, order, status).await.map(|_| ()).map_err(|failed| while_stock(&said, failed))
}

/// Two PUTs at once: to one the stock says yes when it is too late, to the other while there is time.
async fn silence_and_a_late_yes(bench: &mut Bench, order: &Order) -> Outcome {
    let stock = bench.plays(STOCK).await?;
    let other = new_order(bench).await?;
    // Not one of those that `refused` may draw.
    let (equipment, gate, never) = (vec!["MOUSE"], Gate::new(), Gate::new());
    let (late, behind, away) = (json!({ "equipment": equipment }), gate.clone(), never.clone());
    stock.answers(move |received, _| {
        let is_late = serde_json::from_slice::<Value>(&received.body).is_ok_and(|body| body == late);
        super::order::yes().behind(if is_late { &behind } else { &away })
    });
    let address = bench.server().await?.address;
    let put = tokio::spawn(send(address, other.put(&equipment).patience(PATIENCE)));
    // Whoever holds the order while he waits lets the next one wait twice as long.
    let second = order.put(&draw(&[&order.equipment]));
    let second = tokio::spawn(send_in_time(address, second, StatusCode::SERVICE_UNAVAILABLE));
    // It ends by itself, with the program at the latest.
    tokio::spawn(async move {
        let _ = timeout(PATIENCE, stock.wait_for(1)).await;
        gate.open_after(LATE).await;
    });
    let refused = refused(bench, order, StatusCode::SERVICE_UNAVAILABLE).await;
    let second = super::at_once::answer_of(second).await;
    let silent = |failed| {
        let stock = "the stock: no answer to either of two PUTs of one order, and the connections stayed open";
        while_stock(stock, failed)
    };
    let refused = refused.map_err(silent)?;
    second.map_err(silent)?;
    let late = super::at_once::answer_of(put).await?;
    late.expect_status(StatusCode::OK).map_err(|failed| while_stock("the stock says yes after 2.5 s", failed))?;
    never.open();
    sleep(TOO_LATE).await;
    order.expect_unchanged(bench, &refused).await.map_err(|failed| while_stock("the stock says yes after that", failed))
}

async fn refused(bench: &mut Bench, order: &Order, status: StatusCode) -> Result<Answer, Failed> {
    let put = order.put(&draw(&[&order.equipment]));
    let answer = send_in_time(bench.server().await?.address, put, status).await?;
    order.expect_unchanged(bench, &answer).await?;
    Ok(answer)
}

/// Its answer has this status.
async fn send_in_time(address: SocketAddr, put: Request, status: StatusCode) -> Result<Answer, Failed> {
    let begin = Instant::now();
    let answer = send(address, put.patience(PATIENCE)).await.map_err(|failed| {
        let expected = format!("{status} within 4 s");
        if begin.elapsed() >= PATIENCE { Failed { expected, ..failed } } else { failed }
    })?;
    answer.expect_status(status)?;
    Ok(answer)
}

pub(super) async fn trouble_is_503(bench: &mut Bench) -> Outcome {
    let (order, stock) = placed(bench).await?;
    drop(stock);
    let unwell = [
        Reply::status(StatusCode::SERVICE_UNAVAILABLE),
        Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "text/html", "<h1>Internal Server Error</h1>"),
        Reply::status(StatusCode::BAD_GATEWAY),
        Reply::status(StatusCode::GATEWAY_TIMEOUT),
        Reply::status(StatusCode::NOT_IMPLEMENTED),
        Reply::status(StatusCode::INSUFFICIENT_STORAGE),
        // No more of it is needed than its status, and no more comes.
        Reply::text(StatusCode::BAD_GATEWAY, "text/html", "<h1>Bad Gateway</h1>").cut(),
        Reply::Cut,
    ];
    for reply in unwell {
        refused_with(bench, &order, reply, StatusCode::SERVICE_UNAVAILABLE).await?;
    }
    silence_and_a_late_yes(bench, &order).await?;
    bench.takes_away(STOCK);
    let refused = refused(bench, &order, StatusCode::SERVICE_UNAVAILABLE).await;
    refused.map(|_| ()).map_err(|failed| while_stock("nobody listens where the stock is to be", failed))
}
