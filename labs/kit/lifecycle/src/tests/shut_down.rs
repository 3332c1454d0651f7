//! What a stop does to those who are connected.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::clients::{Server, answered, ask, ask_http2, rest, send};
use super::within;
use crate::{Limits, Protocol};

/// A drain that a test would not live to see the end of.
const PATIENT: Limits = Limits { drain: Duration::from_secs(600), ..DEFAULT };
const HASTY: Limits = Limits { drain: Duration::from_millis(200), ..DEFAULT };
const DEFAULT: Limits = Limits {
    connections: 100,
    first_request: Duration::from_secs(600),
    idle: Duration::from_secs(600),
    header_section: 32 * 1024,
    concurrent_streams: 256,
    ping: Duration::from_secs(600),
    drain: Duration::from_secs(600),
};

async fn refuses_new_connections(server: &Server) {
    within(async { while TcpStream::connect(server.addr).await.is_ok() {} }).await;
}

#[tokio::test]
async fn a_request_in_flight_is_answered_and_new_connections_are_refused() {
    let server = Server::start(Protocol::Http1, PATIENT).await;
    let mut client = server.connect().await;
    assert!(send(&mut client, "/wait").await);
    within(server.gate.entered.notified()).await;

    server.stop.cancel();
    refuses_new_connections(&server).await;
    server.gate.open.notify_one();
    assert!(answered(&mut client).await);
    assert_eq!(rest(&mut client).await, b"");
    assert_eq!(server.stopped().await, 0);
}

#[tokio::test]
async fn an_http2_request_in_flight_is_answered_and_new_ones_are_refused() {
    let server = Server::start(Protocol::Http2, PATIENT).await;
    let (mut client, connection) = server.connect_http2().await;
    let mut same = client.clone();
    let in_flight = tokio::spawn(async move { ask_http2(&mut client, "/wait").await });
    within(server.gate.entered.notified()).await;

    server.stop.cancel();
    refuses_new_connections(&server).await;
    // GOAWAY: the client learns it, and sends nothing new here.
    within(async { while ask_http2(&mut same, "/").await.is_ok() {} }).await;
    server.gate.open.notify_one();
    assert_eq!(within(in_flight).await.expect("no panic").expect("an answer").status(), 200);
    assert!(within(connection).await.is_ok());
    assert_eq!(server.stopped().await, 0);
}

#[tokio::test]
async fn who_has_nothing_in_flight_does_not_hold_the_stop() {
    let server = Server::start(Protocol::Http1, PATIENT).await;
    let mut idle = server.connect().await;
    assert!(ask(&mut idle, "/").await);
    let _silent = server.connect().await;
    let mut dripping = server.connect().await;
    dripping.write_all(b"GET / HT").await.expect("written");
    // Who came before this one has been accepted too.
    server.assert_serves(Protocol::Http1).await;
    assert_eq!(server.stopped().await, 0);

    let server = Server::start(Protocol::Http2, PATIENT).await;
    let (mut idle, _connection) = server.connect_http2().await;
    assert!(ask_http2(&mut idle, "/").await.is_ok());
    let _silent = server.connect().await;
    let _unasked = server.connect_http2().await;
    server.assert_serves(Protocol::Http2).await;
    assert_eq!(server.stopped().await, 0);
}

#[tokio::test]
async fn who_never_reads_is_cut_off_when_the_drain_ends() {
    let server = Server::start(Protocol::Http1, HASTY).await;
    let mut deaf = server.connect().await;
    assert!(send(&mut deaf, "/endless").await);
    within(server.gate.entered.notified()).await;
    assert_eq!(server.stopped().await, 1);

    let server = Server::start(Protocol::Http2, HASTY).await;
    let (mut client, _connection) = server.connect_http2().await;
    let _unread = ask_http2(&mut client, "/endless").await.expect("a head");
    assert_eq!(server.stopped().await, 1);
}

#[tokio::test]
async fn a_handler_that_never_answers_is_cut_off_when_the_drain_ends() {
    let server = Server::start(Protocol::Http1, HASTY).await;
    let mut client = server.connect().await;
    assert!(send(&mut client, "/wait").await);
    within(server.gate.entered.notified()).await;
    assert_eq!(server.stopped().await, 1);

    let server = Server::start(Protocol::Http2, HASTY).await;
    let (mut client, _connection) = server.connect_http2().await;
    let asking = tokio::spawn(async move { ask_http2(&mut client, "/wait").await });
    within(server.gate.entered.notified()).await;
    assert_eq!(server.stopped().await, 1);
    assert!(within(asking).await.expect("no panic").is_err());
}
