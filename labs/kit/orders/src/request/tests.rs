//! From a request's JSON to what is to be done, or to every fault at once.

use super::*;
use crate::{Equipment, Place};

const ID: &str = "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24";

fn id() -> OrderId {
    ID.parse().expect("a UUID")
}

fn parse(text: &str) -> Result<Wanted, OrderError> {
    RequestDraft::from_json(text.as_bytes())?.parse(id(), Timestamp::UNIX_EPOCH)
}

#[track_caller]
fn wanted(text: &str) -> Wanted {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The pointers of all faults.
#[track_caller]
fn faults(text: &str) -> Vec<String> {
    let Err(OrderError::Invalid { faults }) = parse(text) else { panic!("{text}: {:?}", parse(text)) };
    let place = |fault: Fault| match fault.place {
        Place::Body(pointer) => pointer,
        Place::Parameter(name) => name,
    };
    faults.into_iter().map(place).collect()
}

#[test]
fn each_kind_is_read_with_its_fields() {
    let create = wanted(r#"{"create":{"equipment":["MOUSE","MOUSE"],"created_by":"USER14"}}"#);
    let Wanted::Create { id: order, new, created_at } = create else { panic!("{create:?}") };
    assert_eq!((order, created_at), (id(), Timestamp::UNIX_EPOCH));
    assert_eq!((new.created_by(), new.equipment()), ("USER14", &[Equipment::Mouse, Equipment::Mouse][..]));

    let update = wanted(r#"{"update":{"equipment":["WEBCAM"],"expected_version":3}}"#);
    let expected = OrderUpdate { id: id(), equipment: vec![Equipment::Webcam], condition: Condition::version(3) };
    assert_eq!(update, Wanted::Update(expected));

    let advance = wanted(r#"{"advance":{"status":"FAILED","expected_version":18446744073709551615}}"#);
    let condition = Condition::version(u64::MAX);
    assert_eq!(advance, Wanted::Advance(OrderAdvance { id: id(), status: Status::Failed, condition }));
}

#[test]
fn a_deletion_without_a_version_is_of_any() {
    for (text, condition) in [
        (r#"{"delete":{}}"#, Condition::Any),
        (r#"{"delete":{"expected_version":0}}"#, Condition::Any),
        (r#"{"delete":{"expected_version":2}}"#, Condition::version(2)),
    ] {
        assert_eq!(wanted(text), Wanted::Delete(OrderDeletion { id: id(), condition }), "{text}");
    }
}

#[test]
fn an_update_and_an_advance_without_a_version_miss_their_condition_whatever_else_is_wrong() {
    for body in [
        r#"{"update":{"equipment":["MOUSE"]}}"#,
        r#"{"update":{"equipment":["MOUSE"],"expected_version":0}}"#,
        r#"{"update":{"equipment":[],"expected_version":0,"x":1}}"#,
        r#"{"update":{}}"#,
        r#"{"advance":{"status":"PROCESSING"}}"#,
        r#"{"advance":{"status":"DONE","expected_version":0}}"#,
        r#"{"advance":{}}"#,
    ] {
        assert_eq!(parse(body), Err(OrderError::ConditionMissing), "{body}");
    }
}

#[test]
fn a_version_is_a_whole_number_that_fits() {
    for kind in [r#""equipment":["MOUSE"]"#, r#""status":"PROCESSING""#, ""] {
        for wrong in ["\"3\"", "-1", "1.5", "1.0", "18446744073709551616", "1e3", "null", "true", "[3]", "{}"] {
            let name = match kind {
                "" => "delete",
                status if status.contains("status") => "advance",
                _ => "update",
            };
            let comma = if kind.is_empty() { "" } else { "," };
            let body = format!(r#"{{"{name}":{{{kind}{comma}"expected_version":{wrong}}}}}"#);
            assert_eq!(faults(&body), ["/expected_version"], "{body}");
        }
    }
}

#[test]
fn every_fault_is_named_at_once() {
    for (text, places) in [
        (r#"{"create":{"created_by":"","equipment":["PHONE"],"id":"x"}}"#, &["/id", "/created_by", "/equipment/0"][..]),
        (r#"{"create":{}}"#, &["/created_by", "/equipment"]),
        (
            r#"{"update":{"equipment":["mouse"],"expected_version":1,"created_by":"x"}}"#,
            &["/created_by", "/equipment/0"],
        ),
        (r#"{"update":{"equipment":[],"expected_version":"x"}}"#, &["/expected_version", "/equipment"]),
        (r#"{"delete":{"equipment":["MOUSE"]}}"#, &["/equipment"]),
        (r#"{"advance":{"expected_version":1}}"#, &["/status"]),
        (r#"{"advance":{"status":"processing","expected_version":1}}"#, &["/status"]),
        (r#"{"advance":{"status":7,"expected_version":"1","x":0}}"#, &["/status", "/expected_version", "/x"]),
    ] {
        assert_eq!(faults(text), places, "{text}");
    }
}

#[test]
fn a_request_asks_for_one_of_four_things() {
    for text in [
        "{}",
        "[]",
        "null",
        "7",
        r#"{"place":{}}"#,
        r#"{"Create":{}}"#,
        r#"{"create":{},"delete":{}}"#,
        r#"{"delete":{},"more":1}"#,
    ] {
        assert_eq!(faults(text), [""], "{text}");
    }
    for (text, places) in [
        (r#"{"create":null}"#, &[""][..]),
        (r#"{"create":[]}"#, &[""]),
        (r#"{"delete":"all"}"#, &[""]),
        (r#"{"delete":null}"#, &[""]),
    ] {
        assert_eq!(faults(text), places, "{text}");
    }
    // Its condition is missing, and that answers before what else is wrong.
    for text in [r#"{"update":7}"#, r#"{"advance":[]}"#] {
        assert_eq!(parse(text), Err(OrderError::ConditionMissing), "{text}");
    }
}

#[test]
fn what_is_not_json_is_not_parseable() {
    for text in ["", "{", "delete", "{\"delete\":{}} {}", "{\"delete\":{}"] {
        assert!(matches!(parse(text), Err(OrderError::NotParseable(_))), "{text:?}: {:?}", parse(text));
    }
    let latin = RequestDraft::from_json(b"{\"create\":{\"created_by\":\"\xe9\"}}");
    assert!(matches!(latin, Err(OrderError::NotParseable(_))));
}

#[test]
fn a_kind_is_known_before_the_values_are_judged() {
    for kind in RequestKind::ALL {
        let draft = RequestDraft::from_json(format!(r#"{{"{kind}":{{}}}}"#).as_bytes()).expect("one of four");
        assert_eq!(draft.kind(), kind);
    }
}
