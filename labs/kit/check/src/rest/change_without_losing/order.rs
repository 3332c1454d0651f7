//! Orders as the checks see them: placed, read, changed.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::STOCK;
use crate::bench::Bench;
use crate::called::Played;
use crate::http::{Answer, Reply, Request, get, request};
use crate::verdict::{Failed, Outcome};

const NAMES: [&str; 4] = ["KEYBOARD", "MOUSE", "WEBCAM", "MONITOR"];

/// What somebody might mend, or send in another encoding.
pub(super) const TEXTS: [&str; 3] = [" mouse ", "Zoë's 🎧", "100% \"x\" \\ {}"];

/// An order, as the last GET has shown it.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) path: String,
    pub(super) created_by: String,
    pub(super) equipment: Vec<&'static str>,
    pub(super) etag: String,
}

/// Four pieces; 256 lists of them.
pub(super) fn draw(other_than: &[&[&'static str]]) -> Vec<&'static str> {
    loop {
        let random = uuid::Uuid::new_v4();
        let drawn: Vec<_> = random.as_bytes()[..4].iter().map(|byte| NAMES[usize::from(byte % 4)]).collect();
        if !other_than.contains(&&*drawn) {
            return drawn;
        }
    }
}

/// One of each.
pub(super) fn shuffled() -> [&'static str; 4] {
    let random = uuid::Uuid::new_v4();
    let mut names = NAMES;
    names.sort_by_key(|name| random.as_bytes()[NAMES.iter().position(|known| known == name).unwrap_or_default()]);
    names
}

/// More than anybody has at home.
pub(super) fn many() -> Vec<&'static str> {
    (0..8).flat_map(|_| shuffled()).collect()
}

/// A new order, with the stock on the program's side until a check says otherwise.
pub(super) async fn placed(bench: &mut Bench) -> Result<(Order, Played), Failed> {
    let stock = bench.plays(STOCK).await?;
    stock.answers(|_, _| yes());
    Ok((new_order(bench).await?, stock))
}

/// An order more.
pub(super) async fn new_order(bench: &mut Bench) -> Result<Order, Failed> {
    let (created_by, equipment) = (bench.word(), draw(&[]));
    new_order_of(bench, created_by, equipment).await
}

/// One that somebody wants just so.
pub(super) async fn new_order_of(
    bench: &mut Bench,
    created_by: String,
    equipment: Vec<&'static str>,
) -> Result<Order, Failed> {
    let draft = json!({ "created_by": created_by, "equipment": equipment });
    let answer = bench.server().await?.send(request(Method::POST, "/v1/orders").json(&draft)).await?;
    answer.expect_status(StatusCode::CREATED).map_err(not_from_before)?;
    let path = resolved(answer.header(&header::LOCATION));
    let path = path.ok_or_else(|| not_from_before(answer.wrong("a `Location` that says where the order is")))?;
    let order = Order { path, created_by, equipment, etag: String::new() };
    read(bench, order).await.map(|(order, _)| order).map_err(not_from_before)
}

/// It isn't this exercise's point that is missed.
fn not_from_before(failed: Failed) -> Failed {
    if failed.advice.is_some() {
        return failed;
    }
    failed.advise(
        "Every check here begins with an order that it places and reads.",
        "Take POST and GET as they were in rest/04: 201 with a `Location` that resolves, and 200 with `created_by` \
         and `equipment` as they were sent.",
    )
}

/// Against `/v1/orders` (RFC 3986 §5.2), without the host.
fn resolved(location: &str) -> Option<String> {
    if location.is_empty() {
        return None;
    }
    let without_scheme = location.split_once("://").map(|(_, rest)| rest).or(location.strip_prefix("//"));
    match without_scheme {
        Some(rest) => rest.find('/').map(|path| rest[path..].to_owned()),
        None if location.starts_with('/') => Some(location.to_owned()),
        None => Some(format!("/v1/{}", location.trim_start_matches("./"))),
    }
}

/// Reads it anew, with the tag that it has now.
pub(super) async fn read(bench: &mut Bench, order: Order) -> Result<(Order, Answer), Failed> {
    let answer = bench.server().await?.send(get(&order.path)).await?;
    answer.expect_status(StatusCode::OK)?;
    order.expect_content(&answer)?;
    Ok((Order { etag: answer.header(&header::ETAG).to_owned(), ..order }, answer))
}

impl Order {
    /// A change of it, if its tag is still this one.
    pub(super) fn put(&self, equipment: &[&str]) -> Request {
        self.put_if(&self.etag, equipment)
    }

    pub(super) fn put_if(&self, condition: &str, equipment: &[&str]) -> Request {
        self.put_blindly(equipment).header(header::IF_MATCH, condition)
    }

    pub(super) fn put_blindly(&self, equipment: &[&str]) -> Request {
        request(Method::PUT, &self.path).json(&json!({ "equipment": equipment }))
    }

    /// Sends a change that must be done, and reads what came of it.
    pub(super) async fn change(self, bench: &mut Bench, equipment: Vec<&'static str>) -> Result<Self, Failed> {
        let answer = bench.server().await?.send(self.put(&equipment)).await?;
        answer.expect_status(StatusCode::OK)?;
        answer.expect_json_type()?;
        let changed = Self { equipment, ..self };
        changed.expect_content(&answer)?;
        read(bench, changed).await.map(|(order, _)| order)
    }

    /// The order is in this answer.
    pub(super) fn expect_content(&self, answer: &Answer) -> Outcome {
        let body = answer.json()?;
        let expected = |name: &str, value: Value| {
            answer.expect(&format!("a JSON object with \"{name}\": {value}"), body[name] == value)
        };
        expected("equipment", json!(self.equipment))?;
        expected("created_by", json!(self.created_by))
    }

    /// It is as it was before `answer`, which has refused to change it.
    pub(super) async fn expect_unchanged(&self, bench: &mut Bench, answer: &Answer) -> Outcome {
        let now = bench.server().await?.send(get(&self.path)).await?;
        let same = self.expect_content(&now).is_ok() && now.header(&header::ETAG) == self.etag;
        if same {
            return Ok(());
        }
        let expected = format!(
            "after the {}, the order as it was: \"equipment\": {}, and `etag: {}`",
            answer.status(),
            json!(self.equipment),
            self.etag
        );
        Err(both(answer, &now, expected))
    }
}

/// Two exchanges, one after the other.
pub(super) fn both(first: &Answer, second: &Answer, expected: impl Into<String>) -> Failed {
    let joined = |first: &str, second: &str| format!("{}\n\n{}", first.trim_end(), second.trim_end());
    Failed::new(joined(&first.sent, &second.sent), expected, joined(&first.came, &second.came))
}

/// Adds to a failure what the stock did.
pub(super) fn while_stock(did: &str, failed: Failed) -> Failed {
    Failed { sent: format!("{}\n({did})", failed.sent.trim_end()), ..failed }
}

/// The stock's.
pub(super) fn yes() -> Reply {
    Reply::json(StatusCode::OK, &json!({ "reserved": true }))
}

#[cfg(test)]
mod tests {
    use super::resolved;

    #[test]
    fn a_location_may_have_any_form() {
        for (location, path) in [
            ("/v1/orders/7", "/v1/orders/7"),
            ("orders/7", "/v1/orders/7"),
            ("http://127.0.0.1:8080/v1/orders/7", "/v1/orders/7"),
            ("//localhost/v1/orders/7", "/v1/orders/7"),
        ] {
            assert_eq!(resolved(location).as_deref(), Some(path), "{location}");
        }
        assert_eq!(resolved(""), None);
    }
}
