//! Times, numbers and lines that fit.

use std::time::Duration;

use lab_console::{printable, width_of};
use lab_wiretap::Bytes;

/// A time as a person says it: `640 µs`, `2.3 ms`, `31 ms`, `1.2 s`.
pub(crate) fn time(time: Duration) -> String {
    let (micros, millis, seconds) = (time.as_micros(), time.as_secs_f64() * 1e3, time.as_secs_f64());
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{millis:.1} ms"),
        10_000..1_000_000 => format!("{millis:.0} ms"),
        _ => format!("{seconds:.1} s"),
    }
}

/// `↑ 226 ↓ 1,399`
pub(crate) fn bytes(Bytes { sent, received }: Bytes) -> String {
    format!("↑ {} ↓ {}", number(sent), number(received))
}

/// `1,668`
fn number(number: u64) -> String {
    let digits = number.to_string();
    let with_commas = digits.bytes().rev().enumerate().flat_map(|(at, digit)| {
        let comma = (at > 0 && at % 3 == 0).then_some(',');
        comma.into_iter().chain([char::from(digit)])
    });
    with_commas.collect::<Vec<_>>().into_iter().rev().collect()
}

/// Lines of at most `width` columns, broken behind a space or a mark where there is one. Lines
/// behind the first are indented by one more, so that one sees where a new one begins.
pub(crate) fn fold(text: &str, width: usize) -> Vec<String> {
    let text = printable(text);
    let indent = " ".repeat((text.len() - text.trim_start().len() + 1).min(width / 2));
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in words(&text, width - indent.len()) {
        if width_of(line.trim_end()) + width_of(word.trim_end()) > width && !line.trim().is_empty() {
            lines.push(line.trim_end().to_owned());
            line.clone_from(&indent);
        }
        line.push_str(word);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Pieces behind which a line may end, none wider than `most` columns.
fn words(text: &str, most: usize) -> Vec<&str> {
    let (mut words, mut start) = (Vec::new(), 0);
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        // `1,668` and `127.0.0.1` stay together.
        let in_number = matches!(c, ',' | '.' | ':') && rest.starts_with(|c: char| c.is_ascii_digit());
        // And so do `--bin` and `-p`.
        let in_option = c == '-' && (rest.starts_with('-') || text[..at].ends_with([' ', '-']));
        let ends = matches!(c, ' ' | ',' | ':' | '/' | '-' | '.' | ';' | '=' | '&' | '?') && !in_number && !in_option;
        if ends || width_of(&text[start..at + c.len_utf8()]) >= most.saturating_sub(1) {
            words.push(&text[start..at + c.len_utf8()]);
            start = at + c.len_utf8();
        }
    }
    words.push(&text[start..]);
    words
}

/// Ids in short: `01a212fa…5014`. A UUID has 36 characters, and a column hardly more than half of them.
pub(crate) fn short_ids(text: &str) -> String {
    let is_id = |part: &[u8]| {
        part.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let (mut short, mut rest) = (String::new(), text);
    while let Some(at) = rest.as_bytes().windows(36).position(is_id) {
        short.extend([&rest[..at + 8], "…", &rest[at + 32..at + 36]]);
        rest = &rest[at + 36..];
    }
    short + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_the_unit_that_a_person_takes() {
        let said = |micros| time(Duration::from_micros(micros));
        assert_eq!([said(640), said(2_310), said(31_400), said(1_234_000)], ["640 µs", "2.3 ms", "31 ms", "1.2 s"]);
    }

    #[test]
    fn numbers_have_commas() {
        assert_eq!([number(0), number(999), number(1_668), number(1_234_567)], ["0", "999", "1,668", "1,234,567"]);
    }

    #[test]
    fn folded_lines_fit_and_lose_nothing() {
        let texts = [
            r#"{"id":"01a212dd-0e2e-7785-a9b2-1cb9d4873a77","equipment":["KEYBOARD","WEBCAM"],"version":1}"#,
            "orders.v1.OrderService/CreateOrder",
            "a",
            "",
            "ünïcödé without any place to break at, 日本語日本語日本語日本語日本語日本語",
        ];
        for text in texts {
            for width in [12, 25, 60] {
                let lines = fold(text, width);
                assert!(lines.iter().all(|line| width_of(line) <= width), "{width}: {lines:?}");
                let without_spaces = |text: &str| text.replace(' ', "");
                assert_eq!(without_spaces(&lines.concat()), without_spaces(text));
            }
        }
    }

    #[test]
    fn numbers_and_addresses_are_not_broken() {
        assert_eq!(fold("no server answers on 127.0.0.1:8080", 24), ["no server answers on", " 127.0.0.1:8080"]);
        assert_eq!(fold("cargo run -p lab-grpc --bin server", 24), ["cargo run -p lab-grpc", " --bin server"]);
        assert_eq!(fold("besides: 2,373 and 4,772", 20), ["besides: 2,373 and", " 4,772"]);
    }

    #[test]
    fn ids_are_shortened_and_nothing_else_is() {
        let id = "01a212fa-8a07-733b-8963-f0897d0d3642";
        assert_eq!(short_ids(&format!("{{\"id\":\"{id}\"}} ü {id}")), "{\"id\":\"01a212fa…3642\"} ü 01a212fa…3642");
        assert_eq!(short_ids("00-aaaa-bbbb-01 ünïcödé"), "00-aaaa-bbbb-01 ünïcödé");
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_shown() {
        assert_eq!(fold("a\u{1b}[31mb", 20), ["a\u{fffd}[31mb"]);
    }
}
