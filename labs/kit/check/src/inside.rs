//! What an answer tells of the program that gave it.

/// Of a file, in any language that somebody may use.
const ENDINGS: [&str; 12] = ["rs", "py", "js", "mjs", "ts", "go", "java", "kt", "rb", "php", "cs", "cpp"];

/// What only a stack, a library or a debugger says.
const TRACES: [&str; 35] = [
    "Traceback",
    "backtrace",
    "panicked",
    "goroutine",
    "/home/",
    "/root/",
    "/usr/",
    ".cargo/",
    "node_modules",
    "site-packages",
    "stack trace",
    "at Object.",
    "at process.",
    "runtime error",
    "NoneType",
    "<class",
    "' object is not",
    "' object has no",
    "unhashable type",
    "unsupported operand",
    "not supported between instances",
    "Cannot read propert",
    "is not iterable",
    "[object Object]",
    "cannot unmarshal",
    "Go struct field",
    "strconv.",
    "interface {}",
    "map[string]",
    "Error {",
    // As it stands in a JSON text.
    "Error(\\\"",
    "Error('",
    "Some(",
    "String(",
    "Number(",
];

/// Names of types and what stands around them.
const TYPES: [&str; 26] = [
    "u8",
    "u16",
    "u32",
    "u64",
    "i8",
    "i16",
    "i32",
    "i64",
    "usize",
    "int",
    "int32",
    "int64",
    "uint16",
    "float64",
    "str",
    "dict",
    "struct",
    "serde_json",
    "serde",
    "axum",
    "prost",
    "tonic",
    "orders_pb2",
    "google.golang.org",
    "pydantic",
    "werkzeug",
];

/// What languages call their exceptions, without `Error`.
const ERRORS: [&str; 23] = [
    "Assertion",
    "Attribute",
    "BadRequestKey",
    "Decode",
    "Import",
    "Index",
    "Integrity",
    "JSONDecode",
    "Key",
    "Lookup",
    "Name",
    "OS",
    "Operational",
    "Range",
    "Recursion",
    "Reference",
    "Runtime",
    "Overflow",
    "Syntax",
    "Type",
    "Unicode",
    "UnicodeDecode",
    "Value",
];

/// Modules of code that is made from a contract: what stands behind their dot is a type.
const GENERATED: [&str; 5] = ["v1", "pb", "ordersv1", "ordersv1pb", "orders_pb2"];

/// The first that is found in it.
pub(crate) fn inside(text: &str) -> Option<String> {
    if let Some(trace) = TRACES.into_iter().find(|trace| text.contains(trace)) {
        return Some(trace.to_owned());
    }
    let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_./".contains(c)));
    words
        .find(|word| is_file(word) || TYPES.contains(word) || is_exception(word) || is_generated(word))
        .map(str::to_owned)
}

/// `src/main.rs`, `app.py`
fn is_file(word: &str) -> bool {
    let word = word.trim_end_matches('.');
    word.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && ENDINGS.contains(&ending))
}

/// `KeyError`, `json.decoder.JSONDecodeError`, `NullPointerException`. Names such as `ValidationError`
/// may be meant for the caller.
fn is_exception(word: &str) -> bool {
    let name = word.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let is_errors = name.strip_suffix("Error").is_some_and(|stem| ERRORS.contains(&stem));
    is_errors || word.contains("exceptions.") || name.strip_suffix("Exception").is_some_and(|stem| !stem.is_empty())
}

/// `v1.Equipment`. With its package, `orders.v1.Equipment`, it is the contract's, which the caller has.
fn is_generated(word: &str) -> bool {
    word.split_once('.')
        .is_some_and(|(module, name)| GENERATED.contains(&module) && name.starts_with(|c: char| c.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_can_use_is_no_inside() {
        for text in [
            r#"{"title":"Bad Request","detail":"the body is not JSON: line 1, column 4"}"#,
            r#"{"title":"ValidationError","detail":"desk must be an integer from 1 to 999. Error!"}"#,
            r#"{"type":"https://example.com/problems/invalid-order","title":"Not Found","detail":"/v1/w12 isn't there"}"#,
            "no such value of orders.v1.Equipment; see docs/v1.Then ask again",
            r##"{"title":"Error","detail":"Unexpected token } in JSON at position 4","errors":[{"pointer":"#/a"}]}"##,
        ] {
            assert_eq!(inside(text), None, "{text}");
        }
    }

    #[test]
    fn files_types_and_exceptions_are() {
        for text in [
            "at src/main.rs:12:5",
            "werkzeug.exceptions.NotFound",
            "File \"/srv/app.py\", line 3",
            "invalid value: integer `70000`, expected u16",
            "invalid type: string, expected struct Order at line 1",
            "KeyError: 'desk'",
            "json.decoder.JSONDecodeError: Expecting value",
            "json: cannot unmarshal string into Go struct field Order.desk of type int",
            "String(\"left\") is no desk",
            "'int' object is not iterable",
            "Cannot read properties of undefined (reading 'length')",
            "TypeError: x",
            "desk is no int",
            "BadRequestKeyError",
            "sqlite3.IntegrityError: UNIQUE constraint failed: orders.created_by",
            "too many in []v1.Equipment",
            "*pb.Order is no order",
            r#"{"detail":"JsonSyntaxError(Error { inner: Error(\"EOF\", line: 1) })"}"#,
            r#"{"detail":"ParseError(\"EOF\")"}"#,
        ] {
            assert!(inside(text).is_some(), "{text}");
        }
    }
}
