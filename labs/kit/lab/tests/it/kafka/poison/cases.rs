//! What is sent, and what its dead letter's reason says.

use lab_proto::pb::order_request::{Create, Request as Wanted};
use serde_json::json;

use super::Case;
use crate::kafka::records::{Raw, new_id};

pub(super) const PARSE: &str = "not_parseable";

pub(super) fn good() -> Raw {
    Raw::create(&new_id())
}

pub(super) fn keys() -> Vec<Case> {
    vec![
        (good().keyed(None), PARSE, "there is no key"),
        (good().keyed(Some(b"")), PARSE, "the key"),
        (good().keyed(Some(b"USER14")), PARSE, "the key"),
        (good().keyed(Some(new_id().replace('-', "").as_bytes())), PARSE, "the key"),
        (good().keyed(Some(b"0198c5a2-\xff")), PARSE, "not UTF-8"),
        (good().keyed(Some(&[b'k'; 5_000])), PARSE, "the key"),
    ]
}

pub(super) fn headers() -> Vec<Case> {
    let mut cases: Vec<Case> = vec![
        (Raw { headers: Vec::new(), ..good() }, PARSE, "there is no header"),
        (good().with("ce_type", "order.place"), PARSE, "ce_type"),
        (good().with("ce_type", "create"), PARSE, "ce_type"),
        (good().with("ce_type", "order.CREATE"), PARSE, "ce_type"),
        (good().with("ce_type", "order.created"), PARSE, "ce_type"),
        (good().with("ce_type", "order.delete"), PARSE, "ce_type is order.delete, and the value asks to create"),
        (Raw::create_protobuf(&new_id()).with("ce_type", "order.update"), PARSE, "ce_type is order.update"),
        (good().with("ce_specversion", "0.3"), PARSE, "ce_specversion"),
        (good().with("ce_specversion", ""), PARSE, "ce_specversion"),
        (good().with("ce_specversion", "1.0 "), PARSE, "ce_specversion"),
        (good().with("ce_specversion", b"\xff"), PARSE, "ce_specversion is not UTF-8"),
        (good().with("ce_time", "yesterday"), PARSE, "ce_time"),
        (good().with("ce_time", ""), PARSE, "ce_time"),
        (good().with("ce_time", "2026-11-24T20:12:00"), PARSE, "ce_time"),
        (good().with("ce_time", "2026-13-24T20:12:00Z"), PARSE, "ce_time"),
        (good().with("ce_time", "1764015120"), PARSE, "ce_time"),
        (good().with("ce_time", "2026-11-24 20:12:00Z"), PARSE, "ce_time"),
        (good().with("ce_time", "2026-11-24T20:12:00Z[UTC]"), PARSE, "ce_time"),
        (good().with("ce_id", "x".repeat(1_025)), PARSE, "ce_id is longer than 1024 bytes"),
        (good().with("ce_source", "x".repeat(1_025)), PARSE, "ce_source is longer than 1024 bytes"),
        (good().with("ce_time", b"\xff"), PARSE, "ce_time is not UTF-8"),
        (good().without("content-type"), PARSE, "there is no header content-type"),
        (good().with("content-type", ""), PARSE, "content type"),
        (good().with("content-type", "text/json"), PARSE, "content type"),
        (good().with("content-type", "application/jsonx"), PARSE, "content type"),
        (good().with("content-type", b"\xff"), PARSE, "content-type is not UTF-8"),
        // The last of a name holds.
        (good().and("content-type", "text/plain"), PARSE, "content type"),
    ];
    for name in ["ce_id", "ce_source", "ce_type"] {
        let says: &'static str = match name {
            "ce_id" => "ce_id",
            "ce_source" => "ce_source",
            _ => "ce_type",
        };
        cases.push((good().without(name), PARSE, says));
        cases.push((good().with(name, ""), PARSE, says));
        cases.push((good().with_null(name), PARSE, says));
        cases.push((good().with(name, b"\xff\xfe"), PARSE, "is not UTF-8"));
        cases.push((good().and(name, ""), PARSE, says));
    }
    cases
}

pub(super) fn values() -> Vec<Case> {
    let protobuf = || Raw::create_protobuf(&new_id());
    let create = |created_by: &str, equipment: &[i32]| {
        let create = Create { created_by: created_by.to_owned(), equipment: equipment.to_vec() };
        Raw::protobuf(&new_id(), Wanted::Create(create))
    };
    vec![
        (good().valued(None), PARSE, "there is no value"),
        (protobuf().valued(None), PARSE, "there is no value"),
        (good().valued(Some(b"")), PARSE, "not JSON"),
        (protobuf().valued(Some(b"")), PARSE, "asks for nothing"),
        (protobuf().valued(Some(&[0xff; 40])), PARSE, "OrderRequest"),
        // A field that nobody knows, and none of the four.
        (protobuf().valued(Some(&[0x28, 0x01])), PARSE, "asks for nothing"),
        (protobuf().valued(Some(&[0x0a, 0x7f, 0x01])), PARSE, "OrderRequest"),
        (protobuf().valued(Some(br#"{"create":{}}"#)), PARSE, "OrderRequest"),
        (good().valued(Some(&[0x0a, 0x02, 0x0a, 0x00])), PARSE, "not JSON"),
        (good().valued(Some(&[b'x'; 900_000])), PARSE, "not JSON"),
        (good().valued(Some(&b"[".repeat(200_000))), PARSE, "not JSON"),
        (create("", &[2]), "invalid", "created_by"),
        (create("USER14", &[]), "invalid", "equipment"),
        (create("USER14", &[2; 21]), "invalid", "equipment"),
        (create("USER14", &[0]), "invalid", "equipment[0]"),
        (create("USER14", &[2, 99, -1]), "invalid", "equipment[2]"),
        (create("USER\0", &[2]), "invalid", "created_by"),
    ]
}

pub(super) fn json_values() -> Vec<Case> {
    let value = |text: &str| good().valued(Some(text.as_bytes()));
    let update = |text: &str| Raw::json(&new_id(), "update", json!({})).valued(Some(text.as_bytes()));
    vec![
        (value("{"), PARSE, "not JSON"),
        (value("{\"create\":{\"created_by\":\"\u{0}\"}}"), PARSE, "not JSON"),
        (value("[]"), "invalid", "must be"),
        (value("null"), "invalid", "must be"),
        (value("{}"), "invalid", "one of create, update, delete, advance"),
        (value(r#"{"create":{},"delete":{}}"#), "invalid", "one of"),
        (value(r#"{"order":{}}"#), "invalid", "one of"),
        (value(r#"{"create":7}"#), "invalid", "must be a JSON object"),
        (value(r#"{"create":{}}"#), "invalid", "created_by is missing; equipment is missing"),
        (value(r#"{"create":{"created_by":"A","equipment":["mouse"]}}"#), "invalid", "equipment[0]"),
        (value(r#"{"create":{"created_by":"A","equipment":["MOUSE"],"id":"x"}}"#), "invalid", "id is not a field"),
        (update(r#"{"update":{"equipment":["MOUSE"],"expected_version":"3"}}"#), "invalid", "expected_version"),
        (update(r#"{"update":{"equipment":["MOUSE"]}}"#), "condition_missing", "version"),
        (update(r#"{"update":{"equipment":[],"expected_version":0}}"#), "condition_missing", "version"),
    ]
}
