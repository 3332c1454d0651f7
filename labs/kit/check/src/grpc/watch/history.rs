//! The orders that the checks have placed, in the order in which all must see them.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::grpc::CREATE;
use crate::rpc::{Answer, Code, request};
use crate::verdict::{Failed, Outcome};

/// At the same time. A server with a thread for each call has 16.
pub(super) const AT_ONCE: usize = 20;
/// For twenty orders.
const PATIENCE: Duration = Duration::from_secs(3);
/// With this behind their name, 240 orders are more than any library holds on their way.
const LARGE: usize = 500;
/// With this, fewer than 60 are on their way in any of them.
const LARGER: usize = 1_200;

/// How much of an order there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Small,
    /// More than half a KB.
    Large,
    /// More than one KB.
    Larger,
}

/// What was placed.
#[derive(Default)]
pub(super) struct History {
    orders: Vec<Placed>,
    ids: HashSet<String>,
    /// So many are in the order in which somebody has got them.
    settled: usize,
    moments: usize,
}

struct Placed {
    order: Value,
    /// Who were placed at the same moment may come in any order.
    moment: usize,
}

/// Where an order that came stands.
pub(super) enum Stands {
    Here,
    /// It was placed as this one.
    Elsewhere(usize),
    Nowhere,
}

impl History {
    pub(super) fn len(&self) -> usize {
        self.orders.len()
    }

    /// The order as CreateOrder has answered it.
    pub(super) fn order(&self, index: usize) -> Option<&Value> {
        self.orders.get(index).map(|placed| &placed.order)
    }

    /// Others were placed at the same moment as this one, and nobody has got it yet.
    pub(super) fn is_open(&self, index: usize) -> bool {
        index >= self.settled && self.moment(index).any(|other| other != index)
    }

    fn moment(&self, index: usize) -> impl Iterator<Item = usize> {
        let of = |index: usize| self.orders.get(index).map(|placed| placed.moment);
        (index.saturating_sub(AT_ONCE)..index + AT_ONCE)
            .filter(move |&other| of(other).is_some() && of(other) == of(index))
    }

    /// Whether the order with this id can be the one with this number. The first who gets one of
    /// those that were placed together settles which came first.
    pub(super) fn stands(&mut self, index: usize, id: &str) -> Stands {
        let is_it = |number: &usize| self.orders.get(*number).is_some_and(|placed| placed.order["id"] == id);
        let due =
            if index < self.settled { Some(index) } else { self.moment(index).filter(|&at| at >= index).find(is_it) };
        if let Some(found) = due.filter(is_it) {
            self.orders.swap(index, found);
            self.settled = self.settled.max(index + 1);
            return Stands::Here;
        }
        (0..self.orders.len()).find(is_it).map_or(Stands::Nowhere, Stands::Elsewhere)
    }

    /// Places so many, up to twenty at the same moment.
    pub(super) async fn place(&mut self, bench: &mut Bench, count: usize, size: Size) -> Outcome {
        let mut left = count;
        while left > 0 {
            let count = left.min(AT_ONCE);
            left -= count;
            let mut drafts: Vec<Value> = (0..count).map(|number| draft(bench, number, size)).collect();
            // Twice the same are two.
            if let [first, .., last] = &mut drafts[..] {
                last.clone_from(first);
            }
            let connection = bench.server().await?.connect().await?;
            let calls = drafts.iter().map(|draft| connection.call(request(CREATE, draft).patience(PATIENCE)));
            let answers = join_all(calls).await;
            for (answer, draft) in answers.into_iter().zip(&drafts) {
                let answer = match answer {
                    Ok(answer) => answer,
                    Err(failed) => return Err(bench.server().await?.explain(brief(failed, draft)).await),
                };
                self.keep(&answer, draft)?;
            }
            self.moments += 1;
        }
        Ok(())
    }

    /// One that is refused, as in grpc/01, is no change; one that isn't, is.
    pub(super) async fn place_none(&mut self, bench: &mut Bench) -> Outcome {
        let draft = json!({ "created_by": bench.word(), "equipment": ["EQUIPMENT_MOUSE", "EQUIPMENT_UNSPECIFIED"] });
        let answer = bench.server().await?.call(request(CREATE, &draft)).await?;
        if answer.status.code == Code::OK {
            self.keep(&answer, &draft)?;
            self.moments += 1;
        }
        Ok(())
    }

    fn keep(&mut self, answer: &Answer, draft: &Value) -> Outcome {
        let told = |failed| not_from_before(brief(failed, draft));
        let order = order(answer, draft).map_err(told)?;
        let is_new = self.ids.insert(order["id"].to_string());
        answer.expect("an `id` that no order before it has", is_new).map_err(told)?;
        self.orders.push(Placed { order, moment: self.moments });
        Ok(())
    }
}

fn draft(bench: &Bench, number: usize, size: Size) -> Value {
    const LISTS: [&[&str]; 3] = [&["MOUSE"], &["WEBCAM", "KEYBOARD", "WEBCAM"], &["MONITOR", "MOUSE"]];
    let list = LISTS[number % LISTS.len()];
    let equipment: Vec<_> = list.iter().map(|item| format!("EQUIPMENT_{item}")).collect();
    let created_by = match size {
        // Blanks are a part of it.
        Size::Small => format!(" {} ", bench.word()),
        Size::Large => format!("{} {}", bench.word(), "x".repeat(LARGE)),
        Size::Larger => format!("{} {}", bench.word(), "x".repeat(LARGER)),
    };
    json!({ "created_by": created_by, "equipment": equipment })
}

fn order(answer: &Answer, draft: &Value) -> Result<Value, Failed> {
    let order = &answer.message()?["order"];
    let id = order["id"].as_str().unwrap_or_default();
    let same = ["created_by", "equipment"].iter().all(|field| order[field] == draft[field]);
    answer.expect("the order as it was sent, with an `id`", same && !id.is_empty())?;
    Ok(order.clone())
}

/// Of what was sent to make it large, the screen needs nothing.
fn brief(failed: Failed, draft: &Value) -> Failed {
    let long = draft["created_by"].as_str().unwrap_or_default();
    let short = long.split(' ').next().unwrap_or_default();
    let without =
        |text: &str| if long.len() < LARGE { text.to_owned() } else { text.replace(long, &format!("{short} xxx…")) };
    Failed { sent: without(&failed.sent), came_back: without(&failed.came_back), ..failed }
}

/// It isn't this exercise's point that is missed.
fn not_from_before(failed: Failed) -> Failed {
    if failed.advice.is_some() {
        return failed;
    }
    failed.advise(
        "What is watched are the orders that the checks place.",
        "Take CreateOrder as it was in grpc/01: it keeps the order and answers it, with an `id` of its own.",
    )
}
