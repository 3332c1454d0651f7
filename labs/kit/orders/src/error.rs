//! Why an order can't be had: one error, free of any transport.

use crate::{Condition, Fault, OrderId, Status};

/// What can go wrong with a request. Each lab maps it once, in its `error.rs`.
///
/// When several hold, the first in the order of this list answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The bytes are not what the content type promises. REST 400, gRPC INTERNAL (by the codec).
    #[error("the body is not JSON: {0}")]
    NotParseable(String),

    /// An update must say which version it changes. REST 428, gRPC INVALID_ARGUMENT on `etag`.
    #[error("an update needs the etag of the version that it changes")]
    ConditionMissing,

    /// Every fault of the request at once. REST 422 (400 for parameters), gRPC INVALID_ARGUMENT.
    #[error("{}", sentence(.faults))]
    Invalid {
        /// At least one.
        faults: Vec<Fault>,
    },

    /// REST 404, gRPC NOT_FOUND.
    #[error("there is no order {id}")]
    NotFound {
        /// The id that was asked for.
        id: OrderId,
    },

    /// REST 409, gRPC ALREADY_EXISTS.
    #[error("there is an order {id} already")]
    AlreadyExists {
        /// The id that is taken.
        id: OrderId,
    },

    /// Somebody changed the order meanwhile. REST 412, gRPC ABORTED.
    #[error("the order is at version {actual}, not {expected}: read it again")]
    VersionMismatch {
        /// What the request expected.
        expected: Condition,
        /// What is stored.
        actual: u64,
    },

    /// The order's status doesn't allow it. REST 409, gRPC FAILED_PRECONDITION.
    #[error("order {id} is {status}: {rule}")]
    WrongStatus {
        /// Which order.
        id: OrderId,
        /// Its status.
        status: Status,
        /// What the status would have to be, as a sentence.
        rule: &'static str,
    },

    /// The position of a watch is of another database, or older than what is kept.
    /// REST 410, gRPC OUT_OF_RANGE.
    #[error("the changes after this position are gone: list again, then watch from there")]
    PositionGone,

    /// Try again later: nothing was changed. REST 503 with Retry-After, gRPC UNAVAILABLE.
    #[error("the store can't take this now: {reason}")]
    Unavailable {
        /// In words that may be shown to a client.
        reason: &'static str,
    },
}

impl OrderError {
    /// The same with at most five faults, for an answer about thousands of orders:
    /// a client takes 4 MiB over gRPC.
    #[must_use]
    pub fn brief(self) -> Self {
        const MOST: usize = 5;
        match self {
            Self::Invalid { mut faults } if faults.len() > MOST => {
                let more = faults.len() - (MOST - 1);
                faults.truncate(MOST - 1);
                faults.push(Fault::body("", format!("has {more} more faults")));
                Self::Invalid { faults }
            }
            other => other,
        }
    }

    /// A name for programs, the same in every lab: `not_found`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotParseable(_) => "not_parseable",
            Self::ConditionMissing => "condition_missing",
            Self::Invalid { .. } => "invalid",
            Self::NotFound { .. } => "not_found",
            Self::AlreadyExists { .. } => "already_exists",
            Self::VersionMismatch { .. } => "version_mismatch",
            Self::WrongStatus { .. } => "wrong_status",
            Self::PositionGone => "position_gone",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

impl From<Fault> for OrderError {
    fn from(fault: Fault) -> Self {
        Self::Invalid { faults: vec![fault] }
    }
}

/// The faults, one after another: "equipment[0] must be one of …; id must be …".
fn sentence(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}
