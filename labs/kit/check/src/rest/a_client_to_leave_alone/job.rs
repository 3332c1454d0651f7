//! What the client is told to do, and how its requests are known.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::call::Call;
use crate::http::{Received, Reply};
use crate::verdict::Outcome;

const EQUIPMENT: [&str; 4] = ["KEYBOARD", "MOUSE", "WEBCAM", "MONITOR"];

/// A verb with all that belongs to it, drawn at random.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) method: Method,
    id: String,
    created_by: String,
    equipment: Vec<&'static str>,
    version: u64,
}

impl Job {
    /// `get`, `create`, `update` or `delete`, by the method that it needs.
    pub(super) fn new(bench: &Bench, method: Method) -> Self {
        let count = bench.number(4);
        let equipment = (0..count).map(|_| EQUIPMENT[bench.number(5) as usize - 2]).collect();
        let version = bench.number(1_000);
        Self { method, id: bench.id(), created_by: format!("Zoë \"{}\"", bench.word()), equipment, version }
    }

    pub(super) fn args(&self) -> Vec<String> {
        let mut args: Vec<&str> = match self.method {
            Method::GET => vec!["get", &self.id],
            Method::DELETE => vec!["delete", &self.id],
            Method::POST => vec!["create", "--created-by", &self.created_by],
            _ => vec!["update", &self.id],
        };
        let version = self.version.to_string();
        if [Method::POST, Method::PUT].contains(&self.method) {
            args.extend(self.equipment.iter().flat_map(|item| ["--equipment", item]));
        }
        if self.method == Method::PUT {
            args.extend(["--version", &version]);
        }
        args.into_iter().map(str::to_owned).collect()
    }

    pub(super) fn path(&self) -> String {
        if self.method == Method::POST { "/v1/orders".to_owned() } else { format!("/v1/orders/{}", self.id) }
    }

    /// The order as it is when all is done.
    pub(super) fn order(&self) -> Value {
        json!({
            "id": self.id,
            "created_by": self.created_by,
            "status": "QUEUED",
            "equipment": self.equipment,
            "created_at": "2026-11-24T20:12:00.123Z",
            "version": self.version + 1,
        })
    }

    /// The order as somebody else has changed it: one item of as many, the last.
    pub(super) fn foreign_order(&self) -> Value {
        let (mut order, mut equipment) = (self.order(), self.equipment.clone());
        if let Some(last) = equipment.last_mut() {
            *last = if *last == EQUIPMENT[0] { EQUIPMENT[1] } else { EQUIPMENT[0] };
        }
        order["equipment"] = json!(equipment);
        order
    }

    /// The same, with one item more than was asked for: again the first.
    pub(super) fn longer_order(&self) -> Value {
        let mut order = self.order();
        order["equipment"] = json!([&self.equipment[..], &self.equipment[..1]].concat());
        order
    }

    /// The same, without the last item.
    pub(super) fn shorter_order(&self) -> Value {
        let mut order = self.order();
        order["equipment"] = json!(self.equipment[..self.equipment.len() - 1]);
        order
    }

    /// The answer that says so.
    pub(super) fn done(&self) -> Reply {
        match self.method {
            Method::DELETE => Reply::status(StatusCode::NO_CONTENT),
            Method::POST => Reply::json(StatusCode::CREATED, &self.order()).header("location", self.path()),
            _ => Reply::json(StatusCode::OK, &self.order()),
        }
    }

    /// It is this job's request, whole.
    pub(super) fn is_in(&self, one: &Received) -> bool {
        let header = |name| one.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_json = header(header::CONTENT_TYPE).starts_with("application/json");
        let body: Value = serde_json::from_slice(&one.body).unwrap_or_default();
        let fits = match self.method {
            Method::POST => is_json && body == json!({ "created_by": self.created_by, "equipment": self.equipment }),
            Method::PUT => {
                let condition = header(header::IF_MATCH) == format!("\"{}\"", self.version);
                is_json && condition && body == json!({ "equipment": self.equipment })
            }
            _ => true,
        };
        one.method == self.method && one.path == self.path() && fits
    }

    /// So many requests, all of them this job's.
    pub(super) fn expect_requests(&self, call: &Call, count: usize) -> Outcome {
        let requests = call.requests();
        let times = match count {
            1 => "one request".to_owned(),
            count => format!("{count} requests, each the same"),
        };
        let what = format!("{times}: {}", self.in_words());
        call.expect(&what, requests.len() == count && requests.iter().all(|one| self.is_in(one)))
    }

    fn in_words(&self) -> String {
        let line = format!("{} {}", self.method, self.path());
        let body = |value: Value| format!("`content-type: application/json` and {value}");
        match self.method {
            Method::POST => {
                let value = json!({ "created_by": self.created_by, "equipment": self.equipment });
                format!("{line} with {}", body(value))
            }
            Method::PUT => {
                let value = json!({ "equipment": self.equipment });
                format!("{line} with `if-match: \"{}\"`, {}", self.version, body(value))
            }
            _ => line,
        }
    }

    /// Exit code 0, and the order printed; what `delete` prints is not looked at.
    pub(super) fn expect_done(&self, call: &Call) -> Outcome {
        call.expect_exit(&[0])?;
        if self.method == Method::DELETE { Ok(()) } else { call.expect_output(&self.order()) }
    }
}
