//! Two PUTs of one order: while the first waits for the stock, the second comes.

use http::{StatusCode, header};
use tokio::time::timeout;

use super::STOCK;
use super::at_once::{AT_ONCE, TO_GATHER, answer_of};
use super::order::{Order, both, draw, new_order, while_stock, yes};
use crate::bench::Bench;
use crate::http::{Answer, Gate, Reply, get, send};
use crate::verdict::{Failed, Outcome};

/// A PUT that was answered, and the order as it was to be.
struct Put {
    order: Order,
    answer: Answer,
}

/// The first under this condition, and the stock gives it this reply; the second by the tag, and the
/// stock says yes to it.
async fn two(bench: &mut Bench, order: &Order, condition: &str, reply: Reply) -> Result<[Put; 2], Failed> {
    let stock = bench.plays(STOCK).await?;
    let (gate, second_done) = (Gate::new(), Gate::new());
    let (behind, done) = (gate.clone(), second_done.clone());
    stock.answers(move |_, count| if count == 0 { reply.clone().behind(&behind) } else { yes() });
    let address = bench.server().await?.address;
    let equipment = draw(&[&order.equipment]);
    let lists = [equipment.clone(), draw(&[&order.equipment, &equipment])];
    let first = tokio::spawn(send(address, order.put_if(condition, &lists[0])));
    let _ = timeout(AT_ONCE, stock.wait_for(1)).await;
    let put = order.put(&lists[1]);
    let second = tokio::spawn(async move {
        let answer = send(address, put).await;
        done.open();
        answer
    });
    // A program may also let them go there one by one: then the second waits for the first.
    second_done.open_after(TO_GATHER).await;
    gate.open();
    let answers = (answer_of(first).await, answer_of(second).await);
    let put = |answer, equipment| Put { order: Order { equipment, ..order.clone() }, answer };
    let [one, other] = lists;
    Ok([put(answers.0?, one), put(answers.1?, other)])
}

/// `*` names no version, so that none can have passed; and yet each change has a tag of its own.
pub(super) async fn star_holds_meanwhile(bench: &mut Bench) -> Outcome {
    let order = new_order(bench).await?;
    let puts = two(bench, &order, "*", yes()).await?;
    let [star, tagged] = &puts;
    let told = |failed| while_stock("another PUT of this order came while this one waited for the stock", failed);
    star.answer.expect_status(StatusCode::OK).map_err(told)?;
    let tag = |answer: &Answer| answer.header(&header::ETAG).to_owned();
    let done: Vec<&Put> = puts.iter().filter(|put| put.answer.status() == StatusCode::OK).collect();
    if done.len() == 2 && tag(&star.answer) == tag(&tagged.answer) {
        let expected = "two tags for two changes; who has read one of them must not write over the other";
        return Err(told(both(&tagged.answer, &star.answer, expected)));
    }
    let now = bench.server().await?.send(get(&order.path)).await?;
    match done.into_iter().find(|put| tag(&put.answer) == tag(&now)) {
        Some(last) => last.order.expect_content(&now).map_err(told),
        None => Err(told(both(&star.answer, &now, "the `etag` of the last change"))),
    }
}

/// A change that is refused takes nothing from another one of the same tag.
pub(super) async fn a_no_is_for_one(bench: &mut Bench) -> Outcome {
    let order = new_order(bench).await?;
    let no = Reply::status(StatusCode::CONFLICT);
    let [refused, done] = two(bench, &order, &order.etag, no).await?;
    let told = |failed| while_stock("an earlier PUT of this order waited for the stock, which said no to that", failed);
    done.answer.expect_status(StatusCode::OK).map_err(told)?;
    // Its tag may have passed by then: that may be said just as well.
    let status = refused.answer.status();
    let is_no = [StatusCode::CONFLICT, StatusCode::PRECONDITION_FAILED].contains(&status);
    refused.answer.expect("the status 409 Conflict, for the stock says no", is_no)?;
    let now = bench.server().await?.send(get(&order.path)).await?;
    done.order.expect_content(&now).map_err(told)
}
