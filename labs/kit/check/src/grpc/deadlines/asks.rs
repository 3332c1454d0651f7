//! Placing an order: the warehouse is asked, and what it says counts.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::sleep;

use super::order::{LONG, Placing, draft, place, place_as, place_beside, read, reserved};
use super::pieces::{counts, is_as_sent, reserved_counts};
use crate::bench::Bench;
use crate::grpc::CREATE;
use crate::http::Gate;
use crate::rpc::{Code, Received, Reply, request};
use crate::verdict::{Failed, Outcome};

/// For what needs nobody's answer.
const AT_ONCE: Duration = Duration::from_secs(1);

/// More than a list of the newest ten has room for.
const SOME_MORE: usize = 12;
/// So long before the deadline the warehouse says OK: more than a program may keep for its answer.
const TO_ANSWER: Duration = Duration::from_millis(440);

/// The same kinds more than once, apart from each other.
const LISTS: [&[&str]; 3] = [
    &["WEBCAM", "KEYBOARD", "WEBCAM", "MOUSE", "KEYBOARD", "WEBCAM"],
    &["MONITOR"],
    &["MOUSE", "MONITOR", "MOUSE", "KEYBOARD"],
];

/// An order of this list, which the warehouse has.
async fn placed(bench: &mut Bench, list: &[&str]) -> Result<Placing, Failed> {
    let draft = draft(bench, list);
    let replies = vec![reserved(bench)];
    place_as(bench, &draft, request(CREATE, &draft).deadline(LONG), replies).await
}

/// The order's id, as the warehouse has it.
fn id(call: &Received) -> String {
    call.message["order_id"].as_str().unwrap_or_default().to_owned()
}

pub(super) async fn the_warehouse_is_asked(bench: &mut Bench) -> Outcome {
    for list in LISTS {
        let mut placing = placed(bench, list).await?;
        let call = placing.call(1).await?;
        let wanted = counts(&placing.draft["equipment"]);
        let listed: Vec<_> = wanted.iter().map(|(kind, count)| format!("{count} {}", kind.trim_matches('"'))).collect();
        let what = format!("one item for each kind: {}", listed.join(", "));
        placing.expect(&what, reserved_counts(&call) == Some(wanted))?;
        let order = placing.succeeds().await?;
        let what = format!("the `order_id` {}, the order's id", order["id"]);
        placing.expect(&what, call.message["order_id"] == order["id"])?;
        placing.expect("one call and no more: the warehouse has said OK", placing.calls().len() == 1)?;
    }
    Ok(())
}

pub(super) async fn the_order_is_kept(bench: &mut Bench) -> Outcome {
    let mut orders = Vec::new();
    for list in LISTS {
        let mut placing = placed(bench, list).await?;
        let (order, draft) = (placing.succeeds().await?, placing.draft.clone());
        let holds =
            order["status"] == "ORDER_STATUS_QUEUED" && order["created_at"].is_string() && is_as_sent(&order, &draft);
        let what =
            format!("an order with ORDER_STATUS_QUEUED, `created_at` and {}", draft.to_string().replace(',', ", "));
        placing.expect(&what, holds)?;
        orders.push(order);
    }
    some_more(bench).await?;
    for order in orders {
        let answer = read(bench, order["id"].as_str().unwrap_or_default()).await?;
        answer.expect("the same order as CreateOrder has answered", answer.message()?["order"] == order)?;
    }
    Ok(())
}

/// At the same moment, each of them twice: as one may order again what was a success.
async fn some_more(bench: &mut Bench) -> Outcome {
    let drafts: Vec<_> = (0..SOME_MORE / 2).map(|number| draft(bench, LISTS[number % LISTS.len()])).collect();
    let connection = bench.server().await?.connect().await?;
    let twice = drafts.iter().chain(&drafts);
    let calls = twice.clone().map(|draft| connection.call(request(CREATE, draft).deadline(LONG)));
    let mut ids = Vec::new();
    for (answer, draft) in join_all(calls).await.into_iter().zip(twice) {
        let answer = answer?;
        let order = &answer.message()?["order"];
        let id = &order["id"];
        answer.expect("the order as it was sent", is_as_sent(order, draft))?;
        let what = format!("an `id` that none of the others has: {SOME_MORE} were placed at the same time");
        answer.expect(&what, id.is_string() && !ids.contains(id))?;
        ids.push(id.clone());
    }
    Ok(())
}

/// An OK counts up to the deadline. The machine may take what is left now and then.
pub(super) async fn shortly_before_the_deadline(bench: &mut Bench) -> Outcome {
    let mut outcome = Ok(());
    for _ in 0..3 {
        let gate = Gate::new();
        let replies = vec![reserved(bench).behind(&gate)];
        let mut held = place(bench, AT_ONCE, replies).await?;
        held.call(1).await?;
        sleep((AT_ONCE - TO_ANSWER).saturating_sub(held.begin.elapsed())).await;
        gate.open();
        let opened = Instant::now();
        outcome = held.succeeds().await.map(drop).map_err(|failed| {
            let at = opened.duration_since(held.begin).as_millis();
            let expected =
                format!("{}: the warehouse said OK after {at} ms of {} ms", failed.expected, AT_ONCE.as_millis());
            Failed { expected, ..failed }
        });
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

pub(super) async fn others_do_not_wait(bench: &mut Bench) -> Outcome {
    let first = placed(bench, LISTS[1]).await?.succeeds().await?;
    let (refuses, gate) = (Gate::new(), Gate::new());
    let no = Reply::status(Code::FAILED_PRECONDITION, "no");
    let replies = vec![no.behind(&refuses), reserved(bench).behind(&gate), reserved(bench)];
    let mut refused = place(bench, LONG, replies).await?;
    refused.call(1).await?;
    let draft_held = draft(bench, LISTS[0]);
    let mut held = place_beside(bench, &draft_held, request(CREATE, &draft_held).deadline(LONG)).await?;
    let call = held.call(2).await?;
    // Whoever counts back for it gives the next one an id that is in use.
    refuses.open();
    refused.answer(AT_ONCE * 3).await?;
    let mut ids = vec![call.message["order_id"].clone()];
    // The same once more, and what another person wants.
    for draft in [draft_held, draft(bench, LISTS[2])] {
        let answer = bench.server().await?.call(request(CREATE, &draft).deadline(LONG).patience(AT_ONCE)).await?;
        let order = &answer.message()?["order"];
        answer.expect("the order as it was sent", is_as_sent(order, &draft))?;
        let what = format!("an `id` of its own: one that waits for the warehouse has {}", ids[0]);
        answer.expect(&what, !ids.contains(&order["id"]))?;
        ids.push(order["id"].clone());
    }
    read(bench, first["id"].as_str().unwrap_or_default()).await?.message()?;
    gate.open();
    held.succeeds_as(&call).await?;
    for id in ids {
        read(bench, id.as_str().unwrap_or_default()).await?.message()?;
    }
    Ok(())
}

pub(super) async fn it_is_there_once_reserved(bench: &mut Bench) -> Outcome {
    let gate = Gate::new();
    let replies = vec![reserved(bench).behind(&gate)];
    let mut held = place(bench, LONG, replies).await?;
    let id = id(&held.call(1).await?);
    read(bench, &id).await?.expect_code(Code::NOT_FOUND)?;
    // What has come by then was sent without the warehouse's answer.
    let early = held.answer(Duration::from_millis(20)).await.is_ok();
    held.expect("no answer before that of the warehouse", !early)?;
    gate.open();
    held.succeeds().await?;
    read(bench, &id).await?.message().map(drop)
}

pub(super) async fn a_refusal_is_passed_on(bench: &mut Bench) -> Outcome {
    let codes = [
        Code::FAILED_PRECONDITION,
        Code::INVALID_ARGUMENT,
        Code::RESOURCE_EXHAUSTED,
        Code::DEADLINE_EXCEEDED,
        Code::ABORTED,
        Code::NOT_FOUND,
        Code::INTERNAL,
        Code::UNKNOWN,
        Code::CANCELLED,
        Code::ALREADY_EXISTS,
        Code::PERMISSION_DENIED,
        Code::UNAUTHENTICATED,
        Code::OUT_OF_RANGE,
        Code::UNIMPLEMENTED,
        Code::DATA_LOSS,
    ];
    for code in codes {
        let words = format!("{}: 0 % of Bé's mice", bench.word());
        let mut refused = place(bench, LONG, vec![Reply::status(code, words.clone())]).await?;
        let id = id(&refused.call(1).await?);
        let status = refused.answer(AT_ONCE * 3).await?.clone();
        let what = format!("the status {} ({code}) and the message \"{words}\"", code.number());
        refused.expect(&what, status.code == code && status.message == words)?;
        refused.expect("one call and no more: that was an answer", refused.calls().len() == 1)?;
        read(bench, &id).await?.expect_code(Code::NOT_FOUND)?;
    }
    Ok(())
}
