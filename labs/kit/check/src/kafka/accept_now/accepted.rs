//! What 202 means, and what is behind its `Location`.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::Value;
use tokio::time::sleep;

use super::away::long_ones;
use super::order::{
    Accepted, ORDERS, accept, accepted, expect_problem, has_all, held, of_all_kinds, order, post, post_as, record,
    serving,
};
use crate::bench::Bench;
use crate::broker::{Asked, Fate, PRODUCE, Serving};
use crate::http::{Gate, get};
use crate::verdict::{Failed, Outcome};

/// What a slow broker takes, as the sentence says.
pub(super) const SLOW: Duration = Duration::from_secs(2);
/// For the answer after that: two seconds, as the sentence says, and what a busy machine adds.
const A_MOMENT: Duration = Duration::from_secs(3);
/// For as many as stand below: ten seconds, as the sentence says, and what a busy machine adds.
const TO_ACCEPT: Duration = Duration::from_secs(11);
/// For requests of one moment to be read by all that will read them.
const ARRIVE: Duration = Duration::from_millis(300);
/// So many at once.
const AT_ONCE: usize = 8;
/// So many one after the other; from half as many connections on it is a producer for each.
const IN_A_ROW: usize = 20;

/// The server that several checks share, its broker at hand.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) serving: Arc<Serving>,
    /// While there is one, answers to records wait at it.
    gate: Arc<std::sync::Mutex<Option<Gate>>>,
}

pub(super) async fn shared(bench: &mut Bench) -> Result<Shared, Failed> {
    if let Some(shared) = bench.seen.get::<Shared>() {
        return Ok(shared.clone());
    }
    let gate: Arc<std::sync::Mutex<Option<Gate>>> = Arc::default();
    let at = Arc::clone(&gate);
    let plan = move |asked: Asked| match &*at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some(gate) if asked.is_produce() => Fate::HoldAnswer(gate.clone()),
        _ => Fate::Pass,
    };
    let shared = Shared { serving: Arc::new(serving(bench, plan).await?), gate };
    bench.seen.insert(shared.clone());
    Ok(shared)
}

pub(super) async fn accepted_means_there(bench: &mut Bench) -> Outcome {
    let gate = Gate::new();
    let serving = held(bench, &gate, Fate::Hold).await?;
    // The first waits for the broker; the next finds it quick, and comes right behind an answer.
    accepted_when_it_is_there(&serving, order(bench), Some(&gate), 1).await?;
    accepted_when_it_is_there(&serving, order(bench), None, 2).await
}

/// Accepted a moment after the broker has the record, and not before; so many are there then.
async fn accepted_when_it_is_there(serving: &Serving, order: Value, gate: Option<&Gate>, count: usize) -> Outcome {
    let mut waiting = pin!(serving.send(post(&order)));
    if let Some(gate) = gate {
        let slow = async {
            serving.relay.wait_for(PRODUCE, 1).await;
            sleep(SLOW).await;
        };
        tokio::select! {
            answer = &mut waiting => {
                let early = accepted(answer?)?.answer;
                return Err(serving.told(early.wrong("no answer before the broker has acknowledged the record")));
            }
            () = slow => gate.open(),
        }
    }
    let begin = Instant::now();
    let answer = waiting.await?;
    answer.expect_status(StatusCode::ACCEPTED).map_err(|failed| serving.told(failed))?;
    let late = "202 within 2 s after the broker has taken the record";
    answer.expect(late, begin.elapsed() < A_MOMENT).map_err(|failed| {
        let came = format!("{}\n(after {:.1} s)", failed.came_back.trim_end(), begin.elapsed().as_secs_f32());
        serving.told(Failed { came_back: came, ..failed })
    })?;
    let records = serving.records().await?;
    let what = if count == 1 { "one record in the topic" } else { "one record more in the topic" };
    let wrong = || serving.told(serving.wrong_records(&answer, what, &records));
    if records.len() == count { Ok(()) } else { Err(wrong()) }
}

pub(super) async fn the_key_is_the_id(bench: &mut Bench) -> Outcome {
    // They take as long as the program waits, and are judged in the end.
    let begun = bench.begin(long_ones);
    bench.seen.insert(begun);
    let serving = shared(bench).await?.serving;
    for _ in 0..3 {
        record(&serving, &accept(&serving, &order(bench)).await?).await?;
    }
    Ok(())
}

pub(super) async fn the_value_is_the_order(bench: &mut Bench) -> Outcome {
    let serving = shared(bench).await?.serving;
    for order in of_all_kinds(bench) {
        // Over several lines.
        let answer = serving.send(post_as(format!("{order:#}"))).await?;
        let accepted = accepted(answer).map_err(|failed| serving.told(failed))?;
        let record = record(&serving, &accepted).await?;
        if !has_all(&record, &order) {
            let expected = "a value that is the order as JSON, with every field that came";
            return Err(serving.wrong_records(&accepted.answer, expected, &[record]));
        }
    }
    Ok(())
}

pub(super) async fn location_is_a_status(bench: &mut Bench) -> Outcome {
    let serving = shared(bench).await?.serving;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(accept(&serving, &order(bench)).await?);
    }
    // The last first: none is the one that came last by luck.
    for order in all.iter().rev() {
        let path = expect_status_at(&serving, order).await?;
        // Where the path holds the id, another id leads nowhere.
        for other in others(bench, &order.id) {
            let unknown = path.replace(&order.id, &other);
            if unknown != path {
                expect_problem(&serving.send(get(&unknown)).await?, StatusCode::NOT_FOUND)?;
            }
        }
    }
    Ok(())
}

/// Ids of nobody: as some draw them, as none does, one that every object has in JavaScript, and two of which
/// the end alone is another.
fn others(bench: &Bench, id: &str) -> [String; 5] {
    let rest = id.char_indices().last().map_or(id, |(last, _)| &id[..last]);
    let end = if id.ends_with('x') { 'y' } else { 'x' };
    [bench.id(), bench.word(), "constructor".to_owned(), format!("{rest}{end}"), format!("{id}{end}")]
}

/// Its status is at its `Location`, which is returned.
pub(super) async fn expect_status_at(serving: &Serving, order: &Accepted) -> Result<String, Failed> {
    let path = order.answer.location(ORDERS)?;
    let answer = serving.send(get(&path)).await?;
    answer.expect_status(StatusCode::OK)?;
    answer.expect_json_type()?;
    let status = answer.json()?;
    answer.expect(&format!("`\"id\": \"{}\"` in the JSON", order.id), status["id"] == *order.id)?;
    answer.expect(
        "`\"status\": \"ACCEPTED\"` in the JSON, for nobody has worked on it",
        status["status"] == "ACCEPTED",
    )?;
    Ok(path)
}

pub(super) async fn each_has_its_own(bench: &mut Bench) -> Outcome {
    let Shared { serving, gate } = shared(bench).await?;
    let mut all = at_one_moment(bench, &serving, &gate).await?;
    for (accepted, _) in &all {
        expect_status_at(&serving, accepted).await?;
    }
    // One more, of the same program started again.
    let again = bench.serve(Arc::clone(&serving.relay), &serving.topic).await?;
    let next = order(bench);
    all.push((accept(&again, &next).await?, next));
    let (mut ids, mut paths) = (BTreeSet::new(), BTreeSet::new());
    let records = serving.records().await?;
    for (Accepted { answer, id }, _) in &all {
        answer.expect(&format!("another `id` than {id}, which another order has"), ids.insert(id))?;
        let path = answer.location(ORDERS)?;
        answer
            .expect(&format!("another `location` than {path}, which another order has"), paths.insert(path.clone()))?;
    }
    for (Accepted { answer, id }, order) in &all {
        let its = records.iter().filter(|record| record.key_text() == Some(id)).collect::<Vec<_>>();
        if its.len() != 1 || !has_all(its[0], order) {
            let its: Vec<_> = its.into_iter().cloned().collect();
            let expected = format!("in the topic one record with the key {id}, and its value is this order");
            return Err(serving.wrong_records(answer, expected, &its));
        }
    }
    Ok(())
}

/// All of them are read before the broker has answered any.
async fn at_one_moment(
    bench: &Bench,
    serving: &Serving,
    gate: &std::sync::Mutex<Option<Gate>>,
) -> Result<Vec<(Accepted, Value)>, Failed> {
    let closed = Gate::new();
    let set = |to| *gate.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = to;
    set(Some(closed.clone()));
    let mut orders: Vec<Value> = (1..AT_ONCE).map(|_| order(bench)).collect();
    // What a caller calls its order is for the caller. And somebody wants the same once more.
    orders[0]["id"] = bench.word().into();
    orders[0]["status"] = "CLOSED".into();
    orders.push(orders[0].clone());
    let posts = orders.iter().map(|order| serving.send(post(order)));
    let open = async {
        sleep(ARRIVE).await;
        closed.open();
    };
    let (answers, ()) = tokio::join!(join_all(posts), open);
    set(None);
    let answers = answers.into_iter().map(|answer| accepted(answer?).map_err(|failed| serving.told(failed)));
    Ok(answers.collect::<Result<Vec<_>, _>>()?.into_iter().zip(orders).collect())
}

pub(super) async fn one_producer(bench: &mut Bench) -> Outcome {
    let serving = shared(bench).await?.serving;
    let (before, begin) = (serving.relay.connections(), Instant::now());
    let (mut last, mut sent) = (None, 0);
    while sent < IN_A_ROW && begin.elapsed() < TO_ACCEPT {
        last = Some(accept(&serving, &order(bench)).await?.answer);
        sent += 1;
    }
    let (count, took) = (serving.relay.connections() - before, begin.elapsed());
    let Some(last) = last.filter(|_| count >= IN_A_ROW / 2 || took >= TO_ACCEPT) else { return Ok(()) };
    let expected = match count >= IN_A_ROW / 2 {
        true => format!("fewer than {} connections to the broker for {IN_A_ROW} orders", IN_A_ROW / 2),
        false => format!("202 for the last of {IN_A_ROW} orders within 10 s"),
    };
    let failed = last.wrong(expected);
    let besides = format!("({count} connections to the broker were opened, and {:.0} s passed)", took.as_secs_f32());
    let came = format!("{}\n{besides}", failed.came_back.trim_end());
    let sent = format!("(sent {sent} orders, one after the other; the last)\n{}", failed.sent);
    Err(Failed { came_back: came, sent, ..failed })
}
