//! What reaches a terminal or a pipe.

use lab_proto::pb;
use prost::Message;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::process::Command;
use unicode_width::UnicodeWidthStr;

use super::ID;
use crate::support::{
    Fake, GrpcAnswer, Lab, Output, Process, Server, an_order, client, client_at, folder, http, json_order, lab,
};

/// Clears the screen, turns red (C1), rings, returns, and reads backwards from here.
const NASTY: &str = "a\u{1b}[2J\u{9b}31m\u{7}\r\n\u{202e}z";

#[track_caller]
fn assert_safe(output: &Output) {
    for text in [&output.stdout, &output.stderr] {
        let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(obeyed), "{output:?}");
        assert!(text.lines().all(|line| !line.contains("\nz")), "{output:?}");
    }
}

/// A server whose every order was placed by [`NASTY`].
async fn nasty_orders(lab: Lab, verb: &str) -> Fake {
    let message = an_order(NASTY);
    match (lab, verb) {
        (Lab::Rest, "get") => Fake::bytes(http("200 OK", "application/json", &json_order(NASTY))).await,
        (Lab::Rest, "list") => {
            let page = format!(r#"{{"orders":[{}]}}"#, json_order(NASTY));
            Fake::bytes(http("200 OK", "application/json", &page)).await
        }
        (Lab::Rest, _) => {
            let change = format!("id: {}\nevent: created\ndata: {}\n\n", "x\u{1b}[2J", json_order(NASTY));
            Fake::bytes(http("200 OK", "text/event-stream", &change)).await
        }
        (Lab::Grpc, "get") => {
            Fake::grpc(GrpcAnswer::ok(&[pb::GetOrderResponse { order: Some(message) }.encode_to_vec()])).await
        }
        (Lab::Grpc, "list") => {
            let page = pb::ListOrdersResponse { orders: vec![message], ..Default::default() };
            Fake::grpc(GrpcAnswer::ok(&[page.encode_to_vec()])).await
        }
        (Lab::Grpc, _) => {
            let change = pb::WatchOrdersResponse { position: NASTY.to_owned(), kind: 1, order: Some(message) };
            Fake::grpc(GrpcAnswer::ok(&[change.encode_to_vec()])).await
        }
    }
}

#[rstest]
#[case::get(&["get", ID])]
#[case::list(&["list"])]
#[case::watch(&["watch", "--count", "1"])]
#[tokio::test]
async fn a_terminal_is_given_nothing_to_obey(#[values(Lab::Rest, Lab::Grpc)] lab: Lab, #[case] args: &[&str]) {
    let server = nasty_orders(lab, args[0]).await;
    let human = client_at(lab, &server.address(), args).await.expect(0);
    assert_safe(&human);
    assert!(human.stdout.contains("a\u{fffd}[2J"), "{human:?}");
    let json = client_at(lab, &server.address(), &[args, &["--json"]].concat()).await.expect(0);
    assert_safe(&json);
    let line = json.json();
    let order = if args[0] == "watch" { &line["order"] } else { &line };
    assert_eq!(order["created_by"], json!(NASTY), "nothing is lost");
}

#[rstest]
#[tokio::test]
async fn a_refusal_in_a_servers_words_is_made_safe(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = match lab {
        Lab::Rest => {
            let errors = json!([{ "pointer": NASTY, "detail": NASTY }]);
            let problem = json!({ "type": format!("urn:lab:problem:{NASTY}"), "detail": NASTY, "errors": errors });
            Fake::bytes(http("422 No", "application/problem+json", &problem.to_string())).await
        }
        Lab::Grpc => {
            let answer = GrpcAnswer::ok(&[]);
            let message = "a%1B[2J%C2%9B31m%07%0D%0A%E2%80%AEz".to_owned();
            let trailers = vec![("grpc-status", "9".to_owned()), ("grpc-message", message)];
            Fake::grpc(GrpcAnswer { trailers: Some(trailers), ..answer }).await
        }
    };
    let human = client_at(lab, &server.address(), &["get", ID]).await.expect(1);
    assert_safe(&human);
    assert!(human.sentence().contains("a\u{fffd}[2J"), "{human:?}");
    let json = client_at(lab, &server.address(), &["get", ID, "--json"]).await.expect(1);
    assert_safe(&json);
    let error: Value = serde_json::from_str(&json.stderr).expect("JSON");
    assert!(error["error"]["message"].as_str().is_some_and(|text| text.contains(NASTY)), "nothing is lost: {error}");
}

#[rstest]
#[tokio::test]
async fn what_a_person_reads_fits_80_columns(
    #[values(Lab::Rest, Lab::Grpc)] lab: Lab,
    #[values(
        &"😀".repeat(64),
        &"日本語の名前".repeat(10),
        &"👩\u{200d}".repeat(32),
        &"W".repeat(64)
    )]
    created_by: &str,
) {
    let server = Server::start(lab).await;
    let order = server.create(created_by, &["KEYBOARD"; 20]).await;
    let id = order["id"].as_str().expect("text");
    for args in [&["get", id][..], &["list"], &["watch", "--position", "0", "--count", "1"]] {
        let output = client(&server, args).await.expect(0);
        for line in output.stdout.lines() {
            assert!(line.width() <= 80, "{} columns of {args:?}: {line}", line.width());
        }
    }
}

#[rstest]
#[case::table(&["list"])]
#[case::json(&["list", "--json"])]
#[case::watch(&["watch", "--position", "0"])]
#[tokio::test]
async fn a_reader_that_goes_away_is_no_error(#[values(Lab::Rest, Lab::Grpc)] lab: Lab, #[case] args: &[&str]) {
    let server = Server::start(lab).await;
    // More than a pipe holds, so that the client writes when nobody reads any more.
    let folder = folder();
    let file = folder.path().join("orders.ndjson");
    std::fs::write(&file, "{\"created_by\":\"USER14\",\"equipment\":[\"MOUSE\"]}\n".repeat(3_000)).expect("a file");
    client(&server, &["import", file.to_str().expect("UTF-8"), "--timeout", "60"]).await.expect(0);
    let address = server.address.to_string();
    let command = self::lab(folder.path(), lab.client(), &[&["--server", &address, "--timeout", "60"], args].concat());
    let mut piped = Command::new("sh");
    let script = r#"{ "$@"; echo "exit $?" >&2; } | head -n 1"#;
    piped.args(["-c", script, "sh"]).arg(command.as_std().get_program()).args(command.as_std().get_args());
    let output = Process::spawn(piped).end().await.expect(0);
    assert_eq!(output.stdout.lines().count(), 1);
    assert_eq!(output.stderr, "exit 0\n");
}
