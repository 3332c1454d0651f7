//! rest/04: place an order, and read it back.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::README;
use crate::bench::Bench;
use crate::exercise::{Exercise, Role, checks};
use crate::http::{Answer, Gate, Request, get, request, send};
use crate::unlike::unlike;
use crate::verdict::{Failed, Outcome};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "rest/04",
    name: "place_an_order",
    role: Role::RestServer,
    data: include_str!("place_an_order.toml"),
    readme: README,
    checks: checks![
        the_list_is_an_array,
        an_order_is_created,
        the_answer_is_the_order,
        each_order_has_its_id,
        location_leads_to_it,
        the_list_has_each_order,
        a_charset_is_json_too,
        a_form_is_415,
        an_unknown_id_is_404,
    ],
};

const ORDERS: &str = "/v1/orders";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=b";
/// Enough that ids from a clock meet, and no more than wait at a simple server's door.
const AT_ONCE: usize = 6;
const ROUNDS: usize = 3;
/// The task knows no pages, and 100 is a usual one.
const MORE_THAN_A_PAGE: usize = 100;
/// For requests that nobody may be reading yet.
const ARRIVE: Duration = Duration::from_millis(300);

fn post(order: &Value) -> Request {
    request(Method::POST, ORDERS).json(order)
}

/// An order as nobody has seen it before.
fn order(bench: &Bench, equipment: &[&str]) -> Value {
    json!({ "created_by": format!("{} <É> & Bé 🎧", bench.word()), "equipment": equipment })
}

/// Orders that no list without repeats, no set and no sorted list can hold.
fn orders(bench: &Bench) -> [Value; 3] {
    [
        order(bench, &["WEBCAM", "KEYBOARD", "WEBCAM", "MOUSE", "KEYBOARD"]),
        order(bench, &["MONITOR"]),
        order(bench, &["MOUSE", "MOUSE", "KEYBOARD", "MONITOR"]),
    ]
}

/// What an order that was placed must have, wherever it is answered.
fn expect_order(answer: &Answer, found: &Value, sent: &Value) -> Outcome {
    let holds = ["created_by", "equipment"].iter().all(|field| found[field] == sent[field]);
    // With spaces, a line can be broken.
    answer.expect(&format!("an order with {}", sent.to_string().replace(',', ", ")), holds)
}

fn id(answer: &Answer) -> Result<Value, Failed> {
    let id = answer.json()?["id"].clone();
    let holds = id.is_u64() || id.as_str().is_some_and(|id| !id.is_empty());
    answer.expect("an `id`, which is a string that isn't empty, or a number", holds)?;
    Ok(id)
}

/// Places it.
async fn place(bench: &mut Bench, order: &Value) -> Result<Answer, Failed> {
    let answer = bench.server().await?.send(post(order)).await?;
    answer.expect_status(StatusCode::CREATED)?;
    Ok(answer)
}

/// The orders in the list.
async fn list(bench: &mut Bench) -> Result<(Answer, Vec<Value>), Failed> {
    let answer = bench.server().await?.send(get(ORDERS)).await?;
    answer.expect_status(StatusCode::OK)?;
    answer.expect_json_type()?;
    match answer.json()?["orders"].as_array().cloned() {
        Some(orders) => Ok((answer, orders)),
        None => Err(answer.wrong("`orders` to be an array, also when it is empty")),
    }
}

async fn the_list_is_an_array(bench: &mut Bench) -> Outcome {
    list(bench).await.map(drop)
}

async fn an_order_is_created(bench: &mut Bench) -> Outcome {
    let order = order(bench, &["KEYBOARD", "WEBCAM"]);
    place(bench, &order).await?.expect_json_type()
}

async fn the_answer_is_the_order(bench: &mut Bench) -> Outcome {
    for order in orders(bench) {
        let answer = place(bench, &order).await?;
        id(&answer)?;
        expect_order(&answer, &answer.json()?, &order)?;
    }
    let order = order(bench, &["MOUSE"]);
    let answer = bench.server().await?.send(request(Method::POST, ORDERS).body(JSON, at_length(&order))).await?;
    answer.expect_status(StatusCode::CREATED)?;
    expect_order(&answer, &answer.json()?, &order)
}

/// The same JSON in more bytes: with escapes, and more spaces than a first read may bring.
fn at_length(order: &Value) -> String {
    let escaped = order.to_string().replace('É', "\\u00c9").replace('🎧', "\\ud83c\\udfa7");
    escaped.replace("\":", &format!("\" :\n{}", " ".repeat(2_000)))
}

async fn each_order_has_its_id(bench: &mut Bench) -> Outcome {
    let mut ids = BTreeSet::new();
    for _ in 0..ROUNDS {
        for (created, _) in at_one_moment(bench).await? {
            let id = id(&created)?.to_string();
            let what = format!("another id than {id}, which an order has that was placed at the same time or before");
            created.expect(&what, ids.insert(id))?;
        }
    }
    Ok(())
}

async fn location_leads_to_it(bench: &mut Bench) -> Outcome {
    let mut placed = Vec::new();
    for order in orders(bench) {
        placed.push((place(bench, &order).await?, order));
    }
    placed.extend(at_one_moment(bench).await?);
    // The last first, and each after all were placed: none is the one that came last by luck.
    // Then once more: what was read is still there.
    for (created, order) in placed.iter().rev().chain(&placed) {
        let path = created.location(ORDERS)?;
        let answer = bench.server().await?.send(get(&path)).await?;
        answer.expect_status(StatusCode::OK)?;
        answer.expect_json_type()?;
        let found = answer.json()?;
        expect_order(&answer, &found, order)?;
        let id = id(created)?;
        answer.expect(&format!("the id that the POST has answered, {id}"), found["id"] == id)?;
    }
    Ok(())
}

/// Places some, of which all but the last byte is there before any is whole.
async fn at_one_moment(bench: &mut Bench) -> Result<Vec<(Answer, Value)>, Failed> {
    let mut orders: Vec<Value> = (1..AT_ONCE).map(|_| order(bench, &["MOUSE"])).collect();
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

async fn the_list_has_each_order(bench: &mut Bench) -> Outcome {
    let mut placed = at_one_moment(bench).await?;
    for order in orders(bench) {
        placed.push((place(bench, &order).await?, order));
    }
    for _ in 0..MORE_THAN_A_PAGE {
        let order = order(bench, &["MOUSE"]);
        placed.push((place(bench, &order).await?, order));
    }
    // What was read is still there the second time.
    list(bench).await?;
    let (answer, listed) = list(bench).await?;
    for (created, order) in &placed {
        let id = id(created)?;
        let found: Vec<&Value> = listed.iter().filter(|found| found["id"] == id).collect();
        let what = format!("the order {id} once in `orders`, and not {} times", found.len());
        answer.expect(&what, found.len() == 1)?;
        expect_order(&answer, found[0], order)?;
    }
    Ok(())
}

async fn a_charset_is_json_too(bench: &mut Bench) -> Outcome {
    for kind in ["application/json; charset=utf-8", "application/json;charset=UTF-8"] {
        let order = order(bench, &["MONITOR", "MOUSE"]);
        let request = request(Method::POST, ORDERS).body(kind, order.to_string());
        let answer = bench.server().await?.send(request).await?;
        answer.expect_status(StatusCode::CREATED)?;
        expect_order(&answer, &answer.json()?, &order)?;
    }
    Ok(())
}

async fn a_form_is_415(bench: &mut Bench) -> Outcome {
    let who = bench.word();
    let (_, before) = list(bench).await?;
    let part =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let forms = [
        (FORM, format!("created_by={who}&equipment=KEYBOARD")),
        (MULTIPART, format!("{}{}--b--\r\n", part("created_by", &who), part("equipment", "KEYBOARD"))),
        // As `curl -d` sends it.
        (FORM, json!({ "created_by": who, "equipment": ["KEYBOARD"] }).to_string()),
        ("text/plain", json!({ "created_by": who, "equipment": ["KEYBOARD"] }).to_string()),
    ];
    for (kind, body) in forms {
        let form = request(Method::POST, ORDERS).body(kind, body);
        let answer = bench.server().await?.send(form).await?;
        answer.expect_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)?;
    }
    let (answer, listed) = list(bench).await?;
    let what = format!("{} orders, as before: none by {who}, whose form was refused", before.len());
    answer.expect(&what, listed.len() == before.len())
}

async fn an_unknown_id_is_404(bench: &mut Bench) -> Outcome {
    let order = order(bench, &["WEBCAM"]);
    let created = place(bench, &order).await?;
    let (path, id) = (created.location(ORDERS)?, id(&created)?);
    let id = id.as_str().map_or(id.to_string(), str::to_owned);
    let unknown = unlike(&id, &bench.word());
    // Where the id isn't in the address as it is, nothing is known of other addresses.
    let path = if path.contains(&id) { path.replace(&id, &unknown) } else { format!("{ORDERS}/{unknown}") };
    let answer = bench.server().await?.send(get(&path)).await?;
    answer.expect_status(StatusCode::NOT_FOUND)
}
