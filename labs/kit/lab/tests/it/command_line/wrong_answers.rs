//! Servers that answer what no server should.

use lab_proto::pb;
use prost::Message;
use rstest::rstest;
use serde_json::json;

use super::VERBS;
use crate::support::{Fake, GrpcAnswer, Lab, Wrong, an_order, client_at, http, json_order};

#[rstest]
#[tokio::test]
async fn an_answer_that_is_none_is_one_sentence_and_exit_1(
    #[values(Lab::Rest, Lab::Grpc)] lab: Lab,
    #[values(
        Wrong::Html,
        Wrong::HtmlError,
        Wrong::AnotherContent,
        Wrong::AnotherType,
        Wrong::CutShort,
        Wrong::Nothing
    )]
    wrong: Wrong,
) {
    let server = wrong.start(lab).await;
    for args in VERBS {
        let output = client_at(lab, &server.address(), args).await.expect(1);
        let sentence = output.sentence();
        assert!(!sentence.is_empty() && !sentence.contains("html>"), "{args:?}: {sentence}");
        let json = client_at(lab, &server.address(), &[args, &["--json"]].concat()).await.expect(1);
        assert_eq!((json.error_code(), &*json.stdout), ("unavailable".to_owned(), ""), "{args:?}");
    }
}

/// A watch that sends a position and one change, and then ends, in order or not.
async fn watch(lab: Lab, in_order: bool) -> Fake {
    match lab {
        Lab::Rest => {
            let order = json_order("USER14");
            let events = format!(
                "id: 0a1b2c3d-1\nevent: position\ndata: {{}}\n\nid: 0a1b2c3d-2\nevent: created\ndata: {order}\n\n"
            );
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
            let end = if in_order { "0\r\n\r\n" } else { "" };
            Fake::bytes(format!("{head}{:x}\r\n{events}\r\n{end}", events.len())).await
        }
        Lab::Grpc => {
            let position = pb::WatchOrdersResponse { position: "0a1b2c3d-1".to_owned(), ..Default::default() };
            let kind = pb::ChangeKind::Created.into();
            let position_after = "0a1b2c3d-2".to_owned();
            let change = pb::WatchOrdersResponse { position: position_after, kind, order: Some(an_order("USER14")) };
            let answer = GrpcAnswer::ok(&[position.encode_to_vec(), change.encode_to_vec()]);
            let trailers = answer.trailers.clone().filter(|_| in_order);
            Fake::grpc(GrpcAnswer { trailers, ..answer }).await
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_watch_that_ends_before_its_count_is_exit_1(
    #[values(Lab::Rest, Lab::Grpc)] lab: Lab,
    #[values(true, false)] in_order: bool,
) {
    let server = watch(lab, in_order).await;
    for count in [&["--count", "2"][..], &[]] {
        let output = client_at(lab, &server.address(), &[&["watch", "--json"], count].concat()).await.expect(1);
        let expected = format!(r#"{{"position":"0a1b2c3d-2","kind":"created","order":{}}}"#, {
            let order: serde_json::Value = serde_json::from_str(&json_order("USER14")).expect("JSON");
            // The order of the fields is the contract's.
            format!(
                r#"{{"id":{},"created_by":"USER14","status":"QUEUED","equipment":["MOUSE"],"created_at":{},"version":1}}"#,
                order["id"], order["created_at"]
            )
        });
        // A stream that was reset may take its last messages with it.
        assert!(output.stdout == expected.clone() + "\n" || (!in_order && output.stdout.is_empty()), "{output:?}");
        assert_eq!(output.error_code(), "unavailable");
        assert!(!in_order || output.stderr.contains("--position 0a1b2c3d-2"), "{output:?}");
    }
    let enough = client_at(lab, &server.address(), &["watch", "--count", "1"]).await;
    assert!(enough.status == 0 || (!in_order && enough.status == 1), "{enough:?}");
}

#[rstest]
#[tokio::test]
async fn a_watch_that_ends_before_its_first_message_is_exit_1(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = match lab {
        Lab::Rest => Fake::bytes(http("200 OK", "text/event-stream", "")).await,
        Lab::Grpc => Fake::grpc(GrpcAnswer::ok(&[])).await,
    };
    let output = client_at(lab, &server.address(), &["watch", "--count", "1", "--json"]).await.expect(1);
    assert_eq!((output.error_code(), &*output.stdout), ("unavailable".to_owned(), ""));
}

#[tokio::test]
async fn an_import_without_its_summary_is_exit_1() {
    let line = json!({ "line": 1, "id": "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24" }).to_string() + "\n";
    let server = Fake::bytes(http("200 OK", "application/x-ndjson", &line)).await;
    let output = client_at(Lab::Rest, &server.address(), &["import", "/dev/null", "--json"]).await.expect(1);
    assert_eq!((output.error_code(), &*output.stdout), ("unavailable".to_owned(), ""));
}

#[tokio::test]
async fn work_that_the_server_ends_is_exit_1() {
    let server = Fake::grpc(GrpcAnswer::ok(&[])).await;
    let output = client_at(Lab::Grpc, &server.address(), &["process", "--count", "1"]).await.expect(1);
    assert!(output.sentence().contains("queued again"), "{output:?}");
}

#[rstest]
#[tokio::test]
async fn a_list_without_end_is_given_up(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = match lab {
        Lab::Rest => {
            let page = json!({ "orders": [], "next_page_token": "1-x" }).to_string();
            Fake::bytes(http("200 OK", "application/json", &page)).await
        }
        Lab::Grpc => {
            let page = pb::ListOrdersResponse { next_page_token: "1-x".to_owned(), ..Default::default() };
            Fake::grpc(GrpcAnswer::ok(&[page.encode_to_vec()])).await
        }
    };
    client_at(lab, &server.address(), &["list", "--timeout", "0.3"]).await.expect(1).sentence();
}
