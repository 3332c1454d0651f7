//! What is HTTP's own: methods, paths, media types, sizes, trace ids, and bytes that are no request.

use reqwest::{Body, Method};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Server, ask};

const ORDER: &str = r#"{"created_by":"USER14","equipment":["MOUSE"]}"#;
const INVALID: &str = "urn:lab:problem:invalid";
const MIB: usize = 1 << 20;

fn path(order: &Value) -> String {
    format!("/v1/orders/{}", order["id"].as_str().expect("an order"))
}

async fn post(server: &Server, content_type: &str, body: impl Into<Body>) -> Answer {
    ask(server.request(Method::POST, "/v1/orders").header("content-type", content_type).body(body)).await
}

async fn assert_goes_on(server: &Server) {
    assert_eq!(server.get("/health").await.json(), json!({ "status": "ok" }));
}

#[tokio::test]
async fn health_is_ok() {
    let server = Server::rest().await;
    let answer = server.get("/health").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.json(), json!({ "status": "ok" }));
}

#[tokio::test]
async fn head_is_as_get_without_the_body() {
    let server = Server::rest().await;
    let order = server.create("USER14", &["MOUSE"]).await;
    for path in ["/health", "/v1/orders", &path(&order), "/v1/orders/nonsense", "/nowhere", "/v1/orders/import"] {
        let (get, head) = (server.get(path).await, ask(server.request(Method::HEAD, path)).await);
        assert_eq!((head.status, &*head.body), (get.status, &b""[..]), "{path}");
        for name in ["content-type", "content-length", "etag", "allow"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
    let events = ask(server.request(Method::HEAD, "/v1/orders/events")).await;
    assert_eq!((events.status.as_u16(), events.header("content-type")), (200, Some("text/event-stream")));
}

#[tokio::test]
async fn an_id_in_upper_case_is_the_same_order() {
    let server = Server::rest().await;
    let order = server.create("USER14", &["MOUSE"]).await;
    let upper = format!("/v1/orders/{}", order["id"].as_str().expect("text").to_ascii_uppercase());
    assert_eq!(server.get(&upper).await.json(), order);
    assert_eq!(ask(server.request(Method::DELETE, &upper)).await.status, 204);
    server.get(&path(&order)).await.problem(404, "urn:lab:problem:not_found");
}

#[rstest]
#[case::a_word("nonsense")]
#[case::too_short("0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e2")]
#[case::no_hyphens("0198c5a27d1e7c3b9a553f0b7d6c1e24")]
#[case::braces("%7B0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24%7D")]
#[case::not_utf8("%ff%fe")]
#[case::nul("%00")]
#[case::a_path_in_it("..%2F..%2Fetc%2Fpasswd")]
#[tokio::test]
async fn an_id_that_is_no_uuid_is_400_and_named(#[case] id: &str) {
    let server = Server::rest().await;
    let path = format!("/v1/orders/{id}");
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(ask(server.request(method, &path)).await.problem(400, INVALID), ["id"]);
    }
    let update = server.request(Method::PUT, &path).header("if-match", "1").json(&json!({ "equipment": ["x"] }));
    let mut named = ask(update).await.problem(400, INVALID);
    named.sort_unstable();
    // What can't be read as a path segment at all is refused before the rest is looked at.
    assert!(named == ["#/equipment/0", "If-Match", "id"] || (id.starts_with("%ff") && named == ["id"]), "{named:?}");
}

#[tokio::test]
async fn an_order_that_is_not_there_is_404() {
    let server = Server::rest().await;
    let answer = server.get("/v1/orders/0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24").await;
    answer.problem(404, "urn:lab:problem:not_found");
}

#[rstest]
#[case("/")]
#[case("/v1")]
#[case("/v1/orders/")]
#[case("/V1/orders")]
#[case("/v1/orders/x/y")]
#[case("/v2/orders")]
#[case("//v1/orders")]
#[tokio::test]
async fn a_path_where_nothing_is_is_404(#[case] path: &str) {
    let server = Server::rest().await;
    for method in [Method::GET, Method::POST, Method::DELETE] {
        ask(server.request(method, path)).await.problem(404, "about:blank");
    }
}

#[rstest]
#[case(Method::PUT, "/v1/orders", &["GET", "HEAD", "POST"])]
#[case(Method::DELETE, "/v1/orders", &["GET", "HEAD", "POST"])]
#[case(Method::PATCH, "/v1/orders/x", &["DELETE", "GET", "HEAD", "PUT"])]
#[case(Method::POST, "/v1/orders/x", &["DELETE", "GET", "HEAD", "PUT"])]
#[case(Method::DELETE, "/v1/orders/events", &["GET", "HEAD"])]
#[case(Method::GET, "/v1/orders/import", &["POST"])]
#[case(Method::POST, "/health", &["GET", "HEAD"])]
#[case(Method::OPTIONS, "/v1/orders", &["GET", "HEAD", "POST"])]
#[case(Method::from_bytes(b"BREW").expect("a token"), "/v1/orders", &["GET", "HEAD", "POST"])]
#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_405_with_those_that_it_has(
    #[case] method: Method,
    #[case] path: &str,
    #[case] allowed: &[&str],
) {
    let server = Server::rest().await;
    let answer = ask(server.request(method, path)).await;
    answer.problem(405, "about:blank");
    let mut named: Vec<_> = answer.header("allow").expect("Allow").split(',').map(str::trim).collect();
    named.sort_unstable();
    assert_eq!(named, allowed);
}

#[rstest]
#[case("application/json")]
#[case("Application/JSON")]
#[case("application/json; charset=utf-8")]
#[tokio::test]
async fn json_is_taken_by_whatever_spelling(#[case] content_type: &str) {
    let server = Server::rest().await;
    assert_eq!(post(&server, content_type, ORDER).await.status, 201);
}

#[rstest]
#[case::a_form(Some("application/x-www-form-urlencoded"))]
#[case::a_form_with_files(Some("multipart/form-data; boundary=x"))]
#[case::text(Some("text/plain"))]
#[case::something_like_json(Some("application/jsonx"))]
#[case::problem(Some("application/problem+json"))]
#[case::ndjson(Some("application/x-ndjson"))]
#[case::nothing(None)]
#[tokio::test]
async fn a_body_of_another_media_type_is_415(#[case] content_type: Option<&str>) {
    let server = Server::rest().await;
    let order = server.create("USER14", &["MOUSE"]).await;
    for (method, path) in [(Method::POST, "/v1/orders"), (Method::PUT, &path(&order))] {
        let request = server.request(method, path).header("if-match", "*").body(ORDER);
        let request = content_type.into_iter().fold(request, |request, name| request.header("content-type", name));
        ask(request).await.problem(415, "about:blank");
    }
    let import = server.request(Method::POST, "/v1/orders/import").header("content-type", "application/json");
    ask(import.body(ORDER)).await.problem(415, "about:blank");
    assert_eq!(server.get("/v1/orders").await.json()["orders"], json!([order]));
}

/// An order in so many bytes: JSON may have blanks around it.
fn padded(length: usize) -> String {
    ORDER.to_owned() + &" ".repeat(length - ORDER.len())
}

/// The same without a `Content-Length`.
fn chunked(body: &str) -> Body {
    let chunks: Vec<_> = body.as_bytes().chunks(1_000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
    Body::wrap_stream(tokio_stream::iter(chunks))
}

#[tokio::test]
async fn a_body_of_1_mib_is_taken_and_one_byte_more_is_413() {
    let server = Server::rest().await;
    assert_eq!(post(&server, "application/json", padded(MIB)).await.status, 201);
    assert_eq!(post(&server, "application/json", chunked(&padded(MIB))).await.status, 201);
    post(&server, "application/json", padded(MIB + 1)).await.problem(413, "about:blank");
    post(&server, "application/json", chunked(&padded(MIB + 1))).await.problem(413, "about:blank");
    post(&server, "application/json", chunked(&padded(3 * MIB))).await.problem(413, "about:blank");
    assert_eq!(server.get("/v1/orders").await.json()["orders"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_body_that_ends_too_early_places_nothing() {
    let server = Server::rest().await;
    let head = "POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let cut = format!("{head}Content-Length: 1000\r\n\r\n{ORDER}");
    let answer = server.raw(cut.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let not_chunks = format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n{ORDER}\r\n0\r\n\r\n");
    let answer = server.raw(not_chunks.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(server.get("/v1/orders").await.json()["orders"], json!([]));
}

#[rstest]
#[case::a_large_header(format!("GET /health HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(33 << 10)))]
#[case::many_headers(format!("GET /health HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Small: x\r\n".repeat(3_000)))]
#[case::a_long_path(format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(70_000)))]
#[case::words("Is anybody there?\r\n\r\n")]
#[case::tls(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")]
#[case::http2("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
#[case::nul_bytes([0; 1_000])]
#[case::two_lengths("POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}")]
#[case::half_a_request("GET /health HT")]
#[tokio::test]
async fn bytes_that_are_no_request_end_their_connection_alone(#[case] bytes: impl AsRef<[u8]>) {
    let server = Server::rest().await;
    let answer = server.raw(bytes.as_ref()).await;
    let refused = ["HTTP/1.1 400 ", "HTTP/1.1 414 ", "HTTP/1.1 431 "];
    assert!(answer.is_empty() || refused.iter().any(|status| answer.starts_with(status)), "{answer}");
    assert_goes_on(&server).await;
}

#[tokio::test]
async fn a_header_section_below_32_kib_is_read() {
    let server = Server::rest().await;
    let answer = ask(server.request(Method::GET, "/health").header("x-large", "x".repeat(30 << 10))).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn every_answer_carries_the_trace_of_its_request() {
    let server = Server::rest().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (method, path, status) in [
        (Method::GET, "/health", 200),
        (Method::GET, "/v1/orders", 200),
        (Method::HEAD, "/v1/orders", 200),
        (Method::GET, "/v1/orders/x", 400),
        (Method::GET, "/nowhere", 404),
        (Method::PUT, "/v1/orders", 405),
        (Method::POST, "/v1/orders", 415),
        (Method::POST, "/v1/orders/import", 415),
    ] {
        let given = format!("00-{trace}-00f067aa0ba902b7-01");
        let answer = ask(server.request(method.clone(), path).header("traceparent", &given)).await;
        assert_eq!((answer.status.as_u16(), &*answer.trace_id()), (status, trace), "{method} {path}");
        assert_ne!(answer.header("traceparent"), Some(&*given), "the span is the server's own");
        let fresh = ask(server.request(method, path)).await;
        assert_ne!(fresh.trace_id(), trace);
    }
}

#[rstest]
#[case::nonsense("nonsense")]
#[case::all_zero("00-00000000000000000000000000000000-00f067aa0ba902b7-01")]
#[case::no_parent("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01")]
#[case::upper_case("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")]
#[case::version_ff("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
#[case::something_after_it("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x")]
#[tokio::test]
async fn a_trace_that_is_none_is_replaced_and_no_reason_to_refuse(#[case] given: &str) {
    let server = Server::rest().await;
    let answer = ask(server.request(Method::GET, "/health").header("traceparent", given)).await;
    assert_eq!(answer.status, 200);
    assert_ne!(answer.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
}
