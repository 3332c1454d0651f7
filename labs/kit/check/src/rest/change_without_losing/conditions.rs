//! What `If-Match` may hold (RFC 9110 §13.1.1).

use http::{StatusCode, header};

use super::meanwhile::star_holds_meanwhile;
use super::order::{Order, both, draw, placed, while_stock};
use crate::bench::Bench;
use crate::http::{Reply, Request};
use crate::verdict::Outcome;

pub(super) async fn no_if_match_is_428(bench: &mut Bench) -> Outcome {
    let (order, _stock) = placed(bench).await?;
    let blind = || order.put_blindly(&draw(&[&order.equipment]));
    // The last one is a condition too, and not this one.
    for put in [blind(), blind().header(header::IF_NONE_MATCH, &order.etag)] {
        refused(bench, &order, put, StatusCode::PRECONDITION_REQUIRED).await?;
    }
    Ok(())
}

async fn refused(bench: &mut Bench, order: &Order, put: Request, status: StatusCode) -> Outcome {
    let answer = bench.server().await?.send(put).await?;
    answer.expect_status(status)?;
    order.expect_unchanged(bench, &answer).await
}

pub(super) async fn stale_is_412(bench: &mut Bench) -> Outcome {
    let (first, stock) = placed(bench).await?;
    let equipment = draw(&[&first.equipment]);
    let order = first.clone().change(bench, equipment).await?;
    let invented = format!("\"{}\"", bench.word());
    let mut tags = vec![first.etag.clone(), invented.clone(), format!("{invented}, \"{}\"", bench.word())];
    tags.extend(neighbours(&order.etag));
    // Texts with a star in them are tags like others.
    tags.extend(["\"*\"".to_owned(), format!("\"{}*\"", bench.word())]);
    // Another order's; where tags are numbers it takes two changes until it isn't this one's as well.
    let mut other = super::order::new_order(bench).await?;
    for _ in 0..2 {
        tags.push(other.etag.clone());
        let equipment = draw(&[&other.equipment]);
        other = other.change(bench, equipment).await?;
    }
    tags.push(other.etag);
    tags.retain(|tag| *tag != order.etag);
    for tag in tags {
        let put = order.put_if(&tag, &draw(&[&order.equipment]));
        refused(bench, &order, put, StatusCode::PRECONDITION_FAILED).await?;
    }
    // Also if the order is as this one wants it, and whatever the stock thinks of it.
    let same = order.put_if(&first.etag, &order.equipment);
    refused(bench, &order, same, StatusCode::PRECONDITION_FAILED).await?;
    for status in [StatusCode::CONFLICT, StatusCode::SERVICE_UNAVAILABLE] {
        stock.answers(move |_, _| Reply::status(status));
        let put = order.put_if(&first.etag, &draw(&[&order.equipment]));
        let told = |failed| while_stock(&format!("whoever asks the stock now gets {status}"), failed);
        refused(bench, &order, put, StatusCode::PRECONDITION_FAILED).await.map_err(told)?;
    }
    Ok(())
}

/// Tags that are nearly this one: longer, shorter, in the other case, and where it is a number,
/// those around it.
fn neighbours(tag: &str) -> Vec<String> {
    let inner = tag.trim_matches('"');
    let mut near = vec![format!("{inner}0"), format!("0{inner}"), String::new()];
    let mut shorter = inner.to_owned();
    shorter.pop();
    near.extend([shorter, inner.to_uppercase(), inner.to_lowercase()]);
    if let Ok(number) = inner.parse::<u64>() {
        near.extend([number.wrapping_add(1).to_string(), number.wrapping_add(1_000).to_string(), "0".to_owned()]);
    }
    near.into_iter().filter(|other| other != inner).map(|other| format!("\"{other}\"")).collect()
}

pub(super) async fn weak_is_412(bench: &mut Bench) -> Outcome {
    let (order, _stock) = placed(bench).await?;
    let lists = [format!("W/{}", order.etag), format!("\"{}\", W/{}", bench.word(), order.etag)];
    for condition in lists {
        let put = order.put_if(&condition, &draw(&[&order.equipment]));
        refused(bench, &order, put, StatusCode::PRECONDITION_FAILED).await?;
    }
    Ok(())
}

pub(super) async fn star_and_lists_hold(bench: &mut Bench) -> Outcome {
    let (mut order, stock) = placed(bench).await?;
    let (one, two) = (format!("\"{}\"", bench.word()), format!("\"{}\"", bench.word()));
    let conditions = [
        "*".to_owned(),
        format!("{one}, TAG"),
        format!("TAG, {one}"),
        format!("{one},TAG,{two}"),
        format!("W/{one} , TAG"),
        "W/TAG, TAG".to_owned(),
        format!("{one}, {two}, TAG"),
        "*".to_owned(),
    ];
    let mut asked = stock.received().len();
    for condition in conditions {
        let equipment = draw(&[&order.equipment]);
        let put = order.put_if(&condition.replace("TAG", &order.etag), &equipment);
        let answer = bench.server().await?.send(put).await?;
        answer.expect_status(StatusCode::OK)?;
        asked += 1;
        answer.expect("the stock to have been asked, whatever the tag", stock.received().len() == asked)?;
        let tag = answer.header(&header::ETAG).to_owned();
        let (now, read) = super::order::read(bench, Order { equipment, ..order }).await?;
        if now.etag != tag {
            return Err(both(&answer, &read, format!("`etag: {tag}` from both")));
        }
        order = now;
    }
    star_holds_meanwhile(bench).await
}

pub(super) async fn missing_order_is_404(bench: &mut Bench) -> Outcome {
    let (order, stock) = placed(bench).await?;
    let missing = Order { path: beside(&order.path), ..order.clone() };
    for (asked, condition) in ["*", &order.etag, "\"nothing\"", "*"].into_iter().enumerate() {
        // The last one also where the stock is unwell: there is nothing that it could be asked for.
        if asked == 3 {
            stock.answers(|_, _| Reply::status(StatusCode::SERVICE_UNAVAILABLE));
        }
        let put = missing.put_if(condition, &draw(&[]));
        let answer = bench.server().await?.send(put).await?;
        let told =
            |failed| if asked == 3 { while_stock("whoever asks the stock now gets 503", failed) } else { failed };
        answer.expect_status(StatusCode::NOT_FOUND).map_err(told)?;
    }
    // A PUT that makes an order would show here.
    let answer = bench.server().await?.send(crate::http::get(&missing.path)).await?;
    answer.expect_status(StatusCode::NOT_FOUND)
}

/// The path of an order that was never placed, with an id of the same kind.
fn beside(path: &str) -> String {
    let (before, id) = path.rsplit_once('/').unwrap_or(("", path));
    let random = uuid::Uuid::new_v4();
    let other = if id.bytes().all(|byte| byte.is_ascii_digit()) {
        (1_000_000_000 - u64::from(random.as_bytes()[0])).to_string()
    } else if id.len() == random.simple().to_string().len() {
        random.simple().to_string()
    } else {
        random.to_string()
    };
    format!("{before}/{other}")
}
