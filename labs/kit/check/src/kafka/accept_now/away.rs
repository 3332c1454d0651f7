//! A broker that is slow, says no, says nothing, or isn't there.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use futures_util::join;
use http::StatusCode;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::accepted::{SLOW, expect_status_at};
use super::order::{Accepted, PATIENCE, accept, accepted, expect_problem, held, order, post, record, serving};
use crate::bench::Bench;
use crate::broker::{Asked, Fate, INVALID_RECORD, PRODUCE, Serving, wrong_end};
use crate::http::{Gate, get};
use crate::meanwhile::Meanwhile;
use crate::verdict::{Failed, Outcome};

/// So many orders wait for a slow broker.
const WAITING: usize = 20;
/// So many more are refused while it is away.
const OTHERS: usize = 4;
/// For the answer to a GET: one second, as the sentence says, and as much for a busy machine.
const AT_ONCE: Duration = Duration::from_secs(2);
/// So long GETs are sent while orders wait: less than the broker takes, as the sentence says.
const LOOKS: Duration = Duration::from_secs(1);
/// Until orders are accepted again; 15 s, as the sentence says, and what a busy machine adds.
const TO_COME_BACK: Duration = Duration::from_secs(16);
/// As a shell tells of it.
const BY_SIGTERM: i32 = 128 + 15;
/// From SIGTERM on; ten seconds, as the sentence says, and what a busy machine adds.
const TO_END: Duration = Duration::from_secs(11);
/// So long it is looked whether what was refused comes after all.
const LATER: Duration = Duration::from_millis(2_500);
/// Between two attempts.
const MOMENT: Duration = Duration::from_millis(100);

pub(super) async fn refused_is_503(bench: &mut Bench) -> Outcome {
    begun(bench).await.refused.clone()
}

pub(super) async fn others_go_on(bench: &mut Bench) -> Outcome {
    begun(bench).await.others.clone()
}

pub(super) async fn silence_is_503(bench: &mut Bench) -> Outcome {
    begun(bench).await.silence.clone()
}

pub(super) async fn nobody_is_there(bench: &mut Bench) -> Outcome {
    begun(bench).await.nobody.clone().map(drop)
}

pub(super) async fn gone_is_503(bench: &mut Bench) -> Outcome {
    begun(bench).await.gone.clone().map(drop)
}

/// Judges what came after either.
pub(super) async fn back_again(bench: &mut Bench) -> Outcome {
    let LongOnes { nobody, gone, .. } = &*begun(bench).await;
    [nobody, gone].into_iter().try_for_each(|after| after.clone()?)
}

pub(super) async fn sigterm_drains(bench: &mut Bench) -> Outcome {
    begun(bench).await.sigterm.clone()
}

/// What came of the checks in which somebody has to wait: they are made at once.
pub(super) struct LongOnes {
    refused: Outcome,
    others: Outcome,
    silence: Outcome,
    /// While the broker was away, and after it was back.
    nobody: Result<Outcome, Failed>,
    gone: Result<Outcome, Failed>,
    sigterm: Outcome,
}

pub(super) async fn long_ones(bench: Bench) -> Arc<LongOnes> {
    let (refused, others, silence, nobody, gone, sigterm) = join!(
        refuses(&bench),
        does_not_block(&bench),
        is_silent(&bench),
        is_not_there_yet(&bench),
        goes(&bench),
        ends_in_order(&bench)
    );
    Arc::new(LongOnes { refused, others, silence, nobody, gone, sigterm })
}

async fn begun(bench: &Bench) -> Arc<LongOnes> {
    let begun = bench.seen.get::<Meanwhile<Arc<LongOnes>>>();
    begun.expect("an earlier check has begun them").outcome().await
}

async fn refuses(bench: &Bench) -> Outcome {
    let refuse = |asked: Asked| if asked.is_produce() { Fate::Refuse(INVALID_RECORD) } else { Fate::Pass };
    let serving = serving(bench, refuse).await?;
    for _ in 0..2 {
        expect_503(&serving, &order(bench)).await?;
    }
    Ok(())
}

/// No order is accepted, and the answer says so.
async fn expect_503(serving: &Serving, order: &Value) -> Outcome {
    let answer = serving.send(post(order)).await.map_err(|failed| {
        let expected = "503 within 10 s".to_owned();
        Failed { expected, advice: None, ..failed }
    })?;
    expect_problem(&answer, StatusCode::SERVICE_UNAVAILABLE).map_err(|failed| serving.told(failed))
}

async fn does_not_block(bench: &Bench) -> Outcome {
    let gate = Gate::new();
    let serving = serving(bench, first_passes(&gate)).await?;
    let first = accept(&serving, &order(bench)).await?;
    let path = first.answer.location(super::order::ORDERS)?;
    let orders: Vec<Value> = (0..WAITING).map(|_| order(bench)).collect();
    let posts = join_all(orders.iter().map(|order| serving.send(post(order))));
    let looks = async {
        let _ = timeout(PATIENCE, serving.relay.wait_for(PRODUCE, 2)).await;
        let begin = Instant::now();
        let mut seen = Ok(());
        while seen.is_ok() && begin.elapsed() < LOOKS {
            seen = reads_at_once(&serving, &path).await;
            sleep(MOMENT).await;
        }
        gate.open();
        seen
    };
    let (answers, seen) = join!(posts, looks);
    seen?;
    answers.into_iter().try_for_each(|answer| accepted(answer?).map(drop)).map_err(|failed| serving.told(failed))
}

/// The first record is taken at once, and the answers to the others wait.
fn first_passes(gate: &Gate) -> impl Fn(Asked) -> Fate + Send + Sync + 'static {
    let (gate, came) = (gate.clone(), std::sync::atomic::AtomicUsize::new(0));
    move |asked| match asked.is_produce() && came.fetch_add(1, std::sync::atomic::Ordering::SeqCst) > 0 {
        true => Fate::HoldAnswer(gate.clone()),
        false => Fate::Pass,
    }
}

async fn reads_at_once(serving: &Serving, path: &str) -> Outcome {
    let answer = serving.send(get(path).patience(AT_ONCE)).await.map_err(|failed| {
        let expected = format!("an answer within 1 s, while {WAITING} orders wait for the broker");
        Failed { expected, advice: None, ..failed }
    })?;
    answer.expect_status(StatusCode::OK)
}

async fn is_silent(bench: &Bench) -> Outcome {
    // Nobody opens it.
    let serving = held(bench, &Gate::new(), Fate::HoldAnswer).await?;
    let orders = [order(bench), order(bench)];
    try_join_all(orders.iter().map(|order| expect_503(&serving, order))).await.map(drop)
}

async fn is_not_there_yet(bench: &Bench) -> Result<Outcome, Failed> {
    let relay = Arc::new(bench.kafka().relay(|_| Fate::Pass).await?);
    relay.goes_away().await;
    let serving = bench.serve(relay, &bench.kafka().topic().await?).await?;
    let refused = order(bench);
    expect_503(&serving, &refused).await?;
    serving.relay.comes_back().await;
    Ok(goes_on(bench, &serving, &refused).await)
}

async fn goes(bench: &Bench) -> Result<Outcome, Failed> {
    let serving = serving(bench, |_| Fate::Pass).await?;
    let before = accept(&serving, &order(bench)).await?;
    serving.relay.goes_away().await;
    let (refused, others) = (order(bench), [(); OTHERS].map(|()| order(bench)));
    // Whoever gives up after so many tries again later. How soon these are answered is not looked at.
    let others = async {
        sleep(MOMENT).await;
        join_all(others.iter().map(|order| serving.send(post(order)))).await
    };
    let (first, others) = join!(expect_503(&serving, &refused), others);
    first?;
    if let Some(early) = others.into_iter().flatten().find(|answer| answer.status() == StatusCode::ACCEPTED) {
        return Err(serving.told(early.wrong("no 202 while nobody is there")));
    }
    expect_status_at(&serving, &before).await?;
    serving.relay.comes_back().await;
    Ok(goes_on(bench, &serving, &refused).await)
}

/// It accepts orders again; what it has refused isn't sent later.
async fn goes_on(bench: &Bench, serving: &Serving, refused: &Value) -> Outcome {
    let back = is_accepted_again(bench, serving).await?;
    if let Err(failed) = record(serving, &back).await {
        return Err(serving.told(failed));
    }
    // What is still in a queue has gone before these, or with them; what is sent again by whoever
    // keeps it comes a moment later.
    for _ in 0..3 {
        accept(serving, &order(bench)).await?;
    }
    sleep(LATER).await;
    let records = serving.records().await?;
    let late = records.iter().find(|record| super::order::has_all(record, refused));
    let Some(late) = late.cloned() else { return Ok(()) };
    let expected = "no record of the order that got 503 while the broker was away";
    Err(serving.told(serving.wrong_records(&back.answer, expected, &[late])))
}

async fn is_accepted_again(bench: &Bench, serving: &Serving) -> Result<Accepted, Failed> {
    let last = Mutex::new(None);
    let back = async {
        loop {
            let answer = serving.send(post(&order(bench))).await?;
            if answer.status() == StatusCode::ACCEPTED {
                return accepted(answer);
            }
            *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            sleep(MOMENT).await;
        }
    };
    if let Ok(accepted) = timeout(TO_COME_BACK, back).await {
        return accepted;
    }
    let expected = "202 within 15 s after the broker is back";
    let failed = match last.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(answer) => answer.wrong(expected),
        None => Failed::new("(sent an order after the broker was back)", expected, "(no answer)"),
    };
    Err(serving.told(failed))
}

async fn ends_in_order(bench: &Bench) -> Outcome {
    let (gate, order) = (Gate::new(), order(bench));
    let serving = held(bench, &gate, Fate::Hold).await?;
    let slow = async {
        let _ = timeout(PATIENCE, serving.relay.wait_for(PRODUCE, 1)).await;
        serving.terminate().await;
        let told = Instant::now();
        // One that ends at once has given up its connections by now.
        sleep(SLOW).await;
        gate.open();
        told
    };
    let (answer, told) = join!(serving.send(post(&order)), slow);
    let answer = answer.map_err(|failed| Failed {
        expected: "202 for the order that was under way when SIGTERM came".to_owned(),
        advice: None,
        ..failed
    })?;
    let order = accepted(answer).map_err(|failed| serving.told(failed))?;
    super::order::record(&serving, &order).await?;
    let Some(ran) = serving.ended(sleep(TO_END.saturating_sub(told.elapsed()))).await else { return Ok(()) };
    // Some servers, and a shell before one, end by the signal when all is done.
    let in_order = |status: ExitStatus| matches!(status.code(), Some(0 | BY_SIGTERM)) || status.signal() == Some(15);
    let did = "(sent SIGTERM while an order waited for the broker; let the broker answer)";
    let expected = "its end within 10 s, with exit code 0 or by SIGTERM";
    if ran.status.is_some_and(in_order) { Ok(()) } else { Err(wrong_end(did, expected, &ran)) }
}
