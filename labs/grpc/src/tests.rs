//! The table of errors, and what a deadline looks like.

use lab_orders::{Condition, Fault, OrderError, OrderId, Status};
use tonic::Code;
use tonic_types::StatusExt;

use crate::error::to_status;

#[test]
fn each_order_error_has_its_code_and_a_reason_for_programs() {
    let id = OrderId::new();
    let rows = [
        (OrderError::NotParseable("at line 1".into()), Code::Internal),
        (OrderError::ConditionMissing, Code::InvalidArgument),
        (Fault::parameter("page_size", "must be a number").into(), Code::InvalidArgument),
        (Fault::body("/equipment/3", "must be one of …").into(), Code::InvalidArgument),
        (OrderError::NotFound { id }, Code::NotFound),
        (OrderError::AlreadyExists { id }, Code::AlreadyExists),
        (OrderError::VersionMismatch { expected: Condition::version(1), actual: 2 }, Code::Aborted),
        (OrderError::WrongStatus { id, status: Status::Processing, rule: "no" }, Code::FailedPrecondition),
        (OrderError::PositionGone, Code::OutOfRange),
        (OrderError::Unavailable { reason: "the disk is full" }, Code::Unavailable),
    ];
    for (error, code) in rows {
        let reason = error.code().to_ascii_uppercase();
        let status = to_status(error);
        assert_eq!(status.code(), code, "{reason}");
        assert_eq!(status.get_details_error_info().map(|info| info.reason), Some(reason.clone()));
        assert_eq!(status.get_details_retry_info().is_some(), code == Code::Unavailable, "{reason}");
    }
}

#[test]
fn a_fault_in_the_body_is_a_path_in_the_message() {
    let status = to_status(Fault::body("/equipment/3", "must be one of …").into());
    let details = status.get_details_bad_request().expect("a BadRequest");
    assert_eq!(details.field_violations[0].field, "equipment[3]");
}
