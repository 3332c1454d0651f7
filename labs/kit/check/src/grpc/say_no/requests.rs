//! What is sent in grpc/03, with what is wrong in each.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::grpc::{CREATE, DELETE, GET};
use crate::rpc::{Request, request};

/// Of known pieces by their names, and of others by their numbers.
fn draft(created_by: &str, equipment: &[Value]) -> Value {
    let named = |item: &Value| match item.as_str() {
        Some(name) => json!(format!("EQUIPMENT_{name}")),
        None => item.clone(),
    };
    json!({ "created_by": created_by, "equipment": equipment.iter().map(named).collect::<Vec<_>>() })
}

const KINDS: [&str; 4] = ["MONITOR", "KEYBOARD", "WEBCAM", "MOUSE"];

fn list(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!(name)).collect()
}

/// A request in which nothing is wrong.
pub(super) fn good(bench: &Bench) -> Value {
    draft(&bench.word(), &list(&["MOUSE", "KEYBOARD"]))
}

/// The same for this person.
pub(super) fn good_of(created_by: &str) -> Value {
    draft(created_by, &list(&["MONITOR", "MOUSE"]))
}

/// At the bounds.
pub(super) fn all_good(bench: &Bench) -> Vec<Value> {
    let word = || bench.word();
    let twice = list(&["WEBCAM", "MOUSE", "MONITOR", "KEYBOARD", "KEYBOARD", "MONITOR", "WEBCAM", "MOUSE"]);
    let named = word();
    let one_character = char::from(b'a' + bench.number(25) as u8);
    vec![
        good(bench),
        draft(&word(), &twice),
        draft(&named, &list(&["MONITOR"])),
        // Somebody else: another letter is another name.
        draft(&named.to_uppercase(), &list(&["MONITOR"])),
        // And so is one with a blank.
        draft(&format!(" {named}"), &list(&["MONITOR"])),
        draft(&format!("{named} "), &list(&["KEYBOARD", "KEYBOARD"])),
        draft(&one_character.to_string(), &list(&["WEBCAM", "WEBCAM"])),
        draft(" ", &list(&["WEBCAM"])),
        draft(&format!(" {}{} ", word(), "x".repeat(51)), &list(&["MOUSE"])),
        // 64 characters: more bytes in UTF-8, and more of what JavaScript and Java count.
        draft(&format!("{}{}", word(), "é".repeat(53)), &list(&["MOUSE"])),
        draft(&format!("{}{}", word(), "🎧".repeat(53)), &list(&["MOUSE"])),
    ]
}

/// For whoever is named: each with the fields at fault.
pub(super) fn with_one_fault(bench: &Bench, who: &str) -> Vec<(Value, Vec<String>)> {
    let unknown = bench.number(1_000_000) as i32 + 100;
    let good = list(&["MOUSE", "KEYBOARD"]);
    let cases: Vec<(&str, Vec<Value>, &str)> = vec![
        (who, vec![], "equipment"),
        (who, vec![json!(0)], "equipment[0]"),
        (who, vec![json!("MOUSE"), json!(0)], "equipment[1]"),
        (who, vec![json!("MOUSE"), json!("WEBCAM"), json!(unknown)], "equipment[2]"),
        (who, vec![json!(5), json!("WEBCAM")], "equipment[0]"),
        (who, vec![json!("MONITOR"), json!(-unknown), json!("WEBCAM")], "equipment[1]"),
        (who, vec![json!("MONITOR"), json!(256 + 1)], "equipment[1]"),
        (who, list(&["MOUSE", "MOUSE", "MOUSE"]), "equipment[2]"),
        (who, list(&["MONITOR", "WEBCAM", "MONITOR", "KEYBOARD", "MONITOR", "WEBCAM"]), "equipment[4]"),
        ("", good.clone(), "created_by"),
    ];
    let case = |(who, equipment, field): (&str, Vec<Value>, &str)| (draft(who, &equipment), vec![field.to_owned()]);
    let mut all: Vec<_> = cases.into_iter().map(case).collect();
    for letter in ["x", "é", "🎧", " "] {
        let long = format!("{}{}", bench.word(), letter.repeat(54));
        all.push((draft(&long, &good), vec!["created_by".to_owned()]));
    }
    all
}

pub(super) fn with_many_faults(bench: &Bench) -> Vec<(Value, Vec<String>)> {
    let unknown = json!(bench.number(1_000_000) + 100);
    let (who, long) = (bench.word(), "x".repeat(65));
    let fields = |fields: &[&str]| fields.iter().map(|&field| field.to_owned()).collect();
    vec![
        (json!({}), fields(&["created_by", "equipment"])),
        (draft(&long, &[]), fields(&["created_by", "equipment"])),
        (
            draft("", &[json!("MOUSE"), unknown.clone(), json!("WEBCAM"), json!(0)]),
            fields(&["created_by", "equipment[1]", "equipment[3]"]),
        ),
        (
            draft(&long, &[json!("MOUSE"), json!("MOUSE"), json!("MOUSE"), json!(0), json!("MOUSE")]),
            fields(&["created_by", "equipment[2]", "equipment[3]", "equipment[4]"]),
        ),
        (
            draft(&who, &list(&["MOUSE", "WEBCAM", "MOUSE", "WEBCAM", "WEBCAM", "MOUSE"])),
            fields(&["equipment[4]", "equipment[5]"]),
        ),
        (
            draft(
                &who,
                &[&[list(&KINDS), list(&KINDS)].concat()[..], &[json!(0), json!("MOUSE"), unknown.clone()]].concat(),
            ),
            fields(&["equipment[8]", "equipment[9]", "equipment[10]"]),
        ),
        (
            draft("", &[vec![unknown; 7], vec![json!(0); 7]].concat()),
            [&fields(&["created_by"])[..], &(0..14).map(|index| format!("equipment[{index}]")).collect::<Vec<_>>()]
                .concat(),
        ),
    ]
}

/// The requests that break a rule: all with one fault, and those without an id.
pub(super) fn all_with_one_fault(bench: &Bench) -> Vec<(Request, Vec<String>)> {
    let creates = with_one_fault(bench, &bench.word()).into_iter();
    let creates = creates.map(|(draft, fields)| (request(CREATE, &draft), fields));
    let without = [GET, DELETE].map(|path| (request(path, &json!({})), vec!["id".to_owned()]));
    creates.chain(without).collect()
}
