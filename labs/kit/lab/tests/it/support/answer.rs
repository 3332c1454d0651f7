//! Answers of an HTTP server.

use std::fmt;

use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

/// What an HTTP server answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Sends a request and reads the whole answer.
pub(crate) async fn ask(request: RequestBuilder) -> Answer {
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.expect("a whole answer").to_vec();
    let answer = Answer { status, headers, body };
    assert_leaks_nothing(&format!("{answer:?}"));
    answer
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("headers are ASCII"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("bodies are UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.status, self.headers, String::from_utf8_lossy(&self.body))
    }
}

/// Nobody outside needs to know what a server is made of.
#[track_caller]
pub(crate) fn assert_leaks_nothing(answer: &str) {
    let lower = answer.to_ascii_lowercase();
    for internal in ["sqlite", "panicked", "src/", ".rs:", "orders.db", "select ", "tokio", "serde"] {
        assert!(!lower.contains(internal), "{internal} in {answer}");
    }
}

impl Answer {
    /// A problem (RFC 9457) of this status and type; the pointers of its errors.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> Vec<String> {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        problem(&self.json(), status, kind)
    }

    /// The trace id of its `traceparent`.
    #[track_caller]
    pub(crate) fn trace_id(&self) -> String {
        trace_id(self.header("traceparent").unwrap_or_else(|| panic!("no traceparent: {self:?}")))
    }
}

/// As [`Answer::problem`], for one that is a line of an import.
#[track_caller]
pub(crate) fn problem(problem: &Value, status: u16, kind: &str) -> Vec<String> {
    assert_eq!(problem["status"], status, "{problem}");
    assert_eq!(problem["type"], kind, "{problem}");
    for text in [&problem["title"], &problem["detail"]] {
        assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    }
    if kind == "about:blank" {
        let reason = StatusCode::from_u16(status).expect("a status").canonical_reason();
        assert_eq!(problem["title"].as_str(), reason, "{problem}");
    }
    let errors = problem["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let pointer = |error: &Value| {
        assert!(error["detail"].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        error["pointer"].as_str().unwrap_or_else(|| panic!("no pointer: {problem}")).to_owned()
    };
    errors.iter().map(pointer).collect()
}

/// The trace id of a `traceparent` of W3C Trace Context.
#[track_caller]
pub(crate) fn trace_id(traceparent: &str) -> String {
    let parts: Vec<_> = traceparent.split('-').collect();
    let hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
    assert!(lengths == [2, 32, 16, 2] && parts.iter().all(|part| hex(part)), "{traceparent}");
    assert!(parts[0] == "00" && parts[1] != "0".repeat(32) && parts[2] != "0".repeat(16), "{traceparent}");
    parts[1].to_owned()
}
