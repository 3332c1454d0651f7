//! Facts: what the publisher writes, and how readers read it.

use jiff::Timestamp;
use lab_lifecycle::TraceId;
use lab_orders::{ChangeKind, Order, OrderId};
use lab_proto::pb;
use prost::Message as _;
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;

use super::{Event, Record, format_of, text_header};
use crate::config::Format;

const SOURCE: &str = "/lab/orders";

/// A fact, as far as readers look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) id: OrderId,
    pub(crate) kind: ChangeKind,
    /// The order as it is now; `None` when it is gone.
    pub(crate) order: Option<Order>,
}

/// The record of an order after a change. For a change its name, `ce_id`, is the
/// change's position, so that who publishes can tell from the topic what has been published.
pub(crate) fn fact_record(name: &str, kind: ChangeKind, order: &Order) -> Record {
    let format = Some(Format::Protobuf).filter(|_| kind != ChangeKind::Deleted);
    let event = Event {
        id: name,
        source: SOURCE,
        kind: &format!("order.{kind}"),
        time: Timestamp::now(),
        format,
        // A change is stored without the trace of its request. A real service would keep that beside it.
        trace: TraceId::new(),
    };
    let headers = event.headers();
    let value = format.map(|_| pb::Order::from(order.clone()).encode_to_vec());
    Record { key: order.id.to_string(), value, headers }
}

/// Reads a fact, or says why it can't be one.
pub(crate) fn read_fact(message: &BorrowedMessage<'_>) -> Result<Fact, String> {
    let key = message.key().and_then(|key| std::str::from_utf8(key).ok()).ok_or("there is no key that is text")?;
    let id = key.parse().map_err(|wrong| format!("the key {key:.64?} {wrong}"))?;
    let Some(value) = message.payload() else {
        return Ok(Fact { id, kind: ChangeKind::Deleted, order: None });
    };
    let order: Order = match format_of(message)? {
        Format::Json => serde_json::from_slice(value).map_err(|error| format!("the value is no order: {error}"))?,
        Format::Protobuf => {
            let decoded = pb::Order::decode(value).map_err(|error| format!("the value is no order: {error}"))?;
            decoded.try_into().map_err(|error: lab_proto::NotAnOrder| error.to_string())?
        }
    };
    if order.id != id {
        return Err(format!("the key is {id}, and the value is order {}", order.id));
    }
    let kind = if text_header(message, c"ce_type")? == Some("order.created") {
        ChangeKind::Created
    } else {
        ChangeKind::Updated
    };
    Ok(Fact { id, kind, order: Some(order) })
}

/// The name of a record's event, if it has one that is text.
pub(crate) fn event_id<'a>(message: &'a BorrowedMessage<'_>) -> Option<&'a str> {
    text_header(message, c"ce_id").ok().flatten()
}
