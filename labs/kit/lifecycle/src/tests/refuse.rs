//! What a client may not do, and that the others don't notice.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Empty;
use hyper::Request;
use tokio::io::AsyncWriteExt;
use tokio::task::yield_now;

use super::clients::{Server, ask, ask_http2, rest};
use super::within;
use crate::{Limits, Protocol};

const BOTH: [Protocol; 2] = [Protocol::Http1, Protocol::Http2];

#[tokio::test]
async fn over_the_limit_a_connection_is_refused_and_the_others_are_served() {
    let patient = Duration::from_secs(600);
    let limits = Limits { connections: 1, first_request: patient, idle: patient, ..Limits::default() };
    let server = Server::start(Protocol::Http1, limits).await;
    let mut first = server.connect().await;
    assert!(ask(&mut first, "/").await);

    let mut second = server.connect().await;
    assert_eq!(rest(&mut second).await, b"");
    assert!(ask(&mut first, "/").await);

    // Its place is free again, as soon as the server has seen the end.
    drop(first);
    within(async { while !ask(&mut server.connect().await, "/").await {} }).await;
    assert_eq!(server.stopped().await, 0);
}

#[tokio::test]
async fn who_drips_a_first_head_is_closed_and_the_others_are_served() {
    let limits = Limits { first_request: Duration::from_millis(300), ..Limits::default() };
    let server = Server::start(Protocol::Http1, limits).await;
    let mut other = server.connect().await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nhost: ").await.expect("written");
    within(async {
        while slow.write_all(b"x").await.is_ok() {
            assert!(ask(&mut other, "/").await);
        }
    })
    .await;
    assert_eq!(rest(&mut slow).await, b"");
    assert_eq!(server.stopped().await, 0);
}

#[tokio::test]
async fn who_never_sends_the_http2_preface_is_closed_and_the_others_are_served() {
    let limits = Limits { first_request: Duration::from_millis(300), ..Limits::default() };
    let server = Server::start(Protocol::Http2, limits).await;
    let (mut other, _connection) = server.connect_http2().await;
    assert!(ask_http2(&mut other, "/").await.is_ok());
    let mut silent = server.connect().await;
    rest(&mut silent).await;
    assert!(ask_http2(&mut other, "/").await.is_ok());
    assert_eq!(server.stopped().await, 0);
}

#[tokio::test]
async fn a_connection_that_has_asked_outlives_the_limit_for_first_requests() {
    let limits = Limits { first_request: Duration::from_millis(100), ..Limits::default() };
    let server = Server::start(Protocol::Http1, limits).await;
    let mut idle = server.connect().await;
    assert!(ask(&mut idle, "/").await);
    // This one began later, so when it is closed, the other's time was over too.
    assert_eq!(rest(&mut server.connect().await).await, b"");
    assert!(ask(&mut idle, "/").await);
}

#[tokio::test]
async fn a_connection_that_idles_too_long_is_closed() {
    let limits = Limits { idle: Duration::from_millis(100), ..Limits::default() };
    let server = Server::start(Protocol::Http1, limits).await;
    let mut idle = server.connect().await;
    assert!(ask(&mut idle, "/").await);
    assert_eq!(rest(&mut idle).await, b"");
    server.assert_serves(Protocol::Http1).await;
}

/// `GET path` by a client of 2 GiB windows, as bytes: preface, SETTINGS, WINDOW_UPDATE, HEADERS.
fn http2_request(path: &str) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(b"\0\0\x06\x04\0\0\0\0\0\0\x04\x7f\xff\xff\xff");
    bytes.extend(b"\0\0\x04\x08\0\0\0\0\0\x7f\xff\0\0");
    // HPACK: :method GET, :scheme http, :path and :authority as literals.
    let mut block = vec![0x82, 0x86, 0x04, path.len() as u8];
    block.extend(path.as_bytes());
    block.extend(b"\x01\x03lab");
    bytes.extend([0, 0, block.len() as u8, 1, 5, 0, 0, 0, 1]);
    bytes.extend(block);
    bytes
}

#[tokio::test]
async fn who_answers_no_ping_gets_no_more_whether_it_reads_or_not() {
    let limits = Limits { ping: Duration::from_millis(100), ..Limits::default() };
    let server = Server::start(Protocol::Http2, limits).await;
    let mut reads = server.connect().await;
    reads.write_all(&http2_request("/")).await.expect("written");
    assert!(rest(&mut reads).await.windows(2).any(|two| two == b"ok"));

    let before = Arc::strong_count(&server.gate);
    let mut deaf = server.connect().await;
    deaf.write_all(&http2_request("/endless")).await.expect("written");
    within(server.gate.entered.notified()).await;
    assert!(Arc::strong_count(&server.gate) > before, "the body is being sent");
    within(async {
        while Arc::strong_count(&server.gate) > before {
            yield_now().await;
        }
    })
    .await;
    // The connection itself stays as long as its last bytes can't be sent.
    drop(deaf);
    assert_eq!(server.stopped().await, 0);
}

#[tokio::test]
async fn a_head_over_32_kib_is_refused_and_the_server_goes_on() {
    let server = Server::start(Protocol::Http1, Limits::default()).await;
    for (kib, status) in [(31, "200"), (33, "431"), (500, "431")] {
        let mut stream = server.connect().await;
        let head = format!("GET / HTTP/1.1\r\nconnection: close\r\nx: {}\r\n\r\n", "x".repeat(kib * 1024));
        // The server may close before it has read all.
        let _ = stream.write_all(head.as_bytes()).await;
        let answer = String::from_utf8(rest(&mut stream).await).expect("text");
        let refused_silently = status != "200" && answer.is_empty();
        assert!(refused_silently || answer.starts_with(&format!("HTTP/1.1 {status} ")), "{kib}: {answer}");
    }
    server.assert_serves(Protocol::Http1).await;

    let server = Server::start(Protocol::Http2, Limits::default()).await;
    for (kib, fits) in [(31, true), (33, false), (500, false)] {
        let (mut client, _connection) = server.connect_http2().await;
        // The limit is known to the client when it has had an answer; the server must not rely on it.
        let request =
            Request::get("http://lab/").header("x", "x".repeat(kib * 1024)).body(Empty::new()).expect("a request");
        let answer = within(client.send_request(request)).await;
        assert_eq!(answer.is_ok_and(|answer| answer.status() == 200), fits, "{kib}");
    }
    server.assert_serves(Protocol::Http2).await;
}

#[tokio::test]
async fn garbage_is_closed_and_the_server_goes_on() {
    let tls_hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on\r\n\r\n".as_slice();
    let noise = [0xff; 4096].as_slice();
    let http1 = b"GET / HTTP/1.1\r\nhost: lab\r\n\r\n".as_slice();
    let http2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".as_slice();
    let bad_frame = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x09\xff\xff\xff\xff\xff".as_slice();
    for protocol in BOTH {
        let server = Server::start(protocol, Limits::default()).await;
        let other = if protocol == Protocol::Http1 { http2 } else { http1 };
        for garbage in [tls_hello, noise, other, bad_frame] {
            let mut stream = server.connect().await;
            // The server may close while we write.
            let _ = stream.write_all(garbage).await;
            let answer = rest(&mut stream).await;
            assert!(!answer.starts_with(b"HTTP/1.1 2"), "{protocol:?} {garbage:?}");
            server.assert_serves(protocol).await;
        }
        assert_eq!(server.stopped().await, 0);
    }
}

#[tokio::test]
async fn a_panic_in_a_handler_costs_one_request() {
    let server = Server::start(Protocol::Http1, Limits::default()).await;
    assert!(!ask(&mut server.connect().await, "/panic").await);
    server.assert_serves(Protocol::Http1).await;

    let server = Server::start(Protocol::Http2, Limits::default()).await;
    let (mut client, _connection) = server.connect_http2().await;
    assert!(ask_http2(&mut client, "/panic").await.is_err());
    assert!(ask_http2(&mut client, "/").await.is_ok());
}
