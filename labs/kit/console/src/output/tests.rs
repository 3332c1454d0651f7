use std::str::FromStr;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::*;

const ID: &str = "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24";

fn order(created_by: &str, equipment: &[&str]) -> Order {
    let json = serde_json::json!({
        "id": ID, "created_by": created_by, "status": "PROCESSING", "equipment": equipment,
        "created_at": "2026-11-24T20:12:00Z", "version": 1,
    });
    serde_json::from_value(json).expect("an order")
}

/// Orders that a table has trouble with, and that a server may send all the same.
fn nasty_orders() -> Vec<Order> {
    let family = "👨\u{200d}👩\u{200d}👧\u{200d}👦";
    let names = [
        "😀".repeat(64),
        family.repeat(9),
        ["👩"; 32].join("\u{200d}"),
        "日本語の名前".repeat(10),
        format!("e{}", "\u{301}".repeat(63)),
        "👍🏽🇨🇭☺\u{fe0f}\u{feff}\u{200b}".repeat(6),
        "W".repeat(64),
        " ".repeat(64),
        "\t\r\n\u{1b}[2J\u{9b}31m\u{202e}".repeat(9),
        "שלום עולם".repeat(7),
        String::new(),
    ];
    let equipment = [vec!["KEYBOARD"; 20], vec!["KEYBOARD", "MONITOR"], vec!["MOUSE"], vec![]];
    let mut orders: Vec<Order> =
        names.iter().flat_map(|name| equipment.iter().map(|items| order(name, items))).collect();
    for (at, order) in orders.iter_mut().enumerate() {
        order.version = [1, 9_999, 10_000, u64::MAX][at / 4 % 4];
    }
    orders
}

fn print(json: bool, act: impl FnOnce(&mut Output<&mut Vec<u8>>) -> Result<(), Failure>) -> String {
    let mut written = Vec::new();
    act(&mut Output::to(&mut written, json)).expect("a Vec takes everything");
    String::from_utf8(written).expect("UTF-8")
}

fn assert_fits(text: &str) {
    for line in text.lines() {
        let wide: usize = line.chars().filter_map(UnicodeWidthChar::width).sum();
        assert!(line.width() <= 80 && wide <= 80, "{} or {wide} columns: {line:?}", line.width());
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}

#[test]
fn every_form_fits_80_columns_whatever_the_values() {
    let orders = nasty_orders();
    let long = "f".repeat(100);
    assert_fits(&print(false, |output| output.list_page(&orders)));
    for order in &orders {
        assert_fits(&print(false, |output| output.order(order)));
        let change = print(false, |output| output.change(&long, ChangeKind::Updated, order));
        assert_fits(&change);
        assert_eq!(change.lines().count(), 2);
    }
}

#[test]
fn an_order_in_a_list_takes_three_lines_at_most_and_says_what_is_cut() {
    let text = print(false, |output| output.list_page(&[order(&"😀".repeat(64), &["KEYBOARD"; 20])]));
    assert_eq!(text.lines().count(), 4, "{text}");
    assert_eq!(text.lines().last().map(|line| line.matches('…').count()), Some(2), "{text}");
}

#[test]
fn a_usual_order_is_one_line_of_a_list() {
    let text = print(false, |output| output.list_page(&[order("USER14", &["KEYBOARD", "WEBCAM"])]));
    let expected = "\
ID                                   STATUS      VER EQUIPMENT        CREATED BY
0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24 PROCESSING    1 KEYBOARD WEBCAM  USER14
";
    assert_eq!(text, expected);
}

#[test]
fn a_list_has_one_header_however_many_pages() {
    let text = print(false, |output| {
        output.list_page(&[order("A", &["MOUSE"])])?;
        output.list_page(&[order("B", &["MOUSE"])])?;
        output.list_page(&[])?;
        output.list_end()
    });
    assert_eq!(text.lines().count(), 3, "{text}");
    assert_eq!(text.matches("CREATED BY").count(), 1, "{text}");
}

#[test]
fn an_empty_list_says_so_to_a_person_and_nothing_to_a_program() {
    let list = |output: &mut Output<&mut Vec<u8>>| {
        output.list_page(&[])?;
        output.list_end()
    };
    assert_eq!(print(false, list), "no orders\n");
    assert_eq!(print(true, list), "");
}

#[test]
fn an_order_shows_everything() {
    let text = print(false, |output| output.order(&order("USER14", &["KEYBOARD", "WEBCAM"])));
    let expected = "\
id          0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24
created_by  USER14
status      PROCESSING
equipment   KEYBOARD, WEBCAM
created_at  2026-11-24T20:12:00.000Z
version     1
";
    assert_eq!(text, expected);
    let long = print(false, |output| output.order(&order(&"😀".repeat(64), &["KEYBOARD"; 20])));
    assert_eq!(long.matches('😀').count(), 64);
    assert_eq!(long.matches("KEYBOARD").count(), 20);
}

#[test]
fn a_change_is_two_lines() {
    let order = order("USER14", &["KEYBOARD", "WEBCAM"]);
    let text = print(false, |output| output.change("1a2b3c4d-17", ChangeKind::Created, &order));
    let expected = "\
created 0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24 PROCESSING version 1
        KEYBOARD, WEBCAM for USER14, at 1a2b3c4d-17
";
    assert_eq!(text, expected);
}

#[test]
fn json_has_the_names_of_the_contract() {
    let order = order("USER14", &["MOUSE"]);
    let json = format!(
        r#"{{"id":"{ID}","created_by":"USER14","status":"PROCESSING","equipment":["MOUSE"],"created_at":"2026-11-24T20:12:00.000Z","version":1}}"#
    );
    let address = SocketAddr::from_str("127.0.0.1:8080").expect("an address");
    assert_eq!(print(true, |output| output.order(&order)), format!("{json}\n"));
    assert_eq!(print(true, |output| output.list_page(&[order.clone(), order.clone()])), format!("{json}\n{json}\n"));
    assert_eq!(
        print(true, |output| output.change("0-1", ChangeKind::Deleted, &order)),
        format!("{{\"position\":\"0-1\",\"kind\":\"deleted\",\"order\":{json}}}\n")
    );
    assert_eq!(print(true, |output| output.deleted(ID)), format!("{{\"deleted\":\"{ID}\"}}\n"));
    assert_eq!(print(true, |output| output.health()), "{\"status\":\"ok\"}\n");
    assert_eq!(print(true, |output| output.listening(address, "")), "{\"listening\":\"127.0.0.1:8080\"}\n");
    assert_eq!(
        print(true, |output| output.import_refused(3, "invalid", "no\nname")),
        "{\"line\":3,\"error\":{\"code\":\"invalid\",\"message\":\"no\\nname\"}}\n"
    );
    assert_eq!(print(true, |output| output.import_summary(2, 0)), "{\"created\":2,\"refused\":0}\n");
}

#[test]
fn json_keeps_what_a_terminal_must_not_see() {
    for order in nasty_orders() {
        let line = print(true, |output| output.order(&order));
        assert_eq!(line.trim_end_matches('\n').find(|c: char| c.is_control() || c == '\u{202e}'), None, "{line:?}");
        let read: Order = serde_json::from_str(&line).expect("an order");
        assert_eq!(read, order);
    }
}

#[test]
fn an_import_with_a_refused_line_has_failed() {
    let mut written = Vec::new();
    let mut output = Output::to(&mut written, false);
    output.import_refused(3, "invalid", "/created_by is\u{7} missing").expect("a Vec takes everything");
    let failure = output.import_summary(2, 1).expect_err("a line was refused");
    assert_eq!(failure.exit, crate::Exit::Failed);
    assert_eq!(written, "line 3: /created_by is\u{fffd} missing\n2 created, 1 refused\n".as_bytes());
}

#[test]
fn a_reader_that_has_gone_ends_the_command_quietly() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for json in [false, true] {
        let failure = Output::to(Closed, json).health().expect_err("nobody reads");
        assert_eq!(failure.exit, crate::Exit::Done);
    }
}
