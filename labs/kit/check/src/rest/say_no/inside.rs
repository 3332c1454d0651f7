//! What an answer tells of the program that gave it.

/// Of a file, in any language that somebody may use.
const ENDINGS: [&str; 12] = ["rs", "py", "js", "mjs", "ts", "go", "java", "kt", "rb", "php", "cs", "cpp"];

/// What only a stack, a library or a debugger says.
const TRACES: [&str; 22] = [
    "Traceback",
    "backtrace",
    "panicked",
    "goroutine",
    "stack trace",
    "at Object.",
    "at process.",
    "node_modules",
    "site-packages",
    ".cargo/",
    "/home/",
    "/root/",
    "/usr/",
    "NoneType",
    "<class",
    "not supported between instances",
    "[object Object]",
    "Go struct field",
    "Go value of type",
    "Some(",
    "String(",
    "Number(",
];

/// Names of types and what stands around them.
const TYPES: [&str; 17] = [
    "u8",
    "u16",
    "u32",
    "u64",
    "i8",
    "i16",
    "i32",
    "i64",
    "usize",
    "int64",
    "uint16",
    "struct",
    "serde_json",
    "serde",
    "axum",
    "pydantic",
    "werkzeug",
];

/// The first that is found in it.
pub(super) fn inside(text: &str) -> Option<String> {
    if let Some(trace) = TRACES.into_iter().find(|trace| text.contains(trace)) {
        return Some(trace.to_owned());
    }
    let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_./".contains(c)));
    words.find(|word| is_file(word) || TYPES.contains(word) || is_exception(word)).map(str::to_owned)
}

/// `src/main.rs`, `app.py`
fn is_file(word: &str) -> bool {
    let word = word.trim_end_matches('.');
    word.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && ENDINGS.contains(&ending))
}

/// `KeyError`, `JSONDecodeError`, `NullPointerException`
fn is_exception(word: &str) -> bool {
    let name = word.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let stem = name.strip_suffix("Error").or_else(|| name.strip_suffix("Exception"));
    stem.is_some_and(|stem| !stem.is_empty() && stem.starts_with(|c: char| c.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_can_use_is_no_inside() {
        for text in [
            r#"{"title":"Bad Request","detail":"the body is not JSON: line 1, column 4"}"#,
            r#"{"title":"Unprocessable Content","detail":"desk must be an integer from 1 to 999. Error!"}"#,
            r#"{"type":"https://example.com/problems/invalid-order","title":"Not Found","detail":"/v1/w12 isn't there"}"#,
            r##"{"title":"Error","detail":"Unexpected token } in JSON at position 4","errors":[{"pointer":"#/a"}]}"##,
        ] {
            assert_eq!(inside(text), None, "{text}");
        }
    }

    #[test]
    fn files_types_and_exceptions_are() {
        for text in [
            "at src/main.rs:12:5",
            "File \"/srv/app.py\", line 3",
            "invalid value: integer `70000`, expected u16",
            "invalid type: string, expected struct Order at line 1",
            "KeyError: 'desk'",
            "json.decoder.JSONDecodeError: Expecting value",
            "json: cannot unmarshal string into Go struct field Order.desk of type int",
            "String(\"left\") is no desk",
        ] {
            assert!(inside(text).is_some(), "{text}");
        }
    }
}
