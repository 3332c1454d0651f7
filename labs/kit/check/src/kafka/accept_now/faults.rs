//! What is no order.

use futures_util::future::try_join_all;
use http::{Method, StatusCode, header};
use serde_json::json;

use super::accepted::shared;
use super::order::{ORDERS, accept, expect_problem, order};
use crate::bench::Bench;
use crate::http::request;
use crate::verdict::Outcome;

pub(super) async fn a_fault_is_400(bench: &mut Bench) -> Outcome {
    let serving = shared(bench).await?.serving;
    let before = serving.records().await?.len();
    let good = order(bench).to_string();
    let cut = good[..good.len() - 1].to_owned();
    let mut bodies = vec![cut, bench.word(), format!("[{good}]"), json!(good).to_string(), "null".to_owned()];
    bodies.extend(["[]", "true", "0", "\"\"", "{", ""].map(str::to_owned));
    bodies.extend([format!("{good} {}", bench.word()), format!("{good}{good}"), format!("{good},")]);
    bodies.extend([format!("{good}\n{good}\n"), good.replace('"', "'")]);
    let mut last = None;
    for body in bodies {
        // hyper doesn't say it of an empty one, as most clients do.
        let length = body.len().to_string();
        let request = request(Method::POST, ORDERS).body("application/json", body);
        let request = request.header(header::CONTENT_LENGTH, &length);
        let answer = serving.send(request).await?;
        expect_problem(&answer, StatusCode::BAD_REQUEST)?;
        last = Some(answer);
    }
    // What was sent before it is there by then, too.
    let after = try_join_all((0..3).map(|_| async { accept(&serving, &order(bench)).await })).await?;
    let records = serving.records().await?;
    match last {
        Some(answer) if records.len() != before + after.len() => {
            Err(serving.wrong_records(&answer, "no record of it in the topic", &records[..]))
        }
        _ => Ok(()),
    }
}
