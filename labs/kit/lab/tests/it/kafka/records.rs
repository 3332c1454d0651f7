//! Requests as any client might write them, good ones and others.

use lab_proto::pb;
use lab_proto::pb::order_request::{Create, Request as Wanted};
use prost::Message;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::FutureRecord;
use serde_json::{Value, json};

use super::support::{Kafka, Seen};
use crate::support::within;

/// A record that is yet to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

impl Raw {
    /// A request in JSON, with all its headers and an event id of its own: `json(id, "create", json!({…}))`.
    pub(crate) fn json(order: &str, kind: &str, body: Value) -> Self {
        Self::new(order, kind, "application/json", json!({ kind: body }).to_string().into_bytes())
    }

    /// The same in protobuf.
    pub(crate) fn protobuf(order: &str, wanted: Wanted) -> Self {
        let kind = match &wanted {
            Wanted::Create(_) => "create",
            Wanted::Update(_) => "update",
            Wanted::Delete(_) => "delete",
            Wanted::Advance(_) => "advance",
        };
        let value = pb::OrderRequest { request: Some(wanted) }.encode_to_vec();
        Self::new(order, kind, "application/protobuf", value)
    }

    fn new(order: &str, kind: &str, content_type: &str, value: Vec<u8>) -> Self {
        let event = uuid::Uuid::new_v4().to_string();
        let headers = [
            ("ce_specversion", "1.0"),
            ("ce_id", &event),
            ("ce_source", "/tests"),
            ("ce_type", &format!("order.{kind}")),
            ("ce_time", "2026-11-24T20:12:00.123Z"),
            ("content-type", content_type),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), Some(value.as_bytes().to_vec()));
        Self { key: Some(order.as_bytes().to_vec()), value: Some(value), headers: headers.map(owned).to_vec() }
    }

    /// A good request for an order of a mouse, in JSON.
    pub(crate) fn create(order: &str) -> Self {
        Self::json(order, "create", json!({ "created_by": "USER14", "equipment": ["MOUSE"] }))
    }

    /// The same in protobuf.
    pub(crate) fn create_protobuf(order: &str) -> Self {
        let equipment = vec![pb::Equipment::Mouse.into()];
        Self::protobuf(order, Wanted::Create(Create { created_by: "USER14".to_owned(), equipment }))
    }

    /// With another value of this header, or with this header when it has none.
    pub(crate) fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.set(name, Some(value.as_ref().to_vec()))
    }

    /// With a null in this header.
    pub(crate) fn with_null(self, name: &str) -> Self {
        self.set(name, None)
    }

    fn set(mut self, name: &str, value: Option<Vec<u8>>) -> Self {
        match self.headers.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.headers.push((name.to_owned(), value)),
        }
        self
    }

    /// With one header more, behind the others, whether or not there is one of its name.
    pub(crate) fn and(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), Some(value.as_ref().to_vec())));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn keyed(self, key: Option<&[u8]>) -> Self {
        Self { key: key.map(<[u8]>::to_vec), ..self }
    }

    pub(crate) fn valued(self, value: Option<&[u8]>) -> Self {
        Self { value: value.map(<[u8]>::to_vec), ..self }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().rev().find(|(known, _)| known == name);
        header.and_then(|(_, value)| std::str::from_utf8(value.as_deref()?).ok())
    }

    /// Whether this is the record that was sent, byte for byte, apart from further headers behind its own.
    pub(crate) fn is_in(&self, seen: &Seen) -> bool {
        self.key == seen.key && self.value == seen.value && seen.headers.starts_with(&self.headers)
    }
}

impl Kafka {
    /// Sends requests, one after another; the partition and the offset of each.
    pub(crate) async fn send_all<'r>(&self, records: impl IntoIterator<Item = &'r Raw>) -> Vec<(i32, i64)> {
        let (producer, topic) = (self.raw_producer(), self.requests());
        let mut reports = Vec::new();
        for raw in records {
            let all = OwnedHeaders::new_with_capacity(raw.headers.len());
            let with = |all: OwnedHeaders, (key, value): &(String, Option<Vec<u8>>)| {
                all.insert(Header { key, value: value.as_ref() })
            };
            let record = FutureRecord {
                topic: &topic,
                partition: None,
                payload: raw.value.as_ref(),
                key: raw.key.as_ref(),
                timestamp: None,
                headers: Some(raw.headers.iter().fold(all, with)).filter(|_| !raw.headers.is_empty()),
            };
            reports.push(producer.send_result(record).map_err(|(error, _)| error).expect("there is room"));
        }
        let mut places = Vec::new();
        for report in reports {
            let sent = within("a delivery", report).await.expect("the producer lives");
            let sent = sent.map_err(|(error, _)| error).expect("it is delivered");
            places.push((sent.partition, sent.offset));
        }
        places
    }

    /// Sends one request.
    pub(crate) async fn send_one(&self, record: &Raw) -> (i32, i64) {
        self.send_all([record]).await[0]
    }
}

/// The order that a fact tells of; `None` for a tombstone.
pub(crate) fn order_of(fact: &Seen) -> Option<pb::Order> {
    let value = fact.value.as_deref()?;
    assert_eq!(fact.header("content-type"), Some("application/protobuf"));
    let order = pb::Order::decode(value).expect("an order");
    assert_eq!(order.id, fact.key(), "its key is its id");
    Some(order)
}

/// Milliseconds since 1970.
pub(crate) fn created_at_ms(order: &pb::Order) -> i64 {
    let time = order.created_at.expect("a time");
    assert_eq!(time.nanos % 1_000_000, 0, "milliseconds are kept");
    time.seconds * 1_000 + i64::from(time.nanos) / 1_000_000
}
