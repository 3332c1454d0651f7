//! What the checker answers as a service for gRPC.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::json;
use super::status::Code;
use crate::http::Gate;

/// What a call gets.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A message, as JSON with the names of the .proto file, and OK.
    Message(Value),
    /// This code, with words for people.
    Status(Code, Cow<'static, str>),
    /// The connection is closed after the request was read: nobody knows what became of it.
    #[cfg_attr(not(test), allow(dead_code, reason = "no exercise of the first part needs it"))]
    Cut,
    /// The stream stays open, and nothing comes.
    Hang,
    /// Another reply, once the gate is open.
    Hold(Gate, Box<Reply>),
}

impl Reply {
    pub(crate) fn status(code: Code, words: impl Into<Cow<'static, str>>) -> Self {
        Self::Status(code, words.into())
    }

    /// When `gate` opens.
    pub(crate) fn behind(self, gate: &Gate) -> Self {
        Self::Hold(gate.clone(), Box::new(self))
    }
}

/// As a learner sees it: the message or the status, or what is done instead, in brackets.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => write!(f, "{}\ngrpc-status: 0 (OK)", json::shown(None, message)),
            Self::Status(code, words) => write!(f, "grpc-status: {} ({code})\ngrpc-message: {words}", code.number()),
            Self::Cut => f.write_str("(the connection was cut after the request was read)"),
            Self::Hang => f.write_str("(no answer, and the stream stayed open)"),
            Self::Hold(_, reply) => write!(f, "{reply}"),
        }
    }
}
