//! rest/04: place an order, and read it back.

mod placed;
mod unknown;

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use self::placed::{at_one_moment, expect_order, id, many_at_once, order, orders, place, post, post_at_length};
use self::unknown::{WhileEmpty, an_unknown_id_is_404};
use super::README;
use crate::bench::Bench;
use crate::exercise::{Exercise, Role, checks};
use crate::http::{Answer, get, request};
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
const FORM_UTF_8: &str = "application/x-www-form-urlencoded; charset=UTF-8";
const MULTIPART: &str = "multipart/form-data; boundary=b";
const ROUNDS: usize = 3;
/// The task knows no pages, and 100 is a usual one.
const MORE_THAN_A_PAGE: usize = 100;

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
    let (answer, listed) = list(bench).await?;
    // One that runs already may have some.
    if bench.server().await?.process.is_some() {
        answer.expect("`orders` to be `[]`: none was placed yet", listed.is_empty())?;
    }
    let unknown = get(&format!("{ORDERS}/{}", bench.word()));
    let answer = bench.server().await?.send(unknown).await;
    bench.seen.insert(WhileEmpty(answer));
    // The id that many give to their first order: whoever remembers that there is none misses it later.
    let _ = bench.server().await?.send(get(&format!("{ORDERS}/1"))).await;
    Ok(())
}

async fn an_order_is_created(bench: &mut Bench) -> Outcome {
    let order = order(bench, &["KEYBOARD", "WEBCAM"]);
    let created = place(bench, &order).await?;
    created.expect_json_type()?;
    bench.seen.insert(First(created, order.clone()));
    // Whoever comes later, too.
    for order in [order, orders(bench)[1].clone()] {
        place(bench, &order).await?.expect_json_type()?;
    }
    Ok(())
}

/// The first order of all: one with which some lists don't begin.
#[derive(Clone)]
struct First(Answer, Value);

fn first(bench: &Bench) -> Option<(Answer, Value)> {
    bench.seen.get::<First>().map(|First(created, order)| (created.clone(), order.clone()))
}

async fn the_answer_is_the_order(bench: &mut Bench) -> Outcome {
    for order in orders(bench) {
        let answer = place(bench, &order).await?;
        id(&answer)?;
        expect_order(&answer, &answer.json()?, &order)?;
    }
    let order = order(bench, &["MOUSE"]);
    let answer = bench.server().await?.send(post_at_length(&order)).await?;
    answer.expect_status(StatusCode::CREATED)?;
    expect_order(&answer, &answer.json()?, &order)?;
    let many = Many(many_at_once(bench).await?);
    bench.seen.insert(many);
    Ok(())
}

/// The answers to many that were placed at the same time.
#[derive(Clone)]
struct Many(Vec<Answer>);

async fn each_order_has_its_id(bench: &mut Bench) -> Outcome {
    let mut ids = BTreeSet::new();
    let mut is_new = |created: &Answer| {
        let id = id(created)?.to_string();
        let what = format!("another id than {id}, which an order has that was placed at the same time or before");
        created.expect(&what, ids.insert(id))
    };
    for _ in 0..ROUNDS {
        at_one_moment(bench).await?.iter().try_for_each(|(created, _)| is_new(created))?;
    }
    let many = bench.seen.get::<Many>().cloned();
    many.iter().flat_map(|Many(answers)| answers).try_for_each(&mut is_new)?;
    let same = order(bench, &["WEBCAM"]);
    let first = place(bench, &same).await?;
    is_new(&first)?;
    is_new(&place(bench, &same).await?)?;
    // One that somebody else has, and one that nobody has: twice.
    let nobodys = json!(bench.id());
    for brought in [id(&first)?, nobodys.clone(), nobodys.clone()] {
        let mut order = order(bench, &["MONITOR"]);
        order["id"] = brought;
        let answer = bench.server().await?.send(post(&order)).await?;
        if !answer.status().is_client_error() {
            answer.expect_status(StatusCode::CREATED)?;
            is_new(&answer)?;
            answer.expect("an id that the server has drawn, and not the client", id(&answer)? != nobodys)?;
        }
    }
    Ok(())
}

async fn location_leads_to_it(bench: &mut Bench) -> Outcome {
    // The oldest of all is where it was.
    let mut placed: Vec<_> = first(bench).into_iter().collect();
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

async fn the_list_has_each_order(bench: &mut Bench) -> Outcome {
    let (_, before) = list(bench).await?;
    let mut placed = at_one_moment(bench).await?;
    for _ in 0..ROUNDS {
        // Read before and after each: what was read isn't kept for the next.
        let order = order(bench, &["WEBCAM", "MOUSE"]);
        placed.push((place(bench, &order).await?, order));
        let (answer, listed) = list(bench).await?;
        is_listed(&answer, &listed, &placed)?;
    }
    for order in orders(bench) {
        placed.push((place(bench, &order).await?, order));
    }
    for _ in 0..MORE_THAN_A_PAGE {
        let order = order(bench, &["MOUSE"]);
        placed.push((place(bench, &order).await?, order));
    }
    let all = before.len() + placed.len();
    placed.extend(first(bench));
    // What was read is still there the second time.
    list(bench).await?;
    let (answer, listed) = list(bench).await?;
    is_listed(&answer, &listed, &placed)?;
    answer.expect(&format!("{all} in `orders`: so many were placed"), listed.len() == all)
}

/// Each of them, once.
fn is_listed(answer: &Answer, listed: &[Value], placed: &[(Answer, Value)]) -> Outcome {
    for (created, order) in placed {
        let id = id(created)?;
        let found: Vec<&Value> = listed.iter().filter(|found| found["id"] == id).collect();
        let what = format!("the order {id} once in `orders`, and not {} times", found.len());
        answer.expect(&what, found.len() == 1)?;
        expect_order(answer, found[0], order)?;
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
        let path = answer.location(ORDERS)?;
        let found = bench.server().await?.send(get(&path)).await?;
        found.expect_status(StatusCode::OK)?;
        expect_order(&found, &found.json()?, &order)?;
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
        (FORM_UTF_8, format!("created_by={who}&equipment=KEYBOARD&equipment=MOUSE")),
        (MULTIPART, format!("{}{}--b--\r\n", part("created_by", &who), part("equipment", "KEYBOARD"))),
        // As `curl -d` sends it.
        (FORM, json!({ "created_by": who, "equipment": ["KEYBOARD"] }).to_string()),
        ("text/plain", json!({ "created_by": who, "equipment": ["KEYBOARD"] }).to_string()),
        // As `fetch` sends a text.
        ("text/plain;charset=UTF-8", json!({ "created_by": who, "equipment": ["KEYBOARD"] }).to_string()),
    ];
    for (kind, body) in forms {
        let form = request(Method::POST, ORDERS).body(kind, body);
        let answer = bench.server().await?.send(form).await?;
        answer.expect_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)?;
    }
    // What a server doesn't read of a form is still on the connection.
    let form = request(Method::POST, ORDERS).body(FORM, format!("created_by={who}&equipment=MOUSE"));
    let order = order(bench, &["MOUSE"]);
    bench.server().await?.send(post(&order).after(form)).await?.expect_status(StatusCode::CREATED)?;
    let (answer, mut listed) = list(bench).await?;
    listed.retain(|found| found["created_by"] != order["created_by"]);
    let what = format!("{} orders, as before: none by {who}, whose form was refused", before.len());
    answer.expect(&what, listed.len() == before.len())
}
