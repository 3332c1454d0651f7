//! From what can go wrong to what becomes of a request: it is tried again, or
//! it is a dead letter. Nobody waits for an answer that could say more.

use lab_orders::OrderError;

/// What becomes of a request that had no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It can never be taken as it is: it goes to the dead letters, with this
    /// reason, and the next one's turn comes.
    DeadLetter(Refused),
    /// It is not the request's fault: its partition waits and tries again, and
    /// nothing behind it is taken out of turn.
    TryAgain(&'static str),
}

/// Why a request is refused: `not_found: there is no order …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {reason}")]
pub struct Refused {
    /// The code of [`OrderError`].
    pub code: &'static str,
    /// A sentence.
    pub reason: String,
}

impl Refused {
    /// A reason may quote what somebody sent; nothing in it can be obeyed by a terminal.
    pub(crate) fn new(code: &'static str, reason: impl AsRef<str>) -> Self {
        Self { code, reason: lab_console::printable(reason.as_ref()).into_owned() }
    }
}

/// What becomes of a request, by why it had no effect.
pub fn fate(error: OrderError) -> Fate {
    match error {
        OrderError::Unavailable { reason } => Fate::TryAgain(reason),
        // Of a position nobody asks here; if somebody did, trying again would not help.
        OrderError::NotParseable(_)
        | OrderError::ConditionMissing
        | OrderError::Invalid { .. }
        | OrderError::NotFound { .. }
        | OrderError::AlreadyExists { .. }
        | OrderError::VersionMismatch { .. }
        | OrderError::WrongStatus { .. }
        | OrderError::PositionGone => Fate::DeadLetter(error.into()),
    }
}

impl From<OrderError> for Refused {
    fn from(error: OrderError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
