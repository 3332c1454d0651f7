//! Orders as the checks of rest/04 place them: one by one, and at one moment.

use std::time::Duration;

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{JSON, ORDERS};
use crate::bench::Bench;
use crate::http::{AT_ONCE, Answer, Gate, Request, amid_others, bursts, get, request, send, send_at_once};
use crate::verdict::{Failed, Outcome};

const MANY: usize = 350;
/// For requests that nobody may be reading yet.
const ARRIVE: Duration = Duration::from_millis(300);

pub(super) fn post(order: &Value) -> Request {
    request(Method::POST, ORDERS).json(order)
}

/// An order as nobody has seen it before.
pub(super) fn order(bench: &Bench, equipment: &[&str]) -> Value {
    json!({ "created_by": format!("{} <É> & Bé 🎧", bench.word()), "equipment": equipment })
}

/// Orders that no list without repeats, no set, no sorted and no short list can hold.
pub(super) fn orders(bench: &Bench) -> [Value; 6] {
    let word = bench.word();
    let many: Vec<String> = (0..40).rev().map(|number| format!("{word} é{number}{}", "🎧".repeat(number))).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    // A name that is easily mended: long, with spaces around it, and an é that is two characters.
    let name = format!("  {word} e\u{301} {} ", "Xy".repeat(150));
    [
        order(bench, &["WEBCAM", "KEYBOARD", "WEBCAM", "MOUSE", "KEYBOARD"]),
        json!({ "created_by": name, "equipment": ["MONITOR"] }),
        order(bench, &["MOUSE", "MOUSE", "KEYBOARD", "MONITOR"]),
        order(bench, &many),
        // Texts that look like something else.
        json!({ "created_by": format!("00{}", bench.number(1_000)), "equipment": ["007", "null", "1.0", "a,b", " c "] }),
        json!({ "created_by": format!("\"{word}\" \\ %20+&=\t/\n"), "equipment": ["[]", "Mouse", "mouse"] }),
    ]
}

/// What an order that was placed must have, wherever it is answered.
pub(super) fn expect_order(answer: &Answer, found: &Value, sent: &Value) -> Outcome {
    // What else was sent is nothing that an order has.
    let sent = json!({ "created_by": sent["created_by"], "equipment": sent["equipment"] });
    let holds = ["created_by", "equipment"].iter().all(|field| found[field] == sent[field]);
    // With spaces, a line can be broken.
    answer.expect(&format!("an order with {}", sent.to_string().replace(',', ", ")), holds)
}

pub(super) fn id(answer: &Answer) -> Result<Value, Failed> {
    let id = answer.json()?["id"].clone();
    let holds = id.is_u64() || id.as_str().is_some_and(|id| !id.is_empty());
    answer.expect("an `id`, which is a string that isn't empty, or a number", holds)?;
    Ok(id)
}

/// The same JSON in more bytes: with escapes, and more spaces than a first read may bring.
pub(super) fn post_at_length(order: &Value) -> Request {
    let escaped = order.to_string().replace('É', "\\u00c9").replace('🎧', "\\ud83c\\udfa7");
    request(Method::POST, ORDERS).body(JSON, escaped.replace("\":", &format!("\" :\n{}", " ".repeat(3_900))))
}

/// Places it.
pub(super) async fn place(bench: &mut Bench, order: &Value) -> Result<Answer, Failed> {
    let answer = bench.server().await?.send(post(order)).await?;
    answer.expect_status(StatusCode::CREATED)?;
    Ok(answer)
}

/// Places many, some at a time: what two requests share shows. Each is long enough to read for others to come in
/// between.
pub(super) async fn many_at_once(bench: &mut Bench) -> Result<Vec<Answer>, Failed> {
    let address = bench.server().await?.address;
    let orders: Vec<Value> = (0..MANY).map(|_| order(bench, &["WEBCAM", "MOUSE"])).collect();
    let mut placed = Vec::new();
    for orders in bursts(&orders) {
        for (created, order) in send_at_once(address, orders.iter().map(post_at_length)).await.into_iter().zip(orders) {
            let created = created?;
            is_placed(&created, order).map_err(amid_others)?;
            placed.push(created);
        }
    }
    Ok(placed)
}

fn is_placed(created: &Answer, order: &Value) -> Outcome {
    created.expect_status(StatusCode::CREATED)?;
    expect_order(created, &created.json()?, order)
}

/// Places some, of which all but the last byte is there before any is whole.
pub(super) async fn at_one_moment(bench: &mut Bench) -> Result<Vec<(Answer, Value)>, Failed> {
    // In each another item at the same place: some keep all in one list.
    let mut orders: Vec<Value> = (1..AT_ONCE).map(|_| order(bench, &["MOUSE", &bench.word()])).collect();
    // Somebody wants the same once more.
    orders.push(orders[0].clone());
    let address = bench.server().await?.address;
    let gate = Gate::new();
    let posts = orders.iter().map(|order| send(address, post(order).held_at(&gate)));
    let look = async {
        gate.filled(orders.len(), ARRIVE).await;
        // Its answer means that a server that does several things at once has seen the others.
        let _ = send(address, get(ORDERS)).await;
        gate.open();
    };
    // One that takes request after request is right as well: for it the gate opens by itself.
    let (answers, (), ()) = tokio::join!(join_all(posts), look, gate.open_after(ARRIVE));
    let mut placed = Vec::new();
    for (answer, order) in answers.into_iter().zip(&orders) {
        let created = answer?;
        created.expect_status(StatusCode::CREATED)?;
        placed.push((created, order.clone()));
    }
    Ok(placed)
}
