//! Orders as they stand on stdin, and what is none.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::broker::Record;

/// Ids, and orders with them.
pub(super) fn orders(bench: &Bench, count: usize) -> (Vec<String>, Vec<String>) {
    let ids: Vec<String> = (0..count).map(|_| bench.id()).collect();
    let lines = ids.iter().map(|id| json!({ "id": id, "created_by": bench.word() }).to_string()).collect();
    (ids, lines)
}

pub(super) fn order(bench: &Bench) -> String {
    json!({ "id": bench.id(), "created_by": bench.word(), "equipment": ["KEYBOARD"] }).to_string()
}

/// Its value is that JSON.
pub(super) fn is_order(record: &Record, line: &str) -> bool {
    let sent = record.value.as_deref().and_then(|value| serde_json::from_slice::<Value>(value).ok());
    sent.is_some() && sent == serde_json::from_str(line).ok()
}

/// Every kind of JSON, but for numbers that languages write in several ways.
pub(super) fn full_order(bench: &Bench) -> Value {
    json!({
        "id": bench.id(),
        "created_by": format!("Zoë \"{}\" \\ {{}} ﬁ² 🦀\n", bench.word()),
        "equipment": ["KEYBOARD", bench.word(), "KEYBOARD"],
        "note": null,
        "desk": 100_000 + bench.number(800_000),
        bench.word(): { "none": null, "yes": true, "half": -0.5, "empty": [[], {}, ""], "all": [null, 0, false] },
        "": "",
        "a.b": 0,
        " spaced ": format!(" {} ", bench.word()),
        "größe": false,
        "quote\"": [],
        "null": {},
        "value": -7,
        "height": 1.25,
        "gift": true,
        "floor": "",
    })
}

/// Texts that are keys as they are, whatever they look like.
pub(super) fn texts(bench: &Bench) -> Vec<String> {
    let word = bench.word();
    vec![
        format!(" {word} "),
        format!("\t{word}\r\n"),
        format!("{:012}", bench.number(1_000_000)),
        format!("{}.0", bench.number(1_000_000)),
        format!("Zoë's \"{word}\" \\ 🎧"),
        format!("\"{word}\""),
        format!("Zoë {word} ÿ"),
        format!("e\u{301} é \u{feff}{word}\u{1}"),
        format!("\\n\\u0041 %41+%2F&a=/{word}?#"),
        json!({ "id": word }).to_string(),
        format!("{}-{}", word.to_uppercase(), word),
        "null".to_owned(),
        word.repeat(20),
    ]
}

/// Another `id` stands before its own, and one behind; of some lines all is escaped that can be, and
/// some have white space around them.
pub(super) fn line_with(bench: &Bench, number: usize, id: &str) -> String {
    let inner = json!({ "id": bench.word() });
    let line = format!("{{\"by\":{inner},\"id\":{},\"to\":{inner}}}", json!(id));
    match number % 3 {
        0 => line,
        1 => escaped(&line),
        _ => format!("  {line}\t"),
    }
}

/// The same JSON in ASCII.
pub(super) fn escaped(line: &str) -> String {
    let mut units = [0; 2];
    let mut escape = |letter: char| -> String {
        letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
    };
    line.chars().map(|letter| if letter.is_ascii() { letter.to_string() } else { escape(letter) }).collect()
}

/// No orders.
pub(super) fn bad_lines(bench: &Bench) -> Vec<String> {
    let (word, good) = (bench.word(), order(bench));
    vec![
        word.clone(),
        String::new(),
        json!({ "created_by": word }).to_string(),
        good[..good.len() - 1].to_owned(),
        format!("[{good}]"),
        json!({ "id": bench.number(1_000_000) }).to_string(),
        json!({ "id": null, "created_by": word }).to_string(),
        json!(good).to_string(),
        "null".to_owned(),
        // The same again, further down.
        String::new(),
        format!("{good} {word}"),
        // Of a second run.
        "{}".to_owned(),
        "   ".to_owned(),
        json!("id").to_string(),
        json!(["id", word]).to_string(),
        bench.number(1_000_000).to_string(),
        json!({ "id": true }).to_string(),
        json!({ "id": [word] }).to_string(),
        json!({ "id": { "id": word } }).to_string(),
        json!({ "id": 0.5, "created_by": word }).to_string(),
        json!({ "order": { "id": word } }).to_string(),
        "[]".to_owned(),
    ]
}

/// These lines among orders: the first is one of them, two stand behind each other, and the last is an order.
pub(super) fn mixed(bench: &Bench, bad: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut lines, mut good) = (Vec::new(), Vec::new());
    for (number, line) in bad.iter().enumerate() {
        lines.push(line.clone());
        for _ in 0..number % 3 {
            good.push(order(bench));
            lines.extend(good.last().cloned());
        }
    }
    good.push(order(bench));
    lines.extend(good.last().cloned());
    (lines, good)
}
