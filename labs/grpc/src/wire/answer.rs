//! What the client says, and how it reads what a server answers.

use std::error::Error;

use lab_console::{Failure, reason};
use lab_orders::{Equipment, Order, OrderDraft};
use lab_proto::pb;
use lab_proto::pb::import_orders_response::result::Outcome;
use lab_proto::pb::process_orders_request::{Message, Ready, Result as WorkResult};
use serde::Deserialize;
use tonic::metadata::MetadataMap;
use tonic::{Code, ConnectError, Status, TimeoutExpired};
use tonic_types::StatusExt;

use crate::error::ERROR_DOMAIN;

/// Enums travel as numbers.
pub(crate) fn equipment_numbers(equipment: &[Equipment]) -> Vec<i32> {
    equipment.iter().map(|&item| pb::Equipment::from(item).into()).collect()
}

/// What a line of an import must be to have a message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportLine {
    created_by: String,
    equipment: Vec<Equipment>,
}

/// A line of an import as a message. What no message can say is refused here,
/// with the sentence that a server of JSON would have for it.
pub(crate) fn import_message(text: &[u8]) -> Result<pb::ImportOrdersRequest, Failure> {
    match serde_json::from_slice::<ImportLine>(text) {
        Ok(line) => {
            Ok(pb::ImportOrdersRequest { created_by: line.created_by, equipment: equipment_numbers(&line.equipment) })
        }
        Err(error) => {
            let refused = OrderDraft::from_json(text).and_then(OrderDraft::parse).err();
            Err(refused.map_or_else(|| Failure::refused("invalid", error.to_string()), Failure::from))
        }
    }
}

/// A refused order of an import, with the number of its line.
pub(crate) fn refusal(
    result: pb::import_orders_response::Result,
    number: impl Fn(usize) -> u64,
) -> Option<(u64, Failure)> {
    match result.outcome {
        Some(Outcome::Error(error)) => Some((number(result.index as usize), Failure::refused("invalid", error))),
        Some(Outcome::Id(_)) | None => None,
    }
}

/// A worker is ready for so many more orders.
pub(crate) fn ready(count: u32) -> pb::ProcessOrdersRequest {
    pb::ProcessOrdersRequest { message: Some(Message::Ready(Ready { count })) }
}

/// A worker has completed an order.
pub(crate) fn succeeded(order: &Order) -> pb::ProcessOrdersRequest {
    let result = WorkResult { id: order.id.to_string(), etag: order.etag(), succeeded: true };
    pb::ProcessOrdersRequest { message: Some(Message::Result(result)) }
}

/// Checks the content type of an answer, which tonic does not look at, and says what is wrong.
pub(crate) fn require_grpc(metadata: &MetadataMap) -> Result<(), String> {
    let given = metadata.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("nothing");
    // `application/grpc+proto` says which codec, and means the same.
    match given.strip_prefix("application/grpc") {
        Some(rest) if rest.is_empty() || rest.starts_with(['+', ';']) => Ok(()),
        _ => Err(format!("{given} where application/grpc was due")),
    }
}

/// The failure that the server's status stands for: the reason in its details, and every fault.
pub(crate) fn refused(status: &Status) -> Failure {
    let details = status.get_error_details();
    let reason = details.error_info().filter(|info| info.domain == ERROR_DOMAIN);
    let code = match reason {
        Some(info) => info.reason.to_ascii_lowercase(),
        None => code_name(status.code()).to_owned(),
    };
    let faults: Vec<_> = details.bad_request().iter().flat_map(|bad| &bad.field_violations).collect();
    let faults: Vec<_> = faults.iter().map(|fault| format!("{} {}", fault.field, fault.description)).collect();
    let message = match (code.as_str(), status.message()) {
        ("invalid", _) if !faults.is_empty() => faults.join("; "),
        (_, "") => format!("the server answered {:?}", status.code()),
        (_, message) => message.to_owned(),
    };
    Failure::refused(code, message)
}

/// For a status without our details, such as one of the transport's own.
fn code_name(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument | Code::OutOfRange | Code::ResourceExhausted => "invalid",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::FailedPrecondition => "wrong_status",
        Code::Aborted => "version_mismatch",
        _ => "unavailable",
    }
}

/// Why a status was made on this side of the wire: no answer came.
pub(crate) struct LocalCause {
    /// Nobody was there, so nothing was sent.
    pub(crate) is_connect: bool,
    /// The call's own deadline has passed here.
    pub(crate) is_timeout: bool,
    /// The innermost reason, in the system's or the protocol's words.
    pub(crate) text: String,
}

/// `None` when the status is the server's.
pub(crate) fn local_cause(status: &Status) -> Option<LocalCause> {
    let mut cause = status.source()?;
    let mut is_connect = false;
    while let Some(next) = cause.source() {
        is_connect |= cause.is::<ConnectError>();
        cause = next;
    }
    Some(LocalCause { is_connect, is_timeout: cause.is::<TimeoutExpired>(), text: reason(cause) })
}
