//! What a check has found.

use lab_launcher::Lack;
use serde::Serialize;

/// How it stands with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Ok,
    /// It isn't good, and the lab works without it.
    Warn,
    /// Something in the lab will not work.
    Fail,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line of the doctor's. In JSON: `{"check","state","found","mend"}`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) state: State,
    pub(super) found: String,
    /// One command that makes it good.
    pub(super) mend: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: State::Ok, found: found.into(), mend: None }
    }

    /// As the launcher says it.
    pub(super) fn lack(check: &'static str, lack: Lack) -> Self {
        Self::fail(check, lack.found, lack.mend)
    }

    pub(super) fn warn(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, state: State::Warn, found: found.into(), mend: Some(mend.into()) }
    }

    pub(super) fn fail(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, state: State::Fail, found: found.into(), mend: Some(mend.into()) }
    }
}
