//! Requests: what a producer writes, and how the consumer reads it.

use jiff::Timestamp;
use lab_lifecycle::TraceId;
use lab_orders::{EventId, OrderId, OrderRequest, RequestDraft, RequestKind};
use lab_proto::pb;
use prost::Message as _;
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use serde_json::json;

use super::{Event, Record, format_of, text_header};
use crate::config::Format;
use crate::error::Refused;

/// Bytes in the name of an event, and of who made it.
const LONGEST_NAME: usize = 1_024;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds from 1970.
const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_402_300_799;

/// A request that a producer is about to send.
pub(crate) struct Request<'a> {
    pub(crate) order: OrderId,
    /// Who asks, and the name that it gave the event. Twice the same is once: whoever
    /// may send it again keeps it.
    pub(crate) source: &'a str,
    pub(crate) event: &'a str,
    pub(crate) request: pb::order_request::Request,
}

/// The record of a request: keyed by the order, so that all that is asked of one
/// order stays in one partition, and in its order.
pub(crate) fn request_record(request: Request<'_>, format: Format, trace: TraceId) -> Record {
    let event = Event {
        id: request.event,
        source: request.source,
        kind: type_of(&request.request),
        time: Timestamp::now(),
        format: Some(format),
        trace,
    };
    let headers = event.headers();
    let value = match format {
        Format::Protobuf => pb::OrderRequest { request: Some(request.request) }.encode_to_vec(),
        Format::Json => request_json(&request.request).to_string().into_bytes(),
    };
    Record { key: request.order.to_string(), value: Some(value), headers }
}

fn type_of(request: &pb::order_request::Request) -> &'static str {
    use pb::order_request::Request;
    match request {
        Request::Create(_) => "order.create",
        Request::Update(_) => "order.update",
        Request::Delete(_) => "order.delete",
        Request::Advance(_) => "order.advance",
    }
}

/// `{"create":{…}}`: the fields of the message, enums by name without their prefix.
fn request_json(request: &pb::order_request::Request) -> serde_json::Value {
    use pb::order_request::Request;
    let short = |name: &'static str| name.split_once('_').map_or(name, |(_, short)| short);
    let items = |numbers: &[i32]| -> Vec<&str> {
        let known = numbers.iter().filter_map(|&number| pb::Equipment::try_from(number).ok());
        known.map(|item| short(item.as_str_name())).collect()
    };
    match request {
        Request::Create(create) => {
            json!({ "create": { "created_by": create.created_by, "equipment": items(&create.equipment) } })
        }
        Request::Update(update) => json!({
            "update": { "equipment": items(&update.equipment), "expected_version": update.expected_version }
        }),
        Request::Delete(delete) => json!({ "delete": { "expected_version": delete.expected_version } }),
        Request::Advance(advance) => {
            let status = advance.status().as_str_name().trim_start_matches("ORDER_STATUS_");
            json!({ "advance": { "status": status, "expected_version": advance.expected_version } })
        }
    }
}

/// Reads a request, or says why it can't be one. Whatever the bytes are, it
/// says so in a sentence: a record that nobody can read must not stop those behind it.
pub(crate) fn read_request(message: &BorrowedMessage<'_>) -> Result<OrderRequest, Refused> {
    let not_parseable = |wrong: String| Refused::new("not_parseable", wrong);
    let id = read_key(message).map_err(not_parseable)?;
    let event = read_event(message).map_err(not_parseable)?;
    let sent_at = read_time(message).map_err(not_parseable)?;
    let draft = read_draft(message)?;
    let kind = text_header(message, c"ce_type").map_err(not_parseable)?.ok_or("there is no header ce_type");
    let kind = kind.map_err(|wrong| not_parseable(wrong.to_owned()))?;
    let known = RequestKind::ALL.into_iter().find(|known| kind.strip_prefix("order.") == Some(known.name()));
    match known {
        None => Err(not_parseable(format!("ce_type {kind:?} is not order.create, update, delete or advance"))),
        Some(known) if known != draft.kind() => {
            Err(not_parseable(format!("ce_type is {kind}, and the value asks to {}", draft.kind())))
        }
        Some(_) => Ok(OrderRequest { event, wanted: draft.parse(id, sent_at)? }),
    }
}

fn read_key(message: &BorrowedMessage<'_>) -> Result<OrderId, String> {
    let key = message.key().ok_or("there is no key")?;
    let key = std::str::from_utf8(key).map_err(|_| "the key is not UTF-8")?;
    key.parse().map_err(|wrong| format!("the key {key:.64?} {wrong}"))
}

fn read_event(message: &BorrowedMessage<'_>) -> Result<EventId, String> {
    match text_header(message, c"ce_specversion")? {
        Some("1.0") | None => {}
        Some(other) => return Err(format!("ce_specversion is {other:.16?}, and only 1.0 is understood")),
    }
    let named = |name| -> Result<String, String> {
        let text = text_header(message, name)?.filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| format!("there is no header {}", name.to_string_lossy()))?;
        // It is kept for days, to know a repeat by.
        let fits = text.len() <= LONGEST_NAME;
        fits.then(|| text.to_owned())
            .ok_or_else(|| format!("{} is longer than {LONGEST_NAME} bytes", name.to_string_lossy()))
    };
    Ok(EventId { source: named(c"ce_source")?, id: named(c"ce_id")? })
}

/// `ce_time`, in whatever offset it is (RFC 3339); the record's own time when it isn't there.
fn read_time(message: &BorrowedMessage<'_>) -> Result<Timestamp, String> {
    match text_header(message, c"ce_time")? {
        Some(text) => {
            rfc_3339(text).ok_or_else(|| format!("ce_time {text:.64?} is no time of RFC 3339 from the years 1 to 9999"))
        }
        None => {
            let written = message.timestamp().to_millis().and_then(|ms| Timestamp::from_millisecond(ms).ok());
            Ok(written.unwrap_or_else(Timestamp::now))
        }
    }
}

/// A time between the years 1 and 9999, which is what RFC 3339 and protobuf can say;
/// jiff reads more forms than that one.
fn rfc_3339(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let has_form = bytes.len() >= 20 && bytes[4] == b'-' && matches!(bytes[10], b'T' | b't') && !text.contains('[');
    let in_range = |time: &Timestamp| (FIRST_SECOND..=LAST_SECOND).contains(&time.as_second());
    text.parse().ok().filter(|time| has_form && in_range(time))
}

fn read_draft(message: &BorrowedMessage<'_>) -> Result<RequestDraft, Refused> {
    let not_parseable = |wrong: String| Refused::new("not_parseable", wrong);
    let format = format_of(message).map_err(not_parseable)?;
    let value = message.payload().ok_or_else(|| not_parseable("there is no value".to_owned()))?;
    match format {
        Format::Json => Ok(RequestDraft::from_json(value)?),
        Format::Protobuf => {
            let decoded = pb::OrderRequest::decode(value);
            let wrong = |error| not_parseable(format!("the value is no orders.v1.OrderRequest: {error}"));
            let decoded = decoded.map_err(wrong)?;
            let request = decoded.request.ok_or_else(|| not_parseable("the value asks for nothing".to_owned()))?;
            Ok(request.into())
        }
    }
}
