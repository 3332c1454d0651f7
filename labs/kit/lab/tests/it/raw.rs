//! Connections without a client: what they send is up to the test.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::support::{Lab, Server, within};

/// A client's first bytes over HTTP/2 (RFC 9113 §3.4): the preface, and empty SETTINGS.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

pub(crate) async fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address).await.expect("it listens");
    stream.set_nodelay(true).expect("a socket");
    stream
}

/// Reads until the server closes, or cuts the connection.
pub(crate) async fn read_to_close(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A reset is an end too; what came before it stays.
    let _ = within("the server to close", stream.read_to_end(&mut bytes)).await;
    bytes
}

/// Sends a byte now and then until the server hangs up, as a slow-loris does.
pub(crate) async fn drip(mut stream: TcpStream, bytes: Vec<u8>) -> Vec<u8> {
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    let sending = async {
        for byte in bytes.into_iter().cycle() {
            tokio::time::sleep(Duration::from_millis(250)).await;
            if writer.write_all(&[byte]).await.is_err() {
                break;
            }
        }
        std::future::pending().await
    };
    let hung_up = async { while matches!(reader.read_buf(&mut answer).await, Ok(1..)) {} };
    within("the server to hang up", async {
        tokio::select! { () = hung_up => {}, () = sending => {} }
    })
    .await;
    answer
}

/// A head, and a body of this many bytes, all at once or in chunks; what the server answers.
pub(crate) async fn post(server: &Server, path: &str, content_type: &str, body: Body) -> io::Result<String> {
    let mut stream = connect(server).await;
    let length = match body {
        Body::OfLength(length) => format!("content-length: {length}"),
        Body::InChunks(_) => "transfer-encoding: chunked".to_owned(),
    };
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: lab\r\ncontent-type: {content_type}\r\n{length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let (mut reader, mut writer) = stream.split();
    let sending = async {
        let piece = [b'x'; 16_384];
        match body {
            Body::OfLength(length) => {
                for _ in 0..length / piece.len() {
                    writer.write_all(&piece).await?;
                }
            }
            Body::InChunks(length) => {
                let chunk = [b"4000\r\n", &piece[..], b"\r\n"].concat();
                for _ in 0..length / piece.len() {
                    writer.write_all(&chunk).await?;
                }
                writer.write_all(b"0\r\n\r\n").await?;
            }
        }
        Ok::<_, io::Error>(())
    };
    let mut answer = Vec::new();
    let reading = reader.read_to_end(&mut answer);
    let (_, read) = within("an answer", async { tokio::join!(sending, reading) }).await;
    read?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    OfLength(usize),
    InChunks(usize),
}

/// Others are served: an order is placed, read and listed, on a new connection.
pub(crate) async fn assert_serves(server: &Server) {
    let client = Client::of(server);
    let order = within("an order", client.create()).await.expect("an order");
    assert_eq!(within("the order", client.get(&order.id)).await.expect("the order"), order);
    assert!(within("a list", client.list(None)).await.expect("a list").contains_key(&order.id));
}

/// What a request head starts with, or a stream of frames, without its end.
pub(crate) fn unfinished(lab: Lab) -> Vec<u8> {
    match lab {
        Lab::Rest => b"GET /health HTTP/1.1\r\nhost: lab\r\nx-slow: ".to_vec(),
        // HEADERS of 64 bytes on stream 1, of which none follow.
        Lab::Grpc => [PREFACE, b"\0\0\x40\x01\x04\0\0\0\x01"].concat(),
    }
}
