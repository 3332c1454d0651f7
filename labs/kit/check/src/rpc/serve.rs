//! Connections and calls of a service of the checker's, on h2.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::messages::{Messages, framed};
use super::played::Log;
use super::received::Received;
use super::reply::Reply;
use super::schema;
use super::status::Code;
use crate::http::Gate;

/// What `grpc-message` can't have as it is.
const ENCODED: AsciiSet = CONTROLS.add(b'%');
/// A call must be whole within that time.
const TO_SEND: Duration = Duration::from_secs(10);

/// Takes connections until it is dropped, and all of them with it.
pub(super) async fn accept(listener: TcpListener, log: Arc<Log>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(connected(stream, Arc::clone(&log)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// An error on a connection is a caller that went away, or speaks no HTTP/2.
async fn connected(stream: TcpStream, log: Arc<Log>) {
    let _ = stream.set_nodelay(true);
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    let (mut calls, cut) = (JoinSet::new(), Gate::new());
    loop {
        tokio::select! {
            () = cut.clone().pass() => return,
            call = connection.accept() => match call {
                Some(Ok((request, respond))) => {
                    calls.spawn(served(request, respond, Arc::clone(&log), cut.clone()));
                }
                _ => break,
            },
            Some(_) = calls.join_next() => {}
        }
    }
    // Each of them sees that the caller is gone.
    while calls.join_next().await.is_some() {}
}

async fn served(request: Request<RecvStream>, mut respond: SendResponse<Bytes>, log: Arc<Log>, cut: Gate) {
    let at = Instant::now();
    let (parts, mut body) = request.into_parts();
    let path = parts.uri.path().trim_start_matches('/').to_owned();
    let message = tokio::select! {
        message = read(&mut body, &parts.headers) => message,
        () = sleep(TO_SEND) => None,
    };
    let Some(message) = message else { return };
    let method = schema::method(&path);
    let decoded = method.as_ref().and_then(|method| schema::decode(method.input(), message).ok());
    let received = Received {
        at,
        method: path,
        metadata: parts.headers,
        message: decoded.unwrap_or_default(),
        reply: String::new(),
        replied: None,
        given_up: None,
    };
    let (number, mut reply) = log.note(received, method.is_some());
    while let Reply::Hold(gate, next) = reply {
        tokio::select! {
            () = gate.pass() => {}
            _ = poll_fn(|cx| respond.poll_reset(cx)) => return log.is_given_up(number),
        }
        reply = *next;
    }
    log.is_replied(number);
    match reply {
        Reply::Cut => {
            cut.open();
            // Who let go of the stream here would reset it before the cut.
            std::future::pending().await
        }
        Reply::Hang => {
            let _ = poll_fn(|cx| respond.poll_reset(cx)).await;
            log.is_given_up(number);
        }
        Reply::Status(code, words) => status(&mut respond, code, &words),
        Reply::Message(value) => {
            let message = method.map(|method| schema::encode(method.output(), &value)).unwrap_or_default();
            answered(&mut respond, &message);
        }
        Reply::Hold(..) => unreachable!("the loop has opened it"),
    }
}

/// The one message of a call.
async fn read(body: &mut RecvStream, headers: &HeaderMap) -> Option<Bytes> {
    let mut messages = Messages::default();
    messages.encoded(headers);
    while let Some(data) = poll_fn(|cx| body.poll_data(cx)).await {
        let data = data.ok()?;
        messages.push(&data);
        let _ = body.flow_control().release_capacity(data.len());
    }
    messages.next().ok().flatten()
}

/// What can't be sent any more, nobody waits for.
fn answered(respond: &mut SendResponse<Bytes>, message: &[u8]) {
    let Ok(mut body) = respond.send_response(head(&[]), false) else { return };
    let _ = body.send_data(framed(message), false);
    let _ = body.send_trailers(HeaderMap::from_iter([("grpc-status".parse().expect("a name"), 0.into())]));
}

fn status(respond: &mut SendResponse<Bytes>, code: Code, words: &str) {
    let (code, words) = (code.number().to_string(), utf8_percent_encode(words, &ENCODED).to_string());
    let _ = respond.send_response(head(&[("grpc-status", &code), ("grpc-message", &words)]), true);
}

fn head(more: &[(&str, &str)]) -> Response<()> {
    let head = Response::builder().header("content-type", "application/grpc");
    let head = more.iter().fold(head, |head, (name, value)| head.header(*name, *value));
    head.body(()).expect("the checks' own headers are headers")
}
