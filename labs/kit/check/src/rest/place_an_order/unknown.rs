//! Ids that no order has.

use http::StatusCode;

use super::placed::{id, order, place};
use super::{ORDERS, list};
use crate::bench::Bench;
use crate::http::{Answer, get};
use crate::unlike::{near, unlike};
use crate::verdict::{Failed, Outcome};

/// What was answered to an unknown id before there was any.
#[derive(Clone)]
pub(super) struct WhileEmpty(pub(super) Result<Answer, Failed>);

pub(super) async fn an_unknown_id_is_404(bench: &mut Bench) -> Outcome {
    let order = order(bench, &["WEBCAM"]);
    let created = place(bench, &order).await?;
    let (path, id) = (created.location(ORDERS)?, id(&created)?);
    let text = |id: &serde_json::Value| id.as_str().map_or(id.to_string(), str::to_owned);
    let id = text(&id);
    let (_, listed) = list(bench).await?;
    let known: Vec<String> = listed.iter().map(|order| text(&order["id"])).collect();
    let begin = path.strip_suffix(&id);
    let mut unknown = vec![unlike(&id, &bench.word()), bench.word(), bench.id(), "7".repeat(40)];
    // Where the id isn't in the address as it is, nothing is known of such addresses.
    if begin.is_some() {
        unknown.extend(near(&id));
        // What JavaScript's objects and lists have by themselves.
        unknown.extend(["constructor", "__proto__", "map", "length"].map(str::to_owned));
        // Not every beginning of a number is free.
        let begins = known.iter().filter_map(|id| id.get(..id.len().checked_sub(1)?).map(str::to_owned));
        unknown.extend(begins.filter(|begin| !begin.is_empty() && !known.contains(begin)).take(2));
    }
    for unknown in unknown.iter().filter(|unknown| !known.contains(unknown)) {
        let at = format!("{}{unknown}", begin.unwrap_or("/v1/orders/"));
        let answer = bench.server().await?.send(get(&at)).await?;
        let what = format!("the status 404 Not Found: no order has the id {unknown}");
        answer.expect(&what, answer.status() == StatusCode::NOT_FOUND)?;
    }
    // No address at all: what is made of it is nobody's business, as long as others are served.
    let _ = bench.server().await?.send(get(&format!("{ORDERS}/%"))).await;
    list(bench).await?;
    if let Some(WhileEmpty(answer)) = bench.seen.get::<WhileEmpty>() {
        answer.clone()?.expect_status(StatusCode::NOT_FOUND)?;
    }
    Ok(())
}
