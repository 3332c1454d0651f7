//! A gate at which requests wait, all but their end sent, or the checker's own
//! replies: opened, they all go on at one moment. So the checker decides what happens
//! before what.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::watch;
use tokio::time::timeout;

/// Each clone is the same gate.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    open: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { open: watch::Sender::new(false), waiting: watch::Sender::new(0) }
    }

    /// Returns when so many requests stand at it; `patience` at most.
    pub(crate) async fn filled(&self, count: usize, patience: Duration) {
        let mut waiting = self.waiting.subscribe();
        // Whoever isn't there by then has failed, which its own answer tells.
        let _ = timeout(patience, waiting.wait_for(|&waiting| waiting >= count)).await;
    }

    /// Lets all through, now and later.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Whether it is.
    pub(crate) fn is_open(&self) -> bool {
        *self.open.borrow()
    }

    /// Opens it after that time, if it isn't open before.
    pub(crate) async fn open_after(&self, patience: Duration) {
        let mut open = self.open.subscribe();
        let _ = timeout(patience, open.wait_for(|&open| open)).await;
        self.open();
    }

    /// Waits at it.
    pub(crate) async fn pass(self) {
        self.waiting.send_modify(|waiting| *waiting += 1);
        // The gate itself keeps the sender.
        let _ = self.open.subscribe().wait_for(|&open| open).await;
    }
}

/// The body of a request, whole or with its end behind a gate.
pub(super) struct Outgoing {
    first: Bytes,
    gate: Option<BoxFuture<'static, ()>>,
    last: Bytes,
}

impl Outgoing {
    pub(super) fn new(mut body: Bytes, gate: Option<Gate>) -> Self {
        match gate {
            None => Self { first: body, gate: None, last: Bytes::new() },
            Some(gate) => {
                let within = body.iter().rposition(|byte| byte & 0b1100_0000 == 0b1000_0000);
                let last = body.split_off(within.unwrap_or(body.len().saturating_sub(1)));
                Self { first: body, gate: Some(Box::pin(gate.pass())), last }
            }
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if !self.first.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.first)))));
        }
        if let Some(gate) = &mut self.gate {
            ready!(gate.as_mut().poll(cx));
            self.gate = None;
        }
        let last = std::mem::take(&mut self.last);
        Poll::Ready((!last.is_empty()).then(|| Ok(Frame::data(last))))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.last.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.first.len() + self.last.len()) as u64)
    }
}
