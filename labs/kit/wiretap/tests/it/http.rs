//! HTTP/1.1, on lab-rest.

use lab_wiretap::{Bytes, Call, Tap, Wire};
use reqwest::{Client, StatusCode};

use crate::support::{call, echo, lab, send, within};

const ORDER: &str = r#"{"created_by":"USER14","equipment":["KEYBOARD","MOUSE"]}"#;

fn url(tap: &Tap, path: &str) -> String {
    format!("http://{}{path}", tap.address())
}

async fn create(client: &Client, tap: &Tap) -> reqwest::Response {
    let request = client.post(url(tap, "/v1/orders")).header("content-type", "application/json").body(ORDER);
    within(request.send()).await.expect("an answer")
}

/// What all calls took together.
fn sum(calls: &[Call]) -> Bytes {
    let of = |side: fn(&Call) -> u64| calls.iter().map(side).sum();
    Bytes { sent: of(|call| call.sent.bytes), received: of(|call| call.received.bytes) }
}

#[tokio::test]
async fn a_call_shows_what_was_sent_and_what_came() {
    let tap = lab(Wire::Http).await;
    let answer = create(&Client::new(), &tap).await;
    let etag = answer.headers()["etag"].to_str().expect("text").to_owned();
    let body = within(answer.text()).await.expect("a body");

    let [call] = &tap.calls()[..] else { panic!("one call: {:?}", tap.calls()) };
    assert!(call.ended, "who has the answer finds the call complete");
    assert_eq!(call.name, "POST /v1/orders");
    assert_eq!(call.sent.start, "POST /v1/orders HTTP/1.1");
    assert_eq!(call.received.start, "HTTP/1.1 201 Created");
    let [sent] = &call.sent.messages[..] else { panic!("one body") };
    assert_eq!((sent.text.as_str(), sent.bytes), (ORDER, ORDER.len() as u64));
    let [received] = &call.received.messages[..] else { panic!("one body") };
    assert_eq!((received.text.as_str(), received.bytes), (body.as_str(), body.len() as u64));
    assert!(call.sent.headers.contains(&("content-type".into(), "application/json".into())));
    assert!(call.received.headers.contains(&("etag".into(), etag)));
    assert_eq!(sum(&tap.calls()), tap.bytes());
    assert!(call.sent.first <= call.sent.last && call.sent.last <= call.received.first);
}

#[tokio::test]
async fn every_byte_belongs_to_a_call_whatever_the_answers_are() {
    let (tap, client) = (lab(Wire::Http).await, Client::new());
    let created = create(&client, &tap).await;
    let etag = created.headers()["etag"].clone();
    let path = created.headers()["location"].to_str().expect("text").to_owned();
    within(created.bytes()).await.expect("a body");
    let order = url(&tap, &path);
    let import = format!("{ORDER}\n{ORDER}\n");
    let import =
        client.post(url(&tap, "/v1/orders/import")).header("content-type", "application/x-ndjson").body(import);
    let requests = [
        (client.get(&order), StatusCode::OK),
        (client.head(&order), StatusCode::OK),
        (client.get(&order).header("if-none-match", etag), StatusCode::NOT_MODIFIED),
        (import, StatusCode::OK),
        (client.delete(&order), StatusCode::NO_CONTENT),
        (client.get(&order), StatusCode::NOT_FOUND),
    ];
    for (request, status) in requests {
        let answer = within(request.send()).await.expect("an answer");
        assert_eq!(answer.status(), status);
        within(answer.bytes()).await.expect("its body");
    }

    let calls = tap.calls();
    let bodies: Vec<usize> = calls.iter().map(|call| call.received.messages.len()).collect();
    assert_eq!(bodies, [1, 1, 0, 0, 1, 0, 1], "HEAD, 304 and 204 have none");
    assert!(calls.iter().all(|call| call.ended && call.connection == 1), "one connection: {calls:#?}");
    assert_eq!(calls[4].received.messages[0].text.lines().count(), 3, "chunks are one body: {calls:#?}");
    assert_eq!(sum(&calls), tap.bytes());
}

#[tokio::test]
async fn each_event_is_a_message_as_it_comes() {
    let (tap, client) = (lab(Wire::Http).await, Client::new());
    let watch = within(client.get(url(&tap, "/v1/orders/events")).send()).await.expect("a watch");
    tap.clear();
    assert_eq!(tap.calls().len(), 0);
    drop(watch);
    let mut watch = within(client.get(url(&tap, "/v1/orders/events")).send()).await.expect("a watch");
    create(&client, &tap).await;
    let has_order = |call: &Call| call.received.messages.iter().any(|event| event.text.contains("USER14"));
    let seen = call(&tap, |call| call.name.ends_with("/events") && has_order(call)).await;
    assert!(!seen.ended, "a watch doesn't end");
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains("USER14") {
        read.extend(within(watch.chunk()).await.expect("open").expect("more"));
    }
    let events: Vec<&str> = seen.received.messages.iter().map(|event| event.text.as_str()).collect();
    assert_eq!(String::from_utf8_lossy(&read), events.join("\n\n") + "\n\n");

    tap.cut();
    assert!(call(&tap, |call| call.name.ends_with("/events") && call.ended).await.ended);
    within(async { while watch.chunk().await.expect_err("it is cut").is_connect() {} }).await;
}

#[tokio::test]
async fn a_long_body_is_cut_and_counted() {
    let tap = echo(Wire::Http).await;
    let body = "é".repeat(200_000);
    let request = format!(
        "PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{:x};a=b\r\n{body}\r\n0\r\nt: v\r\n\r\n",
        body.len()
    );
    // It comes back, and is no answer.
    send(&tap, request.as_bytes()).await;
    let call = call(&tap, |call| call.ended).await;
    let [message] = &call.sent.messages[..] else { panic!("one body: {call:?}") };
    assert_eq!((message.bytes, call.sent.bytes), (400_000, request.len() as u64));
    assert!(body.starts_with(&message.text) && message.text.len() == 64 * 1024, "{}", message.text.len());
    assert!(call.received.start.starts_with("not HTTP: "), "{}", call.received.start);
}

#[tokio::test]
async fn requests_that_lie_about_their_length_are_not_believed() {
    for head in ["Content-Length: 3\r\nContent-Length: 4", "Content-Length: x", "Transfer-Encoding: gzip"] {
        let tap = echo(Wire::Http).await;
        send(&tap, format!("POST / HTTP/1.1\r\n{head}\r\n\r\nabcd").as_bytes()).await;
        let call = call(&tap, |call| call.ended).await;
        assert!(call.sent.start.starts_with("not HTTP: "), "{head}: {:?}", call.sent);
    }
}
