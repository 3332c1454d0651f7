//! What a server answered, and what is to be found in it.

use bytes::Bytes;
use http::{HeaderName, StatusCode, header, response};
use serde_json::Value;

use crate::verdict::{Failed, Outcome};

/// A whole answer, and both sides as they were on the wire.
pub(crate) struct Answer {
    pub(crate) sent: String,
    pub(crate) came: String,
    pub(crate) parts: response::Parts,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.parts.status
    }

    /// The value of a header; empty without one.
    pub(crate) fn header(&self, name: &HeaderName) -> &str {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The media type without its parameters, in lower case.
    pub(crate) fn media_type(&self) -> String {
        let value = self.header(&header::CONTENT_TYPE);
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, Failed> {
        serde_json::from_slice(&self.body).map_err(|error| self.wrong(format!("a body that is JSON ({error})")))
    }

    pub(crate) fn expect_status(&self, status: StatusCode) -> Outcome {
        self.expect(&format!("the status {status}"), self.status() == status)
    }

    pub(crate) fn expect_json_type(&self) -> Outcome {
        self.expect("the header `content-type: application/json`", self.media_type() == "application/json")
    }

    /// Passes if it holds; `what` says what should.
    pub(crate) fn expect(&self, what: &str, holds: bool) -> Outcome {
        if holds { Ok(()) } else { Err(self.wrong(what)) }
    }

    /// This answer isn't what was expected.
    pub(crate) fn wrong(&self, expected: impl Into<String>) -> Failed {
        Failed::new(&self.sent, expected, &self.came)
    }
}
