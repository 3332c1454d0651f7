//! The names of outcomes.

use crate::text;

/// By their number, from 0 (gRPC's statuscodes.md).
const STATUS: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// By their number, from 0 (RFC 9113 §7).
const RESET: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

/// `NOT_FOUND: message`, if headers or trailers say how the call ended.
pub(super) fn outcome(http: Option<&str>, status: Option<&str>, message: Option<&str>) -> Option<String> {
    let Some(status) = status else {
        return http.filter(|&http| http != "200").map(|http| format!("HTTP {http}"));
    };
    let name = status.parse().ok().and_then(|number: usize| STATUS.get(number));
    let name = name.map_or_else(|| format!("status {status}"), |name| (*name).to_owned());
    let message = message.filter(|message| !message.is_empty());
    Some(message.map_or_else(|| name.clone(), |message| format!("{name}: {}", decoded(message))))
}

/// Why a stream was reset.
pub(super) fn reset(code: Option<u32>) -> String {
    let name = code.and_then(|code| RESET.get(code as usize));
    name.map_or_else(|| code.map_or("no code".into(), |code| code.to_string()), |name| (*name).to_owned())
}

/// `grpc-message` is percent-encoded UTF-8.
fn decoded(message: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), message.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        let digits =
            (byte == b'%').then(|| after.get(..2)).flatten().and_then(|digits| std::str::from_utf8(digits).ok());
        // from_str_radix would take a sign.
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => (bytes.push(value), rest = &after[2..]).0,
            None => (bytes.push(byte), rest = after).0,
        }
    }
    text::lossy(&bytes)
}
