//! A server to test, and clients as plain as the wire: one over HTTP/1.1, one over HTTP/2.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::Empty;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::within;
use crate::{Limits, Protocol, serve};

/// What the handlers share with the test.
#[derive(Default)]
pub(super) struct Gate {
    /// A request to `/wait` has reached its handler.
    pub(super) entered: Notify,
    /// It may go on.
    pub(super) open: Notify,
}

pub(super) struct Server {
    pub(super) addr: SocketAddr,
    pub(super) stop: CancellationToken,
    pub(super) gate: Arc<Gate>,
    running: JoinHandle<usize>,
}

impl Server {
    pub(super) async fn start(protocol: Protocol, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let gate = Arc::new(Gate::default());
        let (app, token) = (app(gate.clone()), stop.clone());
        let running = tokio::spawn(async move { serve(listener, protocol, app, &limits, token).await });
        Self { addr, stop, gate, running }
    }

    /// How many were cut off. Fails when anything of a connection is left behind.
    pub(super) async fn stopped(self) -> usize {
        self.stop.cancel();
        let cut_off = within(self.running).await.expect("serve doesn't panic");
        assert_eq!(Arc::strong_count(&self.gate), 1, "a handler or a body is still alive");
        cut_off
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.expect("a connection")
    }

    pub(super) async fn connect_http2(&self) -> (SendRequest<Empty<Bytes>>, JoinHandle<hyper::Result<()>>) {
        let stream = TokioIo::new(self.connect().await);
        let (client, connection) = http2::handshake(TokioExecutor::new(), stream).await.expect("a handshake");
        (client, tokio::spawn(connection))
    }

    /// A new client gets its answer.
    pub(super) async fn assert_serves(&self, protocol: Protocol) {
        match protocol {
            Protocol::Http1 => assert!(ask(&mut self.connect().await, "/").await),
            Protocol::Http2 => {
                let (mut client, _connection) = self.connect_http2().await;
                assert_eq!(ask_http2(&mut client, "/").await.expect("an answer").status(), 200);
            }
        }
    }
}

/// `/` answers, `/wait` when the gate opens, `/endless` never to the end, `/panic` not at all.
fn app(gate: Arc<Gate>) -> Router {
    let wait = gate.clone();
    Router::new()
        .route("/", get(async || "ok"))
        .route(
            "/panic",
            get(async || {
                if true {
                    panic!("as the test wants")
                }
            }),
        )
        .route(
            "/wait",
            get(async move || {
                wait.entered.notify_one();
                wait.open.notified().await;
                "ok"
            }),
        )
        .route(
            "/endless",
            get(async move || {
                let chunks = stream::repeat_with(move || {
                    gate.entered.notify_one();
                    Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 16 * 1024]))
                });
                Body::from_stream(chunks)
            }),
        )
}

/// Asks over HTTP/1.1, keeping the connection; whether the whole answer came.
pub(super) async fn ask(stream: &mut TcpStream, path: &str) -> bool {
    send(stream, path).await && answered(stream).await
}

pub(super) async fn send(stream: &mut TcpStream, path: &str) -> bool {
    let head = format!("GET {path} HTTP/1.1\r\nhost: lab\r\n\r\n");
    stream.write_all(head.as_bytes()).await.is_ok()
}

/// Byte by byte, so that nothing of what follows is eaten.
pub(super) async fn answered(stream: &mut TcpStream) -> bool {
    let mut answer = Vec::new();
    within(async {
        while !answer.ends_with(b"\r\n\r\nok") {
            match stream.read_u8().await {
                Ok(byte) => answer.push(byte),
                Err(_) => return false,
            }
        }
        answer.starts_with(b"HTTP/1.1 200 ")
    })
    .await
}

/// What comes until the server closes or resets the connection.
pub(super) async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset is an end as well.
    let _ = within(stream.read_to_end(&mut rest)).await;
    rest
}

pub(super) async fn ask_http2(client: &mut SendRequest<Empty<Bytes>>, path: &str) -> hyper::Result<Response<Incoming>> {
    let request = Request::get(format!("http://lab{path}")).body(Empty::new()).expect("a request");
    within(client.send_request(request)).await
}
