//! In-process tests: what becomes of each error, and the records themselves.

use lab_lifecycle::TraceId;
use lab_orders::{Condition, Fault, OrderError, OrderId, Status};
use lab_proto::pb;
use lab_proto::pb::order_request::{Advance, Create, Delete, Request as Wanted, Update};
use prost::Message as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Headers as _;

use crate::broker;
use crate::config::Format;
use crate::error::{Fate, fate};
use crate::wire::{Record, Request, Topics, request_record};

fn id() -> OrderId {
    "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24".parse().expect("a UUID")
}

#[test]
fn what_can_never_be_taken_is_a_dead_letter_and_a_bad_day_is_not() {
    let never = [
        OrderError::NotParseable("x".to_owned()),
        OrderError::ConditionMissing,
        Fault::body("/created_by", "is missing").into(),
        OrderError::NotFound { id: id() },
        OrderError::AlreadyExists { id: id() },
        OrderError::VersionMismatch { expected: Condition::version(1), actual: 2 },
        OrderError::WrongStatus { id: id(), status: Status::Failed, rule: "no" },
        OrderError::PositionGone,
    ];
    for error in never {
        let (code, sentence) = (error.code(), error.to_string());
        let Fate::DeadLetter(refused) = fate(error) else { panic!("{code} is tried again") };
        assert_eq!(refused.to_string(), format!("{code}: {sentence}"));
    }
    let full = "the disk is full";
    assert_eq!(fate(OrderError::Unavailable { reason: full }), Fate::TryAgain(full));
}

#[test]
fn topics_share_their_prefix_and_carry_the_version_of_their_schema() {
    let topics = Topics::of("lab");
    let names = [&*topics.requests, &*topics.facts, &*topics.dead_letters];
    assert_eq!(names, ["lab.order-requests.v1", "lab.orders.v1", "lab.order-requests.dlq.v1"]);
}

fn record(request: Wanted, format: Format) -> Record {
    request_record(Request { order: id(), source: "/tests", event: "7", request }, format, TraceId::new())
}

fn headers(record: &Record) -> Vec<(String, String)> {
    let text = |value: Option<&[u8]>| String::from_utf8(value.expect("a value").to_vec()).expect("text");
    record.headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect()
}

#[test]
fn a_request_says_which_event_it_is_and_what_it_asks_for() {
    let mouse = vec![pb::Equipment::Mouse.into()];
    let (create, update) = (
        Create { created_by: "A".to_owned(), equipment: mouse.clone() },
        Update { equipment: mouse, expected_version: 3 },
    );
    let advance = Advance { status: pb::OrderStatus::Failed.into(), expected_version: 2 };
    for (request, kind, json) in [
        (Wanted::Create(create), "create", r#"{"create":{"created_by":"A","equipment":["MOUSE"]}}"#),
        (Wanted::Update(update), "update", r#"{"update":{"equipment":["MOUSE"],"expected_version":3}}"#),
        (Wanted::Delete(Delete { expected_version: 0 }), "delete", r#"{"delete":{"expected_version":0}}"#),
        (Wanted::Advance(advance), "advance", r#"{"advance":{"expected_version":2,"status":"FAILED"}}"#),
    ] {
        for (format, content_type) in [(Format::Json, "application/json"), (Format::Protobuf, "application/protobuf")] {
            let record = record(request.clone(), format);
            assert_eq!(record.key, id().to_string());
            let headers = headers(&record);
            let value = |name: &str| &*headers.iter().find(|(key, _)| key == name).expect(name).1;
            assert_eq!((value("ce_specversion"), value("ce_source"), value("ce_id")), ("1.0", "/tests", "7"));
            assert_eq!(value("ce_type"), format!("order.{kind}"));
            assert_eq!(value("content-type"), content_type);
            assert!(value("ce_time").ends_with('Z'), "{headers:?}");
            assert!(TraceId::parse(value("traceparent")).is_some());
            let value = record.value.expect("a value");
            match format {
                Format::Json => {
                    let (found, expected): (serde_json::Value, serde_json::Value) =
                        (serde_json::from_slice(&value).expect("JSON"), serde_json::from_str(json).expect("JSON"));
                    assert_eq!(found, expected);
                }
                Format::Protobuf => {
                    let decoded = pb::OrderRequest::decode(&*value).expect("a request");
                    assert_eq!(decoded.request, Some(request.clone()));
                }
            }
        }
    }
}

#[test]
fn what_librdkafka_says_is_told_in_words() {
    for (code, words) in [
        (RDKafkaErrorCode::MessageTimedOut, "Message timed out"),
        (RDKafkaErrorCode::BrokerTransportFailure, "Broker transport failure"),
        (RDKafkaErrorCode::MessageSizeTooLarge, "Message size too large"),
    ] {
        assert_eq!(broker::words(&KafkaError::MessageProduction(code)), words);
    }
}
