//! Orders of rest/05, and JSON that is none, with what is wrong in each.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Map, Value, json};

use crate::bench::Bench;
use crate::http::{Request, request};

pub(super) const ORDERS: &str = "/v1/orders";
const KINDS: [&str; 4] = ["MONITOR", "KEYBOARD", "WEBCAM", "MOUSE"];

pub(super) fn post(order: &Value) -> Request {
    request(Method::POST, ORDERS).json(order)
}

/// An order in which nothing is wrong.
pub(super) fn order(bench: &Bench) -> Value {
    json!({ "created_by": bench.word(), "equipment": ["MOUSE", "KEYBOARD"], "desk": 17 })
}

/// With other fields.
pub(super) fn but(mut order: Value, fields: Value) -> Value {
    if let (Some(order), Value::Object(fields)) = (order.as_object_mut(), fields) {
        order.extend(fields);
    }
    order
}

fn without(mut order: Value, field: &str) -> Value {
    order.as_object_mut().and_then(|order| order.remove(field));
    order
}

/// Each with the places of its faults.
pub(super) fn with_one_fault(bench: &Bench) -> Vec<(Value, String)> {
    let (word, good) = (bench.word(), || order(bench));
    let equipment = |equipment: Value| but(good(), json!({ "equipment": equipment }));
    let mut cases = vec![
        (but(good(), json!({ &word: 1 })), format!("#/{word}")),
        (equipment(json!(["MOUSE", &word])), "#/equipment/1".to_owned()),
        (equipment(json!(["keyboard"])), "#/equipment/0".to_owned()),
        // Parts of what is known, and several in one.
        (equipment(json!(["MOUSE", "WEBCAM", ""])), "#/equipment/2".to_owned()),
        (equipment(json!(["BOARD"])), "#/equipment/0".to_owned()),
        (equipment(json!(["MOUSE", "MOUSE,WEBCAM"])), "#/equipment/1".to_owned()),
        (equipment(json!([" WEBCAM"])), "#/equipment/0".to_owned()),
        (equipment(json!(["KEYBOARD", "MONITORS", "MOUSE"])), "#/equipment/1".to_owned()),
        (equipment(json!(["KEYBOARD", { "MOUSE": 1 }])), "#/equipment/1".to_owned()),
        (equipment(json!([true, "WEBCAM"])), "#/equipment/0".to_owned()),
        (equipment(json!(["WEBCAM", "MOUSE "])), "#/equipment/1".to_owned()),
        (equipment(json!(["MOUSE", "WEBCAM", 7])), "#/equipment/2".to_owned()),
        (equipment(json!([["MOUSE"], "MOUSE"])), "#/equipment/0".to_owned()),
        (equipment(json!(["MOUSE", null, "WEBCAM"])), "#/equipment/1".to_owned()),
        (equipment(json!(["MOUSE", "MOUSE", "WEBCAM", "MOUSE"])), "#/equipment/3".to_owned()),
        // What JavaScript's objects have by themselves, and what a pointer escapes (RFC 6901 §3).
        (but(good(), json!({ "constructor": 1 })), "#/constructor".to_owned()),
        (but(good(), json!({ "a/b~c/~": 1 })), "#/a~1b~0c~1~0".to_owned()),
        (but(good(), json!({ "~1": 1 })), "#/~01".to_owned()),
        // Nothing, in the name or behind it.
        (but(good(), json!({ "": &word })), "#/".to_owned()),
        (but(good(), json!({ &word: null })), format!("#/{word}")),
        (but(good(), json!({ "notes": "" })), "#/notes".to_owned()),
        (but(good(), json!({ "0": 0 })), "#/0".to_owned()),
        (but(good(), json!({ "größe": 1 })), "#/größe".to_owned()),
        (but(good(), json!({ "50% <a&b>": 1 })), "#/50% <a&b>".to_owned()),
        (but(good(), json!({ "\"\\": 1 })), "#/\"\\".to_owned()),
        (but(good(), json!({ "$schema": &word })), "#/$schema".to_owned()),
        (but(good(), json!({ "_x": 1 })), "#/_x".to_owned()),
        (but(good(), json!({ &word.repeat(10): 1 })), format!("#/{}", word.repeat(10))),
        (equipment(json!(["toString", "MOUSE"])), "#/equipment/0".to_owned()),
        (json!([good()]), "#".to_owned()),
        (json!(null), "#".to_owned()),
        (json!(&word), "#".to_owned()),
        (json!(17), "#".to_owned()),
        (json!(0), "#".to_owned()),
        (json!(true), "#".to_owned()),
        (json!(false), "#".to_owned()),
        (json!(""), "#".to_owned()),
        (json!([]), "#".to_owned()),
    ];
    cases.extend(of_whole_fields(bench));
    cases
}

/// What is wrong with a field as a whole.
fn of_whole_fields(bench: &Bench) -> Vec<(Value, String)> {
    let (word, good) = (bench.word(), || order(bench));
    let equipment = |equipment: Value| but(good(), json!({ "equipment": equipment }));
    let desk = |desk: Value| but(good(), json!({ "desk": desk }));
    let created_by = |who: Value| but(good(), json!({ "created_by": who }));
    // Some languages walk through an object as through a list, and take null for a field that isn't there.
    let lists = vec![
        equipment(json!([])),
        equipment(json!("MOUSE")),
        equipment(json!({})),
        equipment(json!({ "MOUSE": 1 })),
        equipment(json!(null)),
        without(good(), "equipment"),
    ];
    // The last two are 17 in fewer bits.
    let numbers = [json!(0), json!(1_000), json!(-1), json!(1.5), json!((1_u64 << 16) + 17), json!((1_u64 << 32) + 17)];
    let mut desks: Vec<Value> = numbers.map(desk).into();
    desks.extend([json!(-17), json!(0.5), json!(999.5), json!(u64::MAX), json!([17]), json!({}), json!("")].map(desk));
    // A text with a number in it, and what is 1 in C and in Python.
    desks.extend([json!(&word), json!("17"), json!(true), json!(false), json!(null)].map(desk));
    desks.push(without(good(), "desk"));
    let blanks = format!(" {} ", "x".repeat(63));
    let names = [json!(""), json!("é".repeat(65)), json!("🎧".repeat(65)), json!(&blanks), json!(" ".repeat(65))];
    // What looks like 33 is 66, and a line break is one as well.
    let longer = [json!("e\u{301}".repeat(33)), json!(format!("{}\n", "x".repeat(64)))];
    let names = names.into_iter().chain(longer);
    let others = [json!(7), json!(null), json!(true), json!([&word]), json!({ &word: 1 })];
    let names = names.chain(others).map(created_by);
    let names = names.chain([without(good(), "created_by")]).collect();
    let named = |(cases, field): (Vec<Value>, &str)| -> Vec<(Value, String)> {
        cases.into_iter().map(|case| (case, format!("#/{field}"))).collect()
    };
    [(lists, "equipment"), (desks, "desk"), (names, "created_by")].map(named).concat()
}

pub(super) fn with_many_faults(bench: &Bench) -> Vec<(Value, Vec<String>)> {
    let [word, other] = [bench.word(), bench.word()];
    let pointers = |pointers: &[&str]| pointers.iter().map(|pointer| format!("#/{pointer}")).collect();
    let fields: Map<String, Value> = (0..24).map(|number| (format!("{word}{number}"), Value::Null)).collect();
    let places = fields.keys().map(|field| format!("#/{field}")).collect();
    vec![
        (json!({}), pointers(&["created_by", "equipment", "desk"])),
        // What other orders have, and fields that are nearly these.
        (
            but(
                order(bench),
                json!({ "id": 1, "status": "QUEUED", "version": 1, "createdBy": &word, "Desk": 17, "CREATED_BY": &word, "Equipment": [] }),
            ),
            pointers(&["id", "status", "version", "createdBy", "Desk", "CREATED_BY", "Equipment"]),
        ),
        (
            but(order(bench), json!({ "equipment": KINDS.repeat(3) })),
            pointers(&["equipment/8", "equipment/9", "equipment/10", "equipment/11"]),
        ),
        (
            json!({ "desk": 0, "equipment": ["MOUSE", "mouse", "WEBCAM", 7], &word: 1, &other: 0, "created_by": "" }),
            pointers(&["desk", "equipment/1", "equipment/3", &word, &other, "created_by"]),
        ),
        (
            json!({ "created_by": "a".repeat(65), "equipment": ["MOUSE", "WEBCAM", "MOUSE", "MOUSE", &word, "MOUSE"] }),
            pointers(&["created_by", "equipment/3", "equipment/4", "equipment/5", "desk"]),
        ),
        (
            but(order(bench), json!({ "equipment": ["MOUSE", "WEBCAM", "MOUSE", "WEBCAM", "WEBCAM", "MOUSE"] })),
            pointers(&["equipment/4", "equipment/5"]),
        ),
        (
            but(order(bench), json!({ "equipment": ["MOUSE", "MOUSE", &word, "MOUSE", "KEYBOARD"] })),
            pointers(&["equipment/2", "equipment/3"]),
        ),
        // Of what there isn't, none is too many of its kind.
        (
            but(order(bench), json!({ "equipment": [&word, &word, &word, 7, 7, 7] })),
            pointers(&["equipment/0", "equipment/1", "equipment/2", "equipment/3", "equipment/4", "equipment/5"]),
        ),
        // As many as there are.
        (
            but(order(bench), json!({ "equipment": vec![&word; 24] })),
            (0..24).map(|number| format!("#/equipment/{number}")).collect(),
        ),
        (but(order(bench), Value::Object(fields)), places),
        (json!({ "equipment": ["MOUSE", &word] }), pointers(&["created_by", "desk", "equipment/1"])),
        (json!({ "equipment": ["MOUSE"], "desk": 0, &word: 1 }), pointers(&["created_by", "desk", &word])),
        (
            json!({ "equipment": "MOUSE", "desk": &word, "created_by": ["x"] }),
            pointers(&["equipment", "desk", "created_by"]),
        ),
        (
            but(order(bench), json!({ "": 1, &word: null, "created_by ": &word, "equipments": [] })),
            pointers(&["", &word, "created_by ", "equipments"]),
        ),
    ]
}

/// So many unknown fields, and so many unknown items. With the places of all of them.
pub(super) fn with_faults_in_all(bench: &Bench, count: usize) -> (Value, BTreeSet<String>) {
    let word = bench.word();
    let fields: Map<String, Value> = (0..count).map(|number| (format!("{word}{number}"), json!(number))).collect();
    let items = (0..count).map(|number| format!("equipment/{number}"));
    let due = fields.keys().cloned().chain(items).map(|place| format!("#/{place}")).collect();
    (but(but(order(bench), json!({ "equipment": vec!["-"; count] })), Value::Object(fields)), due)
}
