//! What a server must bound: how large a body is, how long a handler takes, and
//! how much memory all bodies take together.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use lab_orders::OrderError;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{error::Elapsed, timeout};

use crate::error::RestError;

/// A JSON body.
pub(crate) const BODY_BYTES: usize = 1 << 20;
/// A body up to here needs no permit. An order is far smaller.
const SMALL_BODY_BYTES: usize = 16 << 10;
/// Larger bodies in memory at once: 16 MiB in all.
const LARGE_BODIES: usize = 16;
/// Imports at once; each holds up to 10,000 parsed lines.
const IMPORTS: usize = 4;
/// What is read and thrown away after a body has proved too large.
const DISCARD_BYTES: usize = 16 << 20;
const BODY_TIME: Duration = Duration::from_secs(10);
const HANDLER_TIME: Duration = Duration::from_secs(15);

/// Middleware: answers 503 when a handler takes too long.
pub(crate) async fn handler_time(request: Request, next: Next) -> Response {
    let answer: Result<Response, Elapsed> = timeout(HANDLER_TIME, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        let reason = "it takes too long";
        RestError::from(OrderError::Unavailable { reason }).into_response()
    })
}

/// The memory that all bodies share.
pub(crate) struct Bodies {
    large: Semaphore,
    imports: Semaphore,
}

impl Default for Bodies {
    fn default() -> Self {
        Self { large: Semaphore::new(LARGE_BODIES), imports: Semaphore::new(IMPORTS) }
    }
}

impl Bodies {
    /// Reads a whole body: 413 when it is too large, 408 when it takes too long.
    pub(crate) async fn read(&self, body: Body) -> Result<Bytes, RestError> {
        match timeout(BODY_TIME, self.collect(body)).await {
            Ok(read) => read,
            Err(_) => Err(RestError::http(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive")),
        }
    }

    async fn collect(&self, mut body: Body) -> Result<Bytes, RestError> {
        if body.size_hint().lower() > BODY_BYTES as u64 {
            discard(body);
            return Err(too_large());
        }
        let mut bytes = BytesMut::new();
        let mut permit = None;
        while let Some(data) = next_data(&mut body).await? {
            if bytes.len() + data.len() > BODY_BYTES {
                drop((bytes, permit));
                discard(body);
                return Err(too_large());
            }
            if bytes.len() + data.len() > SMALL_BODY_BYTES && permit.is_none() {
                permit = self.large.acquire().await.ok();
            }
            bytes.extend_from_slice(&data);
        }
        // The permit ends here: what is read is parsed at once, and parsed it is small.
        Ok(bytes.freeze())
    }

    /// Waits for the turn of an import; 503 when it doesn't come.
    pub(crate) async fn import_turn(&self) -> Result<SemaphorePermit<'_>, RestError> {
        let turn = timeout(BODY_TIME, self.imports.acquire()).await;
        let busy = OrderError::Unavailable { reason: "other imports are running" };
        turn.ok().and_then(Result::ok).ok_or_else(|| busy.into())
    }
}

/// The next bytes of a body; trailers are skipped.
pub(crate) async fn next_data(body: &mut Body) -> Result<Option<Bytes>, RestError> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| RestError::http(StatusCode::BAD_REQUEST, "the body ended too early"))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Reads on beside the answer for a while, and keeps nothing: when a server
/// closes while the client still sends, the client may never see the answer
/// (RFC 9112 §9.6).
pub(crate) fn discard(mut body: Body) {
    let read = async move {
        let mut left = DISCARD_BYTES;
        while left > 0
            && let Ok(Some(data)) = next_data(&mut body).await
        {
            left = left.saturating_sub(data.len());
        }
    };
    tokio::spawn(timeout(BODY_TIME, read));
}

pub(crate) fn too_large() -> RestError {
    RestError::http(StatusCode::PAYLOAD_TOO_LARGE, format!("the body may have {BODY_BYTES} bytes"))
}
