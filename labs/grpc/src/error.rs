//! From what can go wrong to what gRPC calls it: a code, and details that a
//! program can read (google.rpc, AIP-193).

use std::time::Duration;

use lab_orders::OrderError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of the reasons in `ErrorInfo`.
pub const ERROR_DOMAIN: &str = "lab.orders";

/// How long a client should wait before it tries again.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The status of an answer that has no order in it.
pub fn to_status(error: OrderError) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(error.code().to_ascii_uppercase(), ERROR_DOMAIN, []);
    let code = match &error {
        // What the codec can't parse never gets here: it answers INTERNAL itself.
        OrderError::NotParseable(_) => Code::Internal,
        OrderError::ConditionMissing => {
            details.add_bad_request_violation("etag", error.to_string());
            Code::InvalidArgument
        }
        OrderError::Invalid { faults } => {
            for fault in faults {
                details.add_bad_request_violation(fault.place.to_string(), &fault.detail);
            }
            Code::InvalidArgument
        }
        OrderError::NotFound { .. } => Code::NotFound,
        OrderError::AlreadyExists { .. } => Code::AlreadyExists,
        OrderError::VersionMismatch { .. } => Code::Aborted,
        OrderError::WrongStatus { id, rule, .. } => {
            details.add_precondition_failure_violation("STATUS", format!("orders/{id}"), *rule);
            Code::FailedPrecondition
        }
        OrderError::PositionGone => Code::OutOfRange,
        OrderError::Unavailable { .. } => {
            details.set_retry_info(Some(RETRY_DELAY));
            Code::Unavailable
        }
    };
    Status::with_error_details(code, error.to_string(), details)
}
