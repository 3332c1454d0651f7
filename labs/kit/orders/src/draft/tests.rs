//! What may be stored, and that every fault is named at once.

use super::*;
use crate::{ListDraft, Place};

/// The pointers of all faults of a create body.
fn faults(body: &str) -> Vec<String> {
    match OrderDraft::from_json(body.as_bytes()).expect("JSON").parse() {
        Ok(_) => Vec::new(),
        Err(error) => places(error),
    }
}

fn places(error: OrderError) -> Vec<String> {
    let OrderError::Invalid { faults } = error else { panic!("{error} is not about faults") };
    let place = |fault: Fault| match fault.place {
        Place::Body(pointer) => pointer,
        Place::Parameter(name) => name,
    };
    faults.into_iter().map(place).collect()
}

#[test]
fn every_fault_is_named_at_once_with_its_place() {
    let body = r#"{"created_by":"\u0000","equipment":["MOUSE","mouse",7,"EQUIPMENT_UNSPECIFIED"],"a/b~c":1}"#;
    assert_eq!(faults(body), ["/a~1b~0c", "/created_by", "/equipment/1", "/equipment/2", "/equipment/3"]);
}

#[test]
fn missing_fields_and_wrong_types_have_the_place_of_the_field() {
    assert_eq!(faults("{}"), ["/created_by", "/equipment"]);
    assert_eq!(faults(r#"{"created_by":7,"equipment":"MOUSE"}"#), ["/created_by", "/equipment"]);
    for body in ["[]", "null", "7", "\"text\""] {
        assert_eq!(faults(body), [""], "{body}");
    }
}

#[test]
fn a_name_has_1_to_64_characters_however_many_bytes_they_take() {
    let body = |name: &str| format!(r#"{{"created_by":"{name}","equipment":["MOUSE"]}}"#);
    for good in ["a", &"😀".repeat(64), "Zoë \u{202e}"] {
        assert_eq!(faults(&body(good)), [""; 0], "{good}");
    }
    // C1 controls are controls.
    for wrong in ["", &"a".repeat(65), "a\u{7f}", "a\u{85}"] {
        assert_eq!(faults(&body(wrong)), ["/created_by"], "{wrong:?}");
    }
}

#[test]
fn equipment_has_1_to_20_items() {
    let body = |items: usize| format!(r#"{{"created_by":"a","equipment":{:?}}}"#, vec!["MOUSE"; items]);
    for (items, wrong) in [(0, true), (1, false), (20, false), (21, true)] {
        assert_eq!(faults(&body(items)) == ["/equipment"], wrong, "{items} items");
    }
}

#[test]
fn a_body_full_of_faults_has_an_answer_of_bounded_length() {
    let body = format!(r#"{{"created_by":"a","equipment":{:?}}}"#, vec!["x"; 5_000]);
    assert!(faults(&body).len() < 50);
}

#[test]
fn an_answer_about_thousands_of_orders_is_brief_about_each() {
    let draft = OrderDraft::new("a".into(), vec!["x".into(); 20]);
    let OrderError::Invalid { faults } = draft.parse().expect_err("20 faults").brief() else { panic!("no faults") };
    assert_eq!(faults.len(), 5);
    assert_eq!(faults[4].detail, "has 16 more faults");
}

#[test]
fn the_length_of_an_answer_is_not_the_clients_choice() {
    let body = format!(r#"{{"created_by":"a","equipment":["MOUSE"],"{}":1}}"#, "n".repeat(60_000));
    assert!(faults(&body)[0].len() < 100);
}

#[test]
fn what_is_not_json_is_not_parseable() {
    for body in ["", "{", "{\"created_by\":\"\u{0}\"}", "{} {}", "nope"] {
        assert!(matches!(OrderDraft::from_json(body.as_bytes()), Err(OrderError::NotParseable(_))), "{body:?}");
    }
    assert!(matches!(OrderDraft::from_json(b"{\"created_by\":\"\xff\"}"), Err(OrderError::NotParseable(_))));
}

#[test]
fn a_missing_condition_answers_before_every_fault() {
    let draft = UpdateDraft::new("nope".into(), vec![], None);
    assert_eq!(draft.parse(), Err(OrderError::ConditionMissing));
    let draft = UpdateDraft::new("nope".into(), vec![], Some("3".into()));
    assert_eq!(places(draft.parse().expect_err("three faults")), ["id", "etag", "/equipment"]);
}

#[test]
fn an_id_is_a_uuid_in_its_hyphenated_form_in_either_case() {
    assert!(OrderId::parse("0198C5A2-7D1E-7C3B-9A55-3F0B7D6C1E24").is_ok());
    for wrong in ["", "nope", "0198c5a27d1e7c3b9a553f0b7d6c1e24", "{0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24}"] {
        assert!(OrderId::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_page_size_is_a_number_and_never_more_than_1000() {
    let size = |text: &str| ListDraft { page_size: Some(text.into()), ..ListDraft::default() }.parse();
    for (text, size_of) in [("0", 50), ("7", 7), ("1000", 1_000), ("1001", 1_000), ("1000000000000000000000", 1_000)] {
        assert_eq!(size(text).expect(text).size, size_of);
    }
    for text in ["", "-1", "ten", "1.5"] {
        assert_eq!(places(size(text).expect_err(text)), ["page_size"]);
    }
}
