//! Placing an order: the warehouse is asked, and what it says counts.

use std::time::Duration;

use super::order::{LONG, Placing, counts, draft, place, place_as, read, reserved, reserved_counts};
use crate::bench::Bench;
use crate::grpc::CREATE;
use crate::http::Gate;
use crate::rpc::{Code, Received, Reply, request};
use crate::verdict::{Failed, Outcome};

/// For what needs nobody's answer.
const AT_ONCE: Duration = Duration::from_secs(1);

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
        let holds = order["status"] == "ORDER_STATUS_QUEUED"
            && ["created_by", "equipment"].iter().all(|field| order[field] == draft[field]);
        let what = format!("an order with ORDER_STATUS_QUEUED and {}", draft.to_string().replace(',', ", "));
        placing.expect(&what, holds)?;
        orders.push(order);
    }
    for order in orders {
        let answer = read(bench, order["id"].as_str().unwrap_or_default()).await?;
        answer.expect("the same order as CreateOrder has answered", answer.message()?["order"] == order)?;
    }
    Ok(())
}

pub(super) async fn others_do_not_wait(bench: &mut Bench) -> Outcome {
    let first = placed(bench, LISTS[1]).await?.succeeds().await?;
    let gate = Gate::new();
    let replies = vec![reserved(bench).behind(&gate), reserved(bench)];
    let mut held = place(bench, LONG, replies).await?;
    held.call(1).await?;
    let other = draft(bench, LISTS[2]);
    let answer = bench.server().await?.call(request(CREATE, &other).deadline(LONG).patience(AT_ONCE)).await?;
    answer.message()?;
    read(bench, first["id"].as_str().unwrap_or_default()).await?.message()?;
    gate.open();
    held.succeeds().await.map(drop)
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
