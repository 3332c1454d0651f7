//! A trace id and a log line for each request.

use std::convert::Infallible;
use std::time::Instant;

use axum::body::{Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderValue, Method, Request};
use axum::response::Response;
use axum::{BoxError, Router};
use tower::Service;
use tracing::{Instrument, debug, error_span, info, warn};

use crate::TraceId;

const TRACEPARENT: &str = "traceparent";

/// Observes one request on its way through `app`:
///
/// - The trace id is that of the request's `traceparent`, or a new one. Handlers find
///   it as `Extension<TraceId>`, clients in the answer's `traceparent` (gRPC: in the
///   initial metadata).
/// - The handler runs in the span `request` with the field `trace_id`, so that each of
///   its log lines has it. What a streamed body logs after the head is outside.
/// - One line when the head of the answer is ready: `warn` when the server failed,
///   `debug` for what only reads (GET, HEAD, OPTIONS; gRPC's Get… and List…), `info`
///   for the rest.
///
/// A function around the router and not one of its layers: a layer of axum boxes and
/// clones its service for each request, which costs as much as all of this.
///
/// The span is of level `error` so that it is there whenever a line can be; it costs
/// about a microsecond. `RUST_LOG=info,lab_lifecycle::observe=off` turns it off, with these lines.
pub(crate) async fn observe<B>(mut request: Request<B>, mut app: Router) -> Result<Response, Infallible>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let trace_id = trace_id(request.headers());
    request.extensions_mut().insert(trace_id);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let started = Instant::now();

    async move {
        // A Router is always ready.
        let mut response = app.call(request).await?;
        if let Ok(mut value) = HeaderValue::try_from(trace_id.traceparent()) {
            // Over HTTP/2 never in the table of headers (RFC 7541 §6.2.3): no other answer
            // has this value, and it would push out those that all have.
            value.set_sensitive(true);
            response.headers_mut().insert(TRACEPARENT, value);
        }
        log(&method, uri.path(), &response, started);
        Ok(response)
    }
    .instrument(error_span!("request", %trace_id))
    .await
}

/// Two `traceparent` headers are none: whose trace would it be?
fn trace_id(headers: &HeaderMap) -> TraceId {
    let mut values = headers.get_all(TRACEPARENT).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => TraceId::parse(value).unwrap_or_default(),
        _ => TraceId::new(),
    }
}

/// What a client sent is logged with `?`, which escapes control characters: a
/// path must not be able to forge a line or to speak to the reader's terminal.
fn log(method: &Method, path: &str, response: &Response, started: Instant) {
    // A gRPC call that fails at once has its status here, not in the trailers.
    let grpc_status = response.headers().get("grpc-status").map(HeaderValue::as_bytes);
    let failed = response.status().is_server_error()
        // UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS: the server's fault.
        || matches!(grpc_status, Some(b"2" | b"13" | b"14" | b"15"));
    // A level must be known when it compiles, hence three times the same line.
    macro_rules! line {
        ($level:ident) => {
            $level!(
                method = shorten(method.as_str()),
                path = ?shorten(path),
                status = response.status().as_u16(),
                grpc_status = grpc_status.and_then(|s| str::from_utf8(s).ok()),
                ms = started.elapsed().as_micros() as f64 / 1000.0,
                "answered"
            )
        };
    }
    match failed {
        true => line!(warn),
        false if only_reads(method, path) => line!(debug),
        false => line!(info),
    }
}

/// Every call of gRPC is a POST; what reads has a name that says so (AIP-130):
/// `/orders.v1.OrderService/GetOrder`.
fn only_reads(method: &Method, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
        || *method == Method::POST && ["Get", "List"].iter().any(|reads| name.starts_with(reads))
}

/// At most 256 bytes: one request shouldn't fill the log.
fn shorten(text: &str) -> &str {
    let mut end = text.len().min(256);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
