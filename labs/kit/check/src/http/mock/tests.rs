use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::http::{Taken, get, request, send};

/// What comes on a connection of its own, until it ends or falls silent.
async fn raw(mock: &Mock) -> (String, bool) {
    let mut stream = TcpStream::connect(mock.address()).await.expect("it listens");
    stream.write_all(b"GET /a?b=c HTTP/1.1\r\nhost: here\r\n\r\n").await.expect("it reads");
    let mut came = Vec::new();
    let ended = loop {
        match timeout(Duration::from_millis(300), stream.read_buf(&mut came)).await {
            Ok(Ok(1..)) => {}
            Ok(_) => break true,
            Err(_) => break false,
        }
    };
    (String::from_utf8_lossy(&came).into_owned(), ended)
}

fn answer() -> Reply {
    Reply::json(StatusCode::OK, &json!({ "a": "bcdefgh" }))
}

async fn with(reply: Reply) -> Mock {
    Mock::start_at(([127, 0, 0, 1], 0).into(), move |_, _| reply.clone()).await.expect("a port is free")
}

#[tokio::test]
async fn what_came_is_kept_and_what_it_got() {
    let mock = Mock::start_at(([127, 0, 0, 1], 0).into(), |_, before| {
        Reply::status(if before == 0 { StatusCode::OK } else { StatusCode::GONE })
    });
    let mock = mock.await.expect("a port is free");
    let request = request(Method::PUT, "/a?b=c").json(&json!(1));
    assert_eq!(send(mock.address(), request).await.expect("an answer").status(), StatusCode::OK);
    assert_eq!(send(mock.address(), get("/d")).await.expect("an answer").status(), StatusCode::GONE);
    mock.wait_for(2).await;
    let received = mock.received();
    assert_eq!((&*received[0].path, &*received[0].body), ("/a", &b"1"[..]));
    assert_eq!(received[1].method, Method::GET);
    let transcript = mock.transcript(2);
    assert!(transcript.starts_with("PUT /a?b=c HTTP/1.1\r\n"), "{transcript}");
    assert!(transcript.contains("410 Gone"), "{transcript}");
    assert_eq!(mock.ladder().len(), 4);
}

#[tokio::test]
async fn a_cut_answer_ends_amid_its_body() {
    let (came, ended) = raw(&with(answer().cut()).await).await;
    assert!(came.starts_with("HTTP/1.1 200 OK\r\n") && came.ends_with("\r\n\r\n{\"a\":\"b"), "{came}");
    assert!(ended);
    assert_eq!(raw(&with(Reply::Cut).await).await, (String::new(), true));
    assert_eq!(raw(&with(Reply::CutLine).await).await, ("HTTP/1.1 20".to_owned(), true));
}

#[tokio::test]
async fn a_reset_is_no_end() {
    let mock = with(Reply::Reset).await;
    let mut stream = TcpStream::connect(mock.address()).await.expect("it listens");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await.expect("it reads");
    let came = stream.read_buf(&mut Vec::new()).await.map_err(|error| error.kind());
    assert_eq!(came, Err(io::ErrorKind::ConnectionReset));
    assert_eq!(mock.received().len(), 1);
}

#[tokio::test]
async fn silence_leaves_the_connection_open() {
    let (came, ended) = raw(&with(answer().stuck()).await).await;
    assert!(came.ends_with("{\"a\":\"b"), "{came}");
    assert!(!ended);
    assert_eq!(raw(&with(Reply::Hang).await).await, (String::new(), false));
}

#[tokio::test]
async fn a_held_answer_waits_for_its_gate() {
    let gate = Gate::new();
    let mock = with(answer().behind(&gate)).await;
    assert_eq!(raw(&mock).await, (String::new(), false));
    gate.open();
    assert!(send(mock.address(), get("/")).await.is_ok());
}

#[tokio::test]
async fn after_the_last_answer_nobody_listens() {
    for last in [answer().and_leave(), answer().and_leave_for(Duration::from_secs(3_600))] {
        let mock = with(last).await;
        assert!(send(mock.address(), get("/")).await.is_ok());
        let refused = TcpStream::connect(mock.address()).await.map_err(|error| error.kind());
        assert_eq!(refused.map(|_| ()), Err(io::ErrorKind::ConnectionRefused));
    }
}

#[tokio::test]
async fn it_may_come_back_and_tells_what_came_before_and_after() {
    let mock = Mock::start_at(([127, 0, 0, 1], 0).into(), |_, before| {
        if before == 0 { answer().and_leave_for(Duration::from_millis(20)) } else { answer() }
    });
    let mock = mock.await.expect("a port is free");
    assert!(send(mock.address(), get("/")).await.is_ok());
    while TcpStream::connect(mock.address()).await.is_err() {}
    assert!(send(mock.address(), get("/")).await.is_ok());
    assert_eq!(mock.received().len(), 2);
}

#[tokio::test]
async fn chunks_are_put_together_again() {
    let mock = with(answer().chunked()).await;
    let answer = send(mock.address(), get("/")).await.expect("an answer");
    assert_eq!(answer.json().expect("JSON"), json!({ "a": "bcdefgh" }));
    assert!(answer.came.contains("transfer-encoding: chunked"), "{}", answer.came);
}

#[tokio::test]
async fn what_is_taken_of_an_endless_body_is_counted() {
    let taken = Taken::default();
    let (status, content_type) = (StatusCode::OK, "application/json");
    let reply = Reply::Endless { status, content_type, begin: "1".to_owned(), taken: taken.clone() };
    let mock = with(reply).await;
    // It stops at 1 MiB.
    assert!(send(mock.address(), get("/")).await.is_err());
    assert!((1..32 * 1024 * 1024).contains(&taken.bytes()), "{}", taken.bytes());
}
