//! Many orders in one request, a line each.

use reqwest::{Body, Method};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Server, ask, problem};

const ORDER: &str = r#"{"created_by":"USER14","equipment":["MOUSE"]}"#;
const INVALID: &str = "urn:lab:problem:invalid";

async fn import(server: &Server, lines: impl Into<Body>) -> Answer {
    let request = server.request(Method::POST, "/v1/orders/import").header("content-type", "application/x-ndjson");
    ask(request.body(lines)).await
}

/// What was said of each line, and the summary `(created, refused)`.
#[track_caller]
fn outcome(answer: &Answer) -> (Vec<Value>, (u64, u64)) {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/x-ndjson")));
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let mut lines: Vec<Value> = answer.text().lines().map(parse).collect();
    let summary = lines.pop().unwrap_or_else(|| panic!("no summary: {answer:?}"));
    let count = |name| summary["summary"][name].as_u64().unwrap_or_else(|| panic!("no summary: {summary}"));
    (lines, (count("created"), count("refused")))
}

async fn stored(server: &Server) -> Vec<Value> {
    let page = server.get("/v1/orders?page_size=1000").await.json();
    page["orders"].as_array().expect("orders").clone()
}

#[tokio::test]
async fn each_line_is_placed_or_refused_by_itself_and_answered_in_order() {
    let server = Server::rest().await;
    let body = [
        ORDER.as_bytes(),
        br#"{"created_by":"","equipment":["MOUSE","x"]}"#,
        b"{",
        b"{\"created_by\":\"\xff\"}",
        br#"{"created_by":"LAST","equipment":["WEBCAM"]}"#,
    ];
    let (lines, summary) = outcome(&import(&server, body.join(&b'\n')).await);
    assert_eq!(summary, (2, 3));
    let numbers: Vec<_> = lines.iter().map(|line| line["line"].clone()).collect();
    assert_eq!(json!(numbers), json!([1, 2, 3, 4, 5]));
    assert_eq!(problem(&lines[1]["problem"], 422, INVALID), ["#/created_by", "#/equipment/1"]);
    problem(&lines[2]["problem"], 400, "urn:lab:problem:not_parseable");
    problem(&lines[3]["problem"], 400, "urn:lab:problem:not_parseable");
    let placed = stored(&server).await;
    assert_eq!(placed.len(), 2);
    assert_eq!((&placed[0]["id"], &placed[1]["id"]), (&lines[0]["id"], &lines[4]["id"]));
    assert_eq!(placed[1]["created_by"], "LAST");
}

#[rstest]
#[case::nothing("")]
#[case::blank_lines("\n\r\n  \t \n")]
#[tokio::test]
async fn an_import_of_nothing_is_no_error(#[case] body: &'static str) {
    let server = Server::rest().await;
    assert_eq!(outcome(&import(&server, body).await), (vec![], (0, 0)));
}

#[rstest]
#[case::line_feeds(format!("{ORDER}\n{ORDER}\n"), &[1, 2])]
#[case::no_break_at_the_end(format!("{ORDER}\n{ORDER}"), &[1, 2])]
#[case::carriage_returns(format!("{ORDER}\r\n{ORDER}\r\n"), &[1, 2])]
#[case::blank_lines_count_and_are_skipped(format!("\n{ORDER}\n \r\n\n{ORDER}\n\n"), &[2, 5])]
#[tokio::test]
async fn lines_end_as_on_any_system(#[case] body: String, #[case] numbers: &[u64]) {
    let server = Server::rest().await;
    let (lines, summary) = outcome(&import(&server, body).await);
    assert_eq!(summary, (2, 0), "{lines:?}");
    assert_eq!(lines.iter().map(|line| line["line"].as_u64().expect("a number")).collect::<Vec<_>>(), numbers);
}

#[rstest]
#[case::lf("\n")]
#[case::crlf("\r\n")]
#[case::end_of_input("")]
#[tokio::test]
async fn a_line_may_have_64_kib_without_its_break(#[case] line_break: &str) {
    let server = Server::rest().await;
    let line = |length: usize| format!("{ORDER}{}{line_break}", " ".repeat(length - ORDER.len()));
    let (lines, summary) = outcome(&import(&server, line(64 << 10)).await);
    assert_eq!(summary, (1, 0), "{lines:?}");
    // The lines around one that is too long are placed all the same.
    let body = format!("{ORDER}\n{}", line((64 << 10) + 1));
    let body = if line_break.is_empty() { body } else { body + ORDER };
    let (lines, summary) = outcome(&import(&server, body).await);
    assert_eq!(summary, (if line_break.is_empty() { 1 } else { 2 }, 1));
    problem(&lines[1]["problem"], 413, "about:blank");
}

#[tokio::test]
async fn ten_thousand_lines_are_placed_though_they_have_more_than_a_mib() {
    let server = Server::rest().await;
    let line = ORDER.replace("USER14", &"😀".repeat(64)) + "\n";
    let body = line.repeat(10_000);
    assert!(body.len() > 2 << 20);
    let (lines, summary) = outcome(&import(&server, body).await);
    assert_eq!((lines.len(), summary), (10_000, (10_000, 0)));
}

#[tokio::test]
async fn one_line_more_than_ten_thousand_is_413_and_none_is_placed() {
    let server = Server::rest().await;
    let answer = import(&server, format!("{ORDER}\n").repeat(10_001)).await;
    answer.problem(413, "about:blank");
    assert_eq!(stored(&server).await, [] as [Value; 0]);
    let blank = "\n".repeat(20_000);
    assert_eq!(outcome(&import(&server, format!("{blank}{ORDER}")).await).1, (1, 0), "blank lines don't count");
}
