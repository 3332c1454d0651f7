//! `If-Match` and `If-None-Match`; and which error answers when several could.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Lab, Server, Worker, ask};

const UNKNOWN: &str = "/v1/orders/0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24";

fn path(order: &Value) -> String {
    format!("/v1/orders/{}", order["id"].as_str().expect("an order"))
}

/// A request with a line for each `If-Match`.
async fn change(server: &Server, method: Method, path: &str, if_match: &[&str]) -> Answer {
    let mut request = server.request(method.clone(), path);
    for line in if_match {
        request = request.header("if-match", *line);
    }
    if method == Method::PUT {
        request = request.json(&json!({ "equipment": ["MONITOR"] }));
    }
    ask(request).await
}

#[rstest]
#[case::the_version(&["\"1\""])]
#[case::a_list(&["\"7\", \"1\""])]
#[case::a_list_without_spaces(&["\"7\",\"1\",\"8\""])]
#[case::a_list_with_empty_elements(&[",, \"1\" ,"])]
#[case::a_list_with_a_weak_one(&["W/\"7\", \"1\""])]
#[case::two_lines(&["\"7\"", "\"1\""])]
#[case::any(&["*"])]
#[tokio::test]
async fn an_update_whose_if_match_names_the_version_is_carried_out(#[case] if_match: &[&str]) {
    let server = Server::rest().await;
    let order = server.create("USER14", &["KEYBOARD"]).await;
    let answer = change(&server, Method::PUT, &path(&order), if_match).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, Some("\"2\"")), "{answer:?}");
    let mut expected = order.clone();
    (expected["equipment"], expected["version"]) = (json!(["MONITOR"]), json!(2));
    assert_eq!(answer.json(), expected);
    assert_eq!(server.get(&path(&order)).await.json(), expected);
    assert_eq!(change(&server, Method::DELETE, &path(&order), &["\"2\""]).await.status, 204);
}

#[rstest]
#[case::none(&[], 428, "condition_missing", &[])]
#[case::a_number(&["1"], 400, "invalid", &["If-Match"])]
#[case::half_a_quote(&["\"1"], 400, "invalid", &["If-Match"])]
#[case::empty(&[""], 400, "invalid", &["If-Match"])]
#[case::lower_case_weak(&["w/\"1\""], 400, "invalid", &["If-Match"])]
#[case::any_in_a_list(&["*, \"1\""], 400, "invalid", &["If-Match"])]
#[case::two_without_a_comma(&["\"1\" \"2\""], 400, "invalid", &["If-Match"])]
#[case::stale(&["\"2\""], 412, "version_mismatch", &[])]
#[case::weak(&["W/\"1\""], 412, "version_mismatch", &[])]
#[case::no_version(&["\"x\""], 412, "version_mismatch", &[])]
#[case::another_text(&["\"01\""], 412, "version_mismatch", &[])]
#[case::a_list_of_others(&["\"2\", \"3\""], 412, "version_mismatch", &[])]
#[tokio::test]
async fn an_update_whose_if_match_does_not_is_refused(
    #[case] if_match: &[&str],
    #[case] status: u16,
    #[case] kind: &str,
    #[case] pointers: &[&str],
) {
    let server = Server::rest().await;
    let order = server.create("USER14", &["KEYBOARD"]).await;
    let kind = format!("urn:lab:problem:{kind}");
    let answer = change(&server, Method::PUT, &path(&order), if_match).await;
    assert_eq!(answer.problem(status, &kind), pointers);
    // A deletion may do without, but what it is given it honours.
    if !if_match.is_empty() {
        let answer = change(&server, Method::DELETE, &path(&order), if_match).await;
        assert_eq!(answer.problem(status, &kind), pointers);
    }
    assert_eq!(server.get(&path(&order)).await.json(), order, "it is as it was");
}

#[tokio::test]
async fn a_deletion_without_if_match_removes_any_version() {
    let server = Server::rest().await;
    let order = server.create("USER14", &["KEYBOARD"]).await;
    let answer = change(&server, Method::DELETE, &path(&order), &[]).await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (204, &b""[..]));
    server.get(&path(&order)).await.problem(404, "urn:lab:problem:not_found");
    let again = change(&server, Method::DELETE, &path(&order), &[]).await;
    again.problem(404, "urn:lab:problem:not_found");
}

#[rstest]
#[case::any(&["*"])]
#[case::a_version(&["\"1\""])]
#[tokio::test]
async fn an_order_that_is_not_there_is_404_whatever_the_condition(#[case] if_match: &[&str]) {
    let server = Server::rest().await;
    for method in [Method::PUT, Method::DELETE] {
        change(&server, method, UNKNOWN, if_match).await.problem(404, "urn:lab:problem:not_found");
    }
}

#[rstest]
#[case::the_version("\"1\"", 304)]
#[case::weak("W/\"1\"", 304)]
#[case::a_list("\"7\", \"1\"", 304)]
#[case::any("*", 304)]
#[case::another("\"2\"", 200)]
#[case::no_version("\"x\"", 200)]
#[case::malformed("1", 200)]
#[tokio::test]
async fn a_reader_who_has_the_version_is_not_sent_it_again(#[case] if_none_match: &str, #[case] status: u16) {
    let server = Server::rest().await;
    let order = server.create("USER14", &["KEYBOARD"]).await;
    let answer = ask(server.request(Method::GET, &path(&order)).header("if-none-match", if_none_match)).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (status, Some("\"1\"")));
    if status == 304 {
        assert_eq!(answer.body, b"");
    } else {
        assert_eq!(answer.json(), order);
    }
}

#[rstest]
#[case::not_json("{", None, 400, "not_parseable")]
#[case::no_condition(r#"{"equipment":["x"]}"#, None, 428, "condition_missing")]
#[case::invalid(r#"{"equipment":["x"]}"#, Some("\"7\""), 422, "invalid")]
#[tokio::test]
async fn of_several_errors_the_first_of_the_list_answers(
    #[case] body: &'static str,
    #[case] if_match: Option<&str>,
    #[case] status: u16,
    #[case] kind: &str,
) {
    let server = Server::rest().await;
    let request = server.request(Method::PUT, UNKNOWN).header("content-type", "application/json").body(body);
    let request = if_match.into_iter().fold(request, |request, tag| request.header("if-match", tag));
    ask(request).await.problem(status, &format!("urn:lab:problem:{kind}"));
}

#[tokio::test]
async fn an_order_in_a_workers_hands_can_neither_be_changed_nor_removed() {
    let server = Server::rest().await;
    let grpc = Server::on(Lab::Grpc, server.database()).await;
    let order = server.create("USER14", &["KEYBOARD"]).await;
    let mut worker = Worker::start(&grpc, &[Worker::ready(1)]).await;
    worker.next().await;
    for method in [Method::PUT, Method::DELETE] {
        let stale = change(&server, method.clone(), &path(&order), &["\"1\""]).await;
        stale.problem(412, "urn:lab:problem:version_mismatch");
        let refused = change(&server, method, &path(&order), &["\"2\""]).await;
        refused.problem(409, "urn:lab:problem:wrong_status");
    }
    assert_eq!(change(&server, Method::PUT, &path(&order), &["*"]).await.status, 409);
    assert_eq!(server.get(&path(&order)).await.json()["status"], "PROCESSING");
}
