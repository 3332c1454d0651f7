//! What stands before the first message; and what comes where no gRPC server listens.

use std::net::SocketAddr;

use http::response::Parts;

use crate::verdict::Advice;

/// Why no whole answer came.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) what: String,
    pub(super) advice: Option<Advice>,
    /// The program has reset the stream with CANCEL: that is CANCELLED (gRPC over HTTP/2, "Errors"),
    /// and how some servers end a call at its deadline.
    pub(super) is_cancelled: bool,
}

const NOBODY: Advice = Advice {
    why: "There is nothing to be graded where nobody listens.",
    r#try: "Start the server first, and see on which address and port it listens; or leave it to the checker to \
            start it: `--program \"…\"`.",
};

const NOT_HTTP2: Advice = Advice {
    why: "gRPC is HTTP/2 from the first byte on, without TLS here: both sides begin with a frame of settings.",
    r#try: "Look whether it is a gRPC server that listens there, and on an insecure port: \
            `tonic::transport::Server` in Rust, `grpc.server` in Python, `grpc.NewServer` in Go, without credentials.",
};

const NOT_GRPC: Advice = Advice {
    why: "An answer of gRPC has the status 200, the content type `application/grpc` and, in the end, `grpc-status`; \
          what went wrong, that says, and not the status of HTTP.",
    r#try: "Let the library for gRPC answer: register the service with its server, under the name of the package in \
            the .proto, `orders.v1.OrderService`.",
};

impl Problem {
    pub(super) fn plain(what: impl Into<String>) -> Self {
        Self { what: what.into(), advice: None, is_cancelled: false }
    }

    pub(super) fn not_grpc(what: impl Into<String>) -> Self {
        Self { advice: Some(NOT_GRPC), ..Self::plain(what) }
    }

    pub(super) fn refused(address: SocketAddr, error: &std::io::Error) -> Self {
        let what = format!("can't connect to {address}: {}", lab_console::reason(error));
        Self { advice: Some(NOBODY), ..Self::plain(what) }
    }

    /// Of what h2 says.
    pub(super) fn broken(error: &h2::Error) -> Self {
        let reason = error.reason().map_or("no reason".to_owned(), |reason| format!("{reason:?}"));
        let is_cancelled = error.is_reset() && error.is_remote() && error.reason() == Some(h2::Reason::CANCEL);
        let problem = Self::plain(if error.is_reset() && error.is_remote() {
            format!("the program reset the stream: {reason}")
        } else if error.is_go_away() && error.is_remote() {
            format!("the program ended the connection: GOAWAY {reason}")
        } else if error.is_io() {
            "the connection was closed before the answer was whole".to_owned()
        } else {
            format!("it breaks the rules of HTTP/2: {reason}")
        });
        Self { is_cancelled, ..problem }
    }

    /// What came by then says more than what h2 makes of it.
    pub(super) fn or_not_http2(self, read: &[u8]) -> Self {
        let what = if read.starts_with(b"HTTP/1.") {
            "an answer in HTTP/1.1, and not in HTTP/2".to_owned()
        } else if is_http2(read) {
            return self;
        } else {
            "it can't be read as HTTP/2".to_owned()
        };
        Self { advice: Some(NOT_HTTP2), ..Self::plain(what) }
    }
}

/// As far as it came: a frame of settings, not an acknowledgement.
fn is_http2(read: &[u8]) -> bool {
    read.len() < 9 || (read[3], read[4] & 1) == (4, 0)
}

/// Whether messages can follow.
pub(super) fn check(parts: &Parts) -> Result<(), Problem> {
    // Where there is a status of gRPC's, it counts (doc/http-grpc-status-mapping.md).
    if parts.headers.contains_key("grpc-status") {
        return Ok(());
    }
    if parts.status != http::StatusCode::OK {
        return Err(Problem::not_grpc(format!("the status {} of HTTP, and no `grpc-status`", parts.status)));
    }
    let kind = parts.headers.get("content-type").map_or(&b""[..], |kind| kind.as_bytes());
    if !kind.to_ascii_lowercase().starts_with(b"application/grpc") {
        return Err(Problem::not_grpc("no `content-type: application/grpc`"));
    }
    Ok(())
}

/// As it is shown.
pub(super) fn shown(parts: &Parts) -> String {
    let head = format!(":status: {}", parts.status.as_u16());
    parts
        .headers
        .iter()
        .filter(|(name, _)| !is_status(name.as_str()))
        .fold(head, |head, (name, value)| format!("{head}\n{name}: {}", String::from_utf8_lossy(value.as_bytes())))
}

/// These are shown decoded.
pub(super) fn is_status(name: &str) -> bool {
    ["grpc-status", "grpc-message", "grpc-status-details-bin"].contains(&name)
}
