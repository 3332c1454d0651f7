//! What a server must bound: how large a message is, how long a call takes, and
//! how many imports are in memory.
//!
//! A deadline travels with the call (`grpc-timeout`), so the server knows when
//! nobody waits any more. It ends handlers and streams alike, with
//! DEADLINE_EXCEEDED.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use lab_orders::OrderError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, Sleep, sleep_until, timeout, timeout_at};
use tonic::Status;

use crate::error::to_status;

/// A message.
pub(crate) const MESSAGE_BYTES: usize = 1 << 20;
/// Imports at once; each holds up to 10,000 orders.
const IMPORTS: usize = 4;
const IMPORT_TURN: Duration = Duration::from_secs(10);
/// From the first header of a call to the first of its answer.
const HANDLER_TIME: Duration = Duration::from_secs(15);
/// The same for an import, whose answer comes after its last order.
const IMPORT_TIME: Duration = Duration::from_secs(60);

/// Middleware: ends calls at their deadline, and handlers that take too long.
pub(crate) async fn handler_time(request: Request, next: Next) -> Response {
    let now = Instant::now();
    let deadline = request.headers().get("grpc-timeout").and_then(parse_timeout).map(|time| now + time);
    let longest = if request.uri().path().ends_with("/ImportOrders") { IMPORT_TIME } else { HANDLER_TIME };
    let ends = deadline.unwrap_or(now + longest).min(now + longest);
    match (timeout_at(ends, next.run(request)).await, deadline) {
        (Err(_), _) => deadline_exceeded().into_http(),
        (Ok(response), None) => response,
        (Ok(response), Some(deadline)) => until(deadline, response),
    }
}

/// At most 8 digits and a unit (the gRPC protocol over HTTP/2, "Timeout").
fn parse_timeout(header: &HeaderValue) -> Option<Duration> {
    let text = header.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3_600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

fn deadline_exceeded() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed")
}

fn until(deadline: Instant, response: Response) -> Response {
    response.map(|body| Body::new(UntilDeadline { body, deadline: Box::pin(sleep_until(deadline)), passed: false }))
}

/// A body that ends at the deadline with the status in its trailers, instead of being cut.
struct UntilDeadline {
    body: Body,
    deadline: Pin<Box<Sleep>>,
    passed: bool,
}

impl HttpBody for UntilDeadline {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.passed {
            return Poll::Ready(None);
        }
        // What is there goes out first; an answer that is complete is never cut.
        if let ready @ Poll::Ready(_) = Pin::new(&mut self.body).poll_frame(context) {
            return ready;
        }
        std::task::ready!(self.deadline.as_mut().poll(context));
        self.passed = true;
        // The stream behind it ends here and not when the peer has read the status.
        self.body = Body::empty();
        let mut trailers = HeaderMap::new();
        Poll::Ready(deadline_exceeded().add_header(&mut trailers).ok().map(|()| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.passed || self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// The memory that imports share.
#[derive(Clone)]
pub(crate) struct Imports(Arc<Semaphore>);

impl Default for Imports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(IMPORTS)))
    }
}

impl Imports {
    /// Waits for the turn of an import; UNAVAILABLE when it doesn't come.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, Status> {
        let turn = timeout(IMPORT_TURN, self.0.acquire()).await;
        let busy = OrderError::Unavailable { reason: "other imports are running" };
        turn.ok().and_then(Result::ok).ok_or_else(|| to_status(busy))
    }
}
