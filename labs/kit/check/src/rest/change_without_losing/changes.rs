//! One writer, alone.

use std::time::Duration;

use http::{StatusCode, header};
use tokio::join;

use super::order::{Order, TEXTS, both, draw, many, new_order, new_order_of, placed, read, shuffled};
use crate::bench::Bench;
use crate::http::{Gate, send};
use crate::verdict::{Failed, Outcome};

/// For a part of a request to be read before the rest of it comes.
const ARRIVE: Duration = Duration::from_millis(300);

pub(super) async fn etag_is_strong(bench: &mut Bench) -> Outcome {
    let (order, _stock) = placed(bench).await?;
    let (order, first) = read(bench, order).await?;
    let what = "a header `etag` with a strong tag in double quotes, as `etag: \"7\"`";
    first.expect(what, is_strong(&order.etag))?;
    new_order(bench).await?;
    let (again, second) = read(bench, order.clone()).await?;
    if again.etag == order.etag {
        return Ok(());
    }
    Err(both(&first, &second, format!("the same `etag` twice, for nothing has changed: {}", order.etag)))
}

/// `opaque-tag` (RFC 9110 §8.8.3).
fn is_strong(tag: &str) -> bool {
    let inner = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte > b' ' && byte != b'"' && byte != 0x7f))
}

pub(super) async fn put_changes(bench: &mut Bench) -> Outcome {
    let (first, _stock) = placed(bench).await?;
    let created_by = format!("Zoë \"{}\" 🎧", bench.word());
    let order = new_order_of(bench, created_by, first.equipment).await?;
    // Nothing but its address tells it from the first.
    let twin = new_order_of(bench, order.created_by.clone(), order.equipment.clone()).await?;
    let (others, mut order) = ([twin, new_order(bench).await?], order);
    // Longer, shorter, with the same piece twice, none, what somebody might mend, and back to what it was.
    let longer = [&order.equipment[..], &shuffled(), &shuffled()].concat();
    let lists = [
        draw(&[&order.equipment]),
        vec!["MOUSE"],
        vec!["WEBCAM"; 3],
        longer,
        Vec::new(),
        TEXTS.into(),
        many(),
        order.equipment.clone(),
    ];
    for equipment in lists {
        order = order.change(bench, equipment).await?;
        for other in &others {
            let failed = |failed: Failed| {
                let expected = format!("{}, as before: another order was changed", failed.expected);
                Failed { expected, ..failed }
            };
            read(bench, other.clone()).await.map_err(failed)?;
        }
    }
    // The first part of it ends within a character.
    let (address, gate) = (bench.server().await?.address, Gate::new());
    let (answer, ()) = join!(send(address, order.put(&TEXTS).held_at(&gate)), gate.open_after(ARRIVE));
    answer?.expect_status(StatusCode::OK)?;
    read(bench, Order { equipment: TEXTS.into(), ..order }).await.map(|_| ())
}

pub(super) async fn tag_is_new(bench: &mut Bench) -> Outcome {
    let (other, _stock) = placed(bench).await?;
    // The same person's, and another order all the same.
    let created_by = other.created_by.clone();
    // The same pieces in another order, one of them once more, another one in the middle; and none,
    // and lists that are one text if somebody joins them.
    let [one, two, three, four] = shuffled();
    let first = vec![one, two, three, four];
    let lists = [
        vec![one, three, two, four],
        vec![four, three, two, one],
        vec![four, three, two, one, one],
        vec![four, three, two, two, one],
        vec![four, three, one, two, one],
        Vec::new(),
        vec!["AB"],
        vec!["A", "B"],
        vec!["A,B"],
    ];
    let mut order = new_order_of(bench, created_by, first).await?;
    let mut tags = vec![order.etag.clone()];
    for equipment in lists {
        order = one_change(bench, order, &equipment, &tags).await?;
        tags.push(order.etag.clone());
    }
    let (after, answer) = read(bench, other.clone()).await?;
    let what = format!("`etag: {}`, as before: this order was not changed, another one was", other.etag);
    answer.expect(&what, after.etag == other.etag)
}

async fn one_change(
    bench: &mut Bench,
    order: Order,
    equipment: &[&'static str],
    tags: &[String],
) -> Result<Order, Failed> {
    let answer = bench.server().await?.send(order.put(equipment)).await?;
    answer.expect_status(StatusCode::OK)?;
    let tag = answer.header(&header::ETAG).to_owned();
    let what = format!("a strong `etag` that the order hasn't had before (not {})", tags.join(", "));
    answer.expect(&what, is_strong(&tag) && !tags.contains(&tag))?;
    let (order, read) = read(bench, Order { equipment: equipment.to_vec(), ..order }).await?;
    if order.etag == tag {
        return Ok(order);
    }
    Err(both(&answer, &read, format!("`etag: {tag}` from both")))
}
