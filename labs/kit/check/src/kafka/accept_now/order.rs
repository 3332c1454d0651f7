//! Orders as the checks send them, and what an answer says of one.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::broker::{Asked, Fate, Record, Serving};
use crate::http::{Answer, Gate, Request, request};
use crate::verdict::{Failed, Outcome};

pub(super) const ORDERS: &str = "/v1/orders";
/// Ten seconds, as the sentences say, and what a busy machine adds.
pub(super) const PATIENCE: Duration = Duration::from_secs(11);

/// An order as nobody has seen it before.
pub(super) fn order(bench: &Bench) -> Value {
    json!({ "created_by": bench.word(), "equipment": ["KEYBOARD", bench.word(), "KEYBOARD"] })
}

/// Orders with every kind of JSON, but for numbers that languages write in several ways.
pub(super) fn of_all_kinds(bench: &Bench) -> [Value; 4] {
    [
        json!({ "created_by": format!("Zoë \"{}\" \\ 🎧\n", bench.word()), "equipment": ["WEBCAM", "MOUSE", "WEBCAM"] }),
        json!({ "equipment": [], "created_by": "", bench.word(): { "desk": bench.number(1_000), "none": null } }),
        json!({ "created_by": format!(" {} ", bench.word()), "equipment": ["MOUSE"], "note": null, "gift": false, "floor": 0,
            "half": -0.5, "share": 1.2345, "größe": "", "tags": {}, "": bench.word(), "all": [null, 0, false, "", [], {}] }),
        order(bench),
    ]
}

pub(super) fn post(order: &Value) -> Request {
    post_as(order.to_string())
}

/// As it is written.
pub(super) fn post_as(body: String) -> Request {
    request(Method::POST, ORDERS).body("application/json", body).patience(PATIENCE)
}

/// One that was accepted.
pub(super) struct Accepted {
    pub(super) answer: Answer,
    pub(super) id: String,
}

/// 202, with the order's id.
pub(super) fn accepted(answer: Answer) -> Result<Accepted, Failed> {
    answer.expect_status(StatusCode::ACCEPTED)?;
    answer.expect_json_type()?;
    let id = answer.json()?["id"].as_str().unwrap_or_default().to_owned();
    answer.expect("an `id` in the JSON, which is a text and not empty", !id.is_empty())?;
    Ok(Accepted { answer, id })
}

/// Sends it, and it is accepted.
pub(super) async fn accept(serving: &Serving, order: &Value) -> Result<Accepted, Failed> {
    let answer = serving.send(post(order)).await?;
    accepted(answer).map_err(|failed| serving.told(failed))
}

/// The one record with its id as the key.
pub(super) async fn record(serving: &Serving, order: &Accepted) -> Result<Record, Failed> {
    let records = serving.records().await?;
    let with_key: Vec<&Record> = records.iter().filter(|record| record.key_text() == Some(&order.id)).collect();
    match with_key[..] {
        [record] => Ok(record.clone()),
        _ => {
            let expected = format!("in the topic one record, and no more, with the key {}", order.id);
            Err(serving.wrong_records(&order.answer, expected, &records))
        }
    }
}

/// Whether it has all that was sent; what else is there is the program's, as are its id and status.
pub(super) fn has_all(record: &Record, order: &Value) -> bool {
    let value = record.value.as_deref().and_then(|value| serde_json::from_slice::<Value>(value).ok());
    let fields = order.as_object().into_iter().flatten().filter(|(name, _)| !["id", "status"].contains(&name.as_str()));
    value.is_some_and(|value| fields.clone().all(|(name, field)| value.get(name) == Some(field)))
}

/// The status, and a problem in JSON (RFC 9457).
pub(super) fn expect_problem(answer: &Answer, status: StatusCode) -> Outcome {
    answer.expect_status(status)?;
    answer.expect("the header `content-type: application/problem+json`", answer.media_type() == PROBLEM)?;
    let problem = answer.json()?;
    answer.expect(&format!("`\"status\": {}` in the JSON", status.as_u16()), problem["status"] == status.as_u16())
}

const PROBLEM: &str = "application/problem+json";

/// Starts the server on a topic of its own, behind a relay at whose gate records wait.
pub(super) async fn held(bench: &Bench, gate: &Gate, hold: fn(Gate) -> Fate) -> Result<Serving, Failed> {
    let gate = gate.clone();
    let plan = move |asked: Asked| if asked.is_produce() { hold(gate.clone()) } else { Fate::Pass };
    serving(bench, plan).await
}

/// The same with this plan.
pub(super) async fn serving(
    bench: &Bench,
    plan: impl Fn(Asked) -> Fate + Send + Sync + 'static,
) -> Result<Serving, Failed> {
    let relay = Arc::new(bench.kafka().relay(plan).await?);
    bench.serve(relay, &bench.kafka().topic().await?).await
}
