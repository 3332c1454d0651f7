//! Several at the same time: the checker holds the stock's answers, and so the window open.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::order::{Order, draw, new_order, placed, read, while_stock, yes};
use crate::bench::Bench;
use crate::called::Played;
use crate::http::{Answer, Gate, Request, get, send};
use crate::verdict::{Event, Failed, Outcome, Who};

/// "Within 1 s", and as much again for a machine that does much else besides.
pub(super) const AT_ONCE: Duration = Duration::from_secs(2);
/// For all eight to reach the stock. A program may also let them go there one by one, or
/// send seven away at once: then fewer come, and it is gone on with those.
pub(super) const TO_GATHER: Duration = Duration::from_millis(750);
const WRITERS: usize = 8;
/// What the PUT of another order wants, and no other: by that the stock knows it.
const OTHERS: [&str; 1] = ["MOUSE"];

type Waiting = tokio::task::JoinHandle<Result<Answer, Failed>>;

/// PUTs whose questions are at the stock, which doesn't answer them until the gate is open.
struct Held {
    orders: Vec<Order>,
    other: Order,
    waiting: Vec<Waiting>,
    gate: Gate,
}

/// One of each of so many orders, and one order more.
async fn held(bench: &mut Bench, count: usize) -> Result<Held, Failed> {
    let (other, stock) = placed(bench).await?;
    let mut orders = Vec::new();
    for _ in 0..count {
        orders.push(new_order(bench).await?);
    }
    let gate = Gate::new();
    let (behind, others) = (gate.clone(), json!({ "equipment": OTHERS }));
    stock.answers(move |received, _| {
        let is_other = serde_json::from_slice::<Value>(&received.body).is_ok_and(|body| body == others);
        if is_other { yes() } else { yes().behind(&behind) }
    });
    let address = bench.server().await?.address;
    let puts = orders.iter().map(|order| order.put(&draw(&[&order.equipment])));
    let waiting: Vec<Waiting> = puts.map(|put| tokio::spawn(send(address, put))).collect();
    if timeout(AT_ONCE, stock.wait_for(1)).await.is_ok() {
        let _ = timeout(TO_GATHER, stock.wait_for(count)).await;
        return Ok(Held { orders, other, waiting, gate });
    }
    gate.open();
    let answer = all_of(waiting).await.swap_remove(0)?;
    Err(answer.wrong("that the stock was asked first"))
}

async fn all_of(waiting: Vec<Waiting>) -> Vec<Result<Answer, Failed>> {
    join_all(waiting.into_iter().map(answer_of)).await
}

pub(super) async fn answer_of(waiting: Waiting) -> Result<Answer, Failed> {
    waiting.await.unwrap_or_else(|error| Err(Failed::new("(sent a PUT)", "an answer", format!("({error})"))))
}

pub(super) async fn reads_do_not_wait(bench: &mut Bench) -> Outcome {
    let Held { orders, other, waiting, gate } = held(bench, 1).await?;
    let mut seen = Ok(());
    for one in orders.iter().chain([&other]) {
        seen = reads_as_before(bench, one).await;
        if seen.is_err() {
            break;
        }
    }
    gate.open();
    let answers = all_of(waiting).await;
    seen.map_err(|failed| while_stock("a PUT of the first order waits for the stock", failed))?;
    answers.into_iter().try_for_each(|answer| answer?.expect_status(StatusCode::OK))
}

async fn reads_as_before(bench: &mut Bench, order: &Order) -> Outcome {
    let answer = bench.server().await?.send(get(&order.path).patience(AT_ONCE)).await.map_err(|failed| {
        let expected = "an answer within 1 s, though the stock has not answered yet".to_owned();
        Failed { expected, advice: None, ..failed }
    })?;
    answer.expect_status(StatusCode::OK)?;
    order.expect_content(&answer)?;
    let what = format!("`etag: {}`, for nothing is changed yet", order.etag);
    answer.expect(&what, answer.header(&header::ETAG) == order.etag)
}

pub(super) async fn others_change_meanwhile(bench: &mut Bench) -> Outcome {
    let Held { other, waiting, gate, .. } = held(bench, WRITERS).await?;
    let equipment = OTHERS.to_vec();
    let put = other.put(&equipment).patience(AT_ONCE);
    let answer = bench.server().await?.send(put).await;
    gate.open();
    let answers = all_of(waiting).await;
    let told = |failed| while_stock("meanwhile PUTs of eight other orders wait for the stock", failed);
    let answer = answer.map_err(|failed| told(Failed { expected: "200 within 1 s".to_owned(), ..failed }))?;
    answer.expect_status(StatusCode::OK).map_err(told)?;
    answers.into_iter().try_for_each(|answer| answer?.expect_status(StatusCode::OK))?;
    read(bench, Order { equipment, ..other }).await.map(|_| ())
}

pub(super) async fn one_of_eight_wins(bench: &mut Bench) -> Outcome {
    // What two threads do between two statements is seen in one round of some, not in each.
    // A list that the tag is in is no other condition than the tag.
    for list in [None, None, Some(bench.word())] {
        one_round(bench, list).await?;
    }
    Ok(())
}

async fn one_round(bench: &mut Bench, another: Option<String>) -> Outcome {
    let (order, stock) = placed(bench).await?;
    let condition = another.map_or(order.etag.clone(), |another| format!("\"{another}\", {}", order.etag));
    let mut lists: Vec<Vec<&'static str>> = vec![order.equipment.clone()];
    for _ in 0..WRITERS {
        let used: Vec<&[&str]> = lists.iter().map(|list| &**list).collect();
        let drawn = draw(&used);
        lists.push(drawn);
    }
    let address = bench.server().await?.address;
    let puts = lists[1..].iter().map(|list| order.put_if(&condition, list)).collect();
    let (answers, ladder) = race(address, &condition, puts, &stock).await;
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>().map_err(|failed| with(failed, &ladder))?;
    let count = |status| answers.iter().filter(|answer| answer.status() == status).count();
    if (count(StatusCode::OK), count(StatusCode::PRECONDITION_FAILED)) != (1, WRITERS - 1) {
        return Err(with(wrong_count(&order, &answers), &ladder));
    }
    let winner = answers.iter().position(|answer| answer.status() == StatusCode::OK).unwrap_or_default();
    let equipment = lists[winner + 1].clone();
    let (now, answer) = read(bench, Order { equipment, ..order }).await.map_err(|failed| {
        let expected = format!("{}: the list of the PUT that got 200", failed.expected);
        with(Failed { expected, advice: None, ..failed }, &ladder)
    })?;
    let tag = answers[winner].header(&header::ETAG);
    let what = format!("`etag: {tag}`, that of the PUT that got 200: the others change nothing");
    answer.expect(&what, now.etag == tag).map_err(|failed| with(failed, &ladder))
}

/// Eight at once; they are let go when all of them are at the stock.
async fn race(
    address: SocketAddr,
    condition: &str,
    puts: Vec<Request>,
    stock: &Played,
) -> (Vec<Result<Answer, Failed>>, Vec<Event>) {
    let begin = Instant::now();
    let event = |who, what: String| Event { at_ms: begin.elapsed().as_millis() as u64, who, what };
    let gate = Gate::new();
    let behind = gate.clone();
    stock.answers(move |_, _| yes().behind(&behind));
    let mut ladder = vec![event(Who::Checker, format!("sends {WRITERS} PUTs with `if-match: {condition}`"))];
    let waiting: Vec<Waiting> = puts.into_iter().map(|put| tokio::spawn(send(address, put))).collect();
    let _ = timeout(TO_GATHER, stock.wait_for(WRITERS)).await;
    ladder.push(event(Who::You, format!("{} of them have asked the stock", stock.received().len())));
    ladder.push(event(Who::Checker, "the stock says yes to each".to_owned()));
    gate.open();
    let answers = all_of(waiting).await;
    let status = |answer: &Result<Answer, Failed>| match answer {
        Ok(answer) => answer.status().as_str().to_owned(),
        Err(_) => "no answer".to_owned(),
    };
    ladder.push(event(Who::You, answers.iter().map(status).collect::<Vec<_>>().join(", ")));
    (answers, ladder)
}

fn wrong_count(order: &Order, answers: &[Answer]) -> Failed {
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status().to_string()).collect();
    let sent = format!(
        "{}\n(and {} more at the same time, each with a list of its own)",
        answers[0].sent.trim_end(),
        answers.len() - 1
    );
    let expected = format!("200 for one of them, and 412 for the others, whose tag {} is stale by then", order.etag);
    Failed::new(sent, expected, statuses.join("\n"))
}

fn with(failed: Failed, ladder: &[Event]) -> Failed {
    Failed { ladder: ladder.to_vec(), ..failed }
}
