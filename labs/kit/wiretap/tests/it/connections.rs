//! Connections: cuts, ends, and bytes that no decoder can read.

use lab_wiretap::{Bytes, Tap, Wire};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{call, echo, listen, send, within};

#[tokio::test]
async fn bytes_that_no_decoder_reads_pass_unchanged_and_are_said_to_be_so() {
    for (wire, said) in [(Wire::Http, "not HTTP: "), (Wire::Grpc, "not HTTP/2: "), (Wire::Kafka, "not Kafka: ")] {
        let tap = echo(wire).await;
        // The beginning of a TLS handshake, and all bytes there are.
        let bytes: Vec<u8> =
            b"\x16\x03\x01\x02\x00\x01\x00".iter().copied().chain((0..=255).cycle().take(200_000)).collect();
        let answer = send(&tap, &bytes).await;
        assert!(answer == [&bytes[..], b"bye"].concat(), "{wire:?}");
        let call = call(&tap, |call| call.ended).await;
        assert!(call.sent.start.starts_with(said), "{:?}", call.sent.start);
        assert_eq!(tap.bytes(), Bytes { sent: 200_007, received: 200_010 });
    }
}

#[tokio::test]
async fn an_end_is_passed_on_and_answers_come_after_it() {
    for wire in [Wire::Http, Wire::Grpc, Wire::Kafka] {
        let tap = echo(wire).await;
        assert_eq!(send(&tap, b"G").await, b"Gbye", "{wire:?}");
    }
}

#[tokio::test]
async fn a_cut_resets_both_sides_and_new_connections_are_taken() {
    let (listener, address) = listen().await;
    let tap = Tap::start(Wire::Http, address).await.expect("a tap");
    let mut client = TcpStream::connect(tap.address()).await.expect("connected");
    let (mut server, _) = within(listener.accept()).await.expect("connected on");
    client.write_all(b"GET /slow HTTP/1.1\r\n\r\n").await.expect("sent");
    let mut buffer = [0; 64];
    let length = within(server.read(&mut buffer)).await.expect("the request comes");
    assert_eq!(&buffer[..length], b"GET /slow HTTP/1.1\r\n\r\n");
    assert!(!call(&tap, |call| call.name == "GET /slow").await.ended, "its answer has not come");

    tap.cut();

    for side in [&mut client, &mut server] {
        let error = within(side.read(&mut buffer)).await.expect_err("it is cut");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    assert_eq!(call(&tap, |call| call.ended).await.received.bytes, 0);
    let _again = TcpStream::connect(tap.address()).await.expect("connected again");
    within(listener.accept()).await.expect("connected on again");
}

#[tokio::test]
async fn a_server_that_is_not_there_closes_the_connection() {
    let (listener, address) = listen().await;
    drop(listener);
    let tap = Tap::start(Wire::Grpc, address).await.expect("a tap");
    let mut client = TcpStream::connect(tap.address()).await.expect("the tap takes it");
    let read = within(client.read(&mut [0])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test]
async fn a_tap_that_is_dropped_closes_its_port_and_its_connections() {
    let (listener, address) = listen().await;
    let tap = Tap::start(Wire::Kafka, address).await.expect("a tap");
    let at = tap.address();
    let mut client = TcpStream::connect(at).await.expect("connected");
    let (mut server, _) = within(listener.accept()).await.expect("connected on");
    drop(tap);
    within(server.read(&mut [0])).await.expect_err("the server's side is cut");
    within(client.read(&mut [0])).await.expect_err("the client's side is cut");
    within(async { while TcpStream::connect(at).await.is_ok() {} }).await;
}

#[tokio::test]
async fn a_reader_who_waits_makes_the_writer_wait() {
    let (listener, address) = listen().await;
    let tap = Tap::start(Wire::Http, address).await.expect("a tap");
    let mut client = TcpStream::connect(tap.address()).await.expect("connected");
    let (server, _) = within(listener.accept()).await.expect("connected on");
    // Beyond what the system keeps for four sockets, nothing is taken: the tap has no queue.
    let (megabyte, mut sent) = (vec![0; 1 << 20], 0);
    while sent < 256 << 20 {
        match tokio::time::timeout(std::time::Duration::from_secs(1), server.writable()).await {
            Ok(ready) => ready.expect("open"),
            Err(_) => break,
        }
        sent += server.try_write(&megabyte).unwrap_or_default();
    }
    assert!(sent < 256 << 20, "the server could send {sent} bytes that nobody read");
    drop(server);
    let mut received = Vec::new();
    within(client.read_to_end(&mut received)).await.expect("all that was sent comes");
    assert_eq!(received.len(), sent);
}
