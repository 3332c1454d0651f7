//! What a call came to, and what is to be found in it.

use serde_json::Value;

use super::status::{Code, Status};
use super::stream::Stream;
use crate::verdict::{Failed, Outcome};

/// A whole answer, and both sides as a learner sees them.
pub(crate) struct Answer {
    sent: String,
    came: String,
    /// As JSON, with the names of the .proto file; a field with its zero value isn't there.
    pub(crate) messages: Vec<Value>,
    pub(crate) status: Status,
}

impl Answer {
    pub(super) fn new(stream: Stream, messages: Vec<Value>, status: Status) -> Self {
        Self { sent: stream.sent, came: stream.shown, messages, status }
    }

    /// The one message of a call that went well.
    pub(crate) fn message(&self) -> Result<&Value, Failed> {
        self.expect_code(Code::OK)?;
        match &self.messages[..] {
            [message] => Ok(message),
            _ => Err(self.wrong("one message, and then the status OK")),
        }
    }

    pub(crate) fn expect_code(&self, code: Code) -> Outcome {
        self.expect(&format!("the status {code} ({})", code.number()), self.status.code == code)
    }

    /// Passes if it holds; `what` says what should.
    pub(crate) fn expect(&self, what: &str, holds: bool) -> Outcome {
        if holds { Ok(()) } else { Err(self.wrong(what)) }
    }

    /// This answer isn't what was expected.
    pub(crate) fn wrong(&self, expected: impl Into<String>) -> Failed {
        Failed::new(&self.sent, expected, self.came.trim())
    }
}
