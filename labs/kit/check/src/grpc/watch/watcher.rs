//! Those who watch: let in, or not; and what they get must be what was placed.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::history::{History, Stands};
use super::{WATCH, WATCHERS};
use crate::bench::Bench;
use crate::rpc::{Code, Next, Request, Stream, request, shown};
use crate::verdict::{Failed, Outcome};

/// For a message that is to come. The sentences say less; a busy machine needs more.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// For a place that is free, or about to be.
const TO_GET_IN: Duration = Duration::from_secs(3);
/// Between two times that one asks.
const AGAIN: Duration = Duration::from_millis(40);
/// Of a text, so much is shown.
const LONG: usize = 60;

/// A call of WatchOrders that was let in.
pub(super) struct Watcher {
    pub(super) stream: Stream,
    /// Of the last message, or the first one.
    pub(super) position: String,
    /// Of all messages, the first one as well.
    pub(super) positions: Vec<String>,
    had: HashSet<String>,
    /// The number of the order that comes next.
    pub(super) index: usize,
    /// What happened meanwhile, for the learner.
    did: String,
}

/// What comes first when one asks.
pub(super) struct Asked {
    pub(super) stream: Stream,
    pub(super) first: Next,
}

/// From a position on; empty, from now on.
pub(super) fn from(position: &str) -> Request {
    request(WATCH, &json!({ "position": position }))
}

/// Asks once.
pub(super) async fn ask(bench: &mut Bench, request: Request) -> Result<Asked, Failed> {
    let server = bench.server().await?;
    let mut stream = server.open(request).await?;
    match stream.next(PATIENCE).await {
        Ok(first) => Ok(Asked { stream, first }),
        Err(failed) => Err(server.explain(failed).await),
    }
}

/// Asks on the connection of somebody who watches; `None` where the server takes no call beside that one.
pub(super) async fn ask_beside(bench: &mut Bench, beside: &Stream, request: Request) -> Result<Option<Asked>, Failed> {
    let connection = beside.connection();
    if connection.most_calls() <= WATCHERS {
        return Ok(None);
    }
    let first = async {
        let mut stream = connection.start(request).await?;
        let first = stream.next(PATIENCE).await?;
        Ok(Asked { stream, first })
    };
    match first.await {
        Ok(asked) => Ok(Some(asked)),
        Err(failed) => Err(bench.server().await?.explain(failed).await),
    }
}

/// Asks until there is a place: who has left may be seen to be gone a moment later.
pub(super) async fn ask_in(bench: &mut Bench, request: Request) -> Result<Asked, Failed> {
    let begin = Instant::now();
    loop {
        let asked = ask(bench, request.clone()).await?;
        if !asked.is_full() || begin.elapsed() > TO_GET_IN {
            return Ok(asked);
        }
        sleep(AGAIN).await;
    }
}

/// The same, and it must be let in.
pub(super) async fn let_in(bench: &mut Bench, request: Request, index: usize) -> Result<Watcher, Failed> {
    ask_in(bench, request).await?.watcher(index)
}

/// Asks, and must be refused.
pub(super) async fn is_refused(bench: &mut Bench, request: Request) -> Outcome {
    ask(bench, request).await?.expect_full()
}

impl Asked {
    /// There is no place.
    pub(super) fn is_full(&self) -> bool {
        matches!(&self.first, Next::End(status) if status.code == Code::RESOURCE_EXHAUSTED)
    }

    pub(super) fn expect_full(&self) -> Outcome {
        let expected = format!("the status RESOURCE_EXHAUSTED (8): {WATCHERS} are watching already");
        if self.is_full() { Ok(()) } else { Err(self.wrong(expected)) }
    }

    pub(super) fn is_in(&self) -> bool {
        matches!(self.first, Next::Message(_))
    }

    /// It must begin as a watch does.
    pub(super) fn watcher(self, index: usize) -> Result<Watcher, Failed> {
        let position = match &self.first {
            Next::Message(message) if message.get("order").is_none() => message["position"].as_str(),
            _ => None,
        };
        match position.filter(|position| !position.is_empty()) {
            Some(position) => {
                let position = position.to_owned();
                let positions = vec![position.clone()];
                let had = HashSet::from([position.clone()]);
                Ok(Watcher { stream: self.stream, position, positions, had, index, did: String::new() })
            }
            None => Err(self.wrong("first, a message with a `position` and no `order`")),
        }
    }

    pub(super) fn wrong(&self, expected: impl Into<String>) -> Failed {
        Failed { came_back: told(&self.first), ..self.stream.wrong(expected) }
    }
}

impl Watcher {
    /// The next message must be the next order.
    pub(super) async fn next(&mut self, history: &mut History) -> Outcome {
        let next = self.read(&next_of(history, self.index)).await?;
        self.judge(history, next)
    }

    /// The same up to the newest.
    pub(super) async fn reads_all(&mut self, history: &mut History) -> Outcome {
        while self.index < history.len() {
            self.next(history).await?;
        }
        Ok(())
    }

    /// What comes next, whatever it is.
    pub(super) async fn read(&mut self, expected: &str) -> Result<Next, Failed> {
        let next = self.stream.next(PATIENCE).await;
        next.map_err(|failed| {
            let last = failed.came_back.lines().last().unwrap_or_default();
            Failed { advice: failed.advice, ..self.wrong(expected, last) }
        })
    }

    /// It must be the next order.
    pub(super) fn judge(&mut self, history: &mut History, next: Next) -> Outcome {
        let expected = next_of(history, self.index);
        let Next::Message(message) = &next else { return Err(self.wrong(expected, &told(&next))) };
        let order = &message["order"];
        let what = match history.stands(self.index, order["id"].as_str().unwrap_or_default()) {
            Stands::Here => None,
            Stands::Elsewhere(other) if other >= self.index && history.is_open(self.index) => Some("others are due"),
            Stands::Elsewhere(other) if other > self.index => Some("one or more before it are missing"),
            Stands::Elsewhere(other) if other + self.positions.len() > self.index => Some("it has come before"),
            Stands::Elsewhere(_) => Some("it was placed before the position that this watch began with"),
            Stands::Nowhere => Some("no order has this id"),
        };
        if let Some(what) = what {
            return Err(self.wrong(expected, &format!("{}\n({what})", told(&next))));
        }
        let position = message["position"].as_str().unwrap_or_default();
        let wanted = if message["kind"] != "CHANGE_KIND_CREATED" {
            Some("the kind CHANGE_KIND_CREATED (1)".to_owned())
        } else if Some(order) != history.order(self.index) {
            Some(format!(
                "the order as CreateOrder has answered it, {}",
                history.order(self.index).map_or(String::new(), brief)
            ))
        } else if position.is_empty() || !self.had.insert(position.to_owned()) {
            Some("a `position` that none of its messages had before".to_owned())
        } else {
            None
        };
        if let Some(wanted) = wanted {
            return Err(self.wrong(wanted, &told(&next)));
        }
        self.position = position.to_owned();
        self.positions.push(self.position.clone());
        self.index += 1;
        Ok(())
    }

    /// What happened, for the learner.
    pub(super) fn tell(&mut self, did: impl Into<String>) {
        self.did = did.into();
    }

    pub(super) fn wrong(&self, expected: impl Into<String>, came: &str) -> Failed {
        let failed = self.stream.wrong(expected);
        let before = match self.positions.len() {
            1 => "(its first message, with the position alone)".to_owned(),
            count => format!("({count} messages as they must be, the last with the position {})", self.position),
        };
        let sent = format!("{}\n{}", failed.sent, self.did);
        Failed { sent: sent.trim_end().to_owned(), came_back: format!("{before}\n{came}"), ..failed }
    }
}

/// What is expected.
fn next_of(history: &History, index: usize) -> String {
    match history.order(index) {
        Some(_) if history.is_open(index) => {
            "next, one of the orders that were placed at the same time, once".to_owned()
        }
        Some(order) => format!("next, the order with the id {}", order["id"]),
        None => "nothing more, for nothing more was placed".to_owned(),
    }
}

/// As it is shown.
pub(super) fn told(next: &Next) -> String {
    match next {
        Next::Message(message) => brief(message),
        Next::End(status) => status.to_string(),
        Next::Nothing => format!("(nothing more within {} s)", PATIENCE.as_secs()),
    }
}

fn brief(message: &Value) -> String {
    fn cut(value: &mut Value) {
        match value {
            Value::String(text) if text.chars().count() > LONG => {
                *text = format!("{}…", text.chars().take(LONG / 3).collect::<String>());
            }
            Value::Object(fields) => fields.values_mut().for_each(cut),
            Value::Array(items) => items.iter_mut().for_each(cut),
            _ => {}
        }
    }
    let mut message = message.clone();
    cut(&mut message);
    shown(WATCH, &message)
}
