//! Work handed out over one stream in both directions.
//!
//! The worker says for how many orders it is ready, and so sets the pace
//! itself; the server sends at most that many, each on a lease. Whatever ends
//! the stream — the worker's half-close, its death, a deadline, a bad message —
//! drops the lease, and with it every order without a result is QUEUED again.

use std::sync::Arc;

use async_stream::try_stream;
use futures_util::Stream;
use lab_orders::{Fault, Lease, OrderError, Outcome, ResultDraft, Status as OrderStatus, Store, Watch, WatchFrom};
use lab_proto::pb::process_orders_request::Message;
use lab_proto::pb::{ProcessOrdersRequest, ProcessOrdersResponse};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Status, Streaming};

use crate::error::to_status;

/// Orders leased in one go. A lease runs while its order waits to be sent.
const AT_ONCE: u64 = 16;

/// What the worker has said so far.
#[derive(Default)]
struct Said {
    /// For how many orders it was ready, all together.
    ready: u64,
    /// Its half-close, or why the stream can't go on.
    ended: Option<Result<(), Status>>,
}

/// Orders for a worker, as they are queued and as it is ready.
pub(crate) fn hand_out(
    store: Store,
    worker: Streaming<ProcessOrdersRequest>,
) -> impl Stream<Item = Result<ProcessOrdersResponse, Status>> + Send {
    try_stream! {
        let lease = Arc::new(store.lease());
        let (said, mut heard) = watch::channel(Said::default());
        // A task of its own: `yield` waits while the worker's window is full, and
        // the results that it sends meanwhile must not wait with it.
        let _listener = AbortOnDropHandle::new(tokio::spawn(listen(worker, Arc::clone(&lease), said)));
        let mut handed = 0;
        loop {
            let (ready, ended) = {
                let said = heard.borrow_and_update();
                (said.ready, said.ended.clone())
            };
            let is_last = ended.is_some();
            ended.unwrap_or(Ok(()))?;
            // The watch begins before the look, so that no order is queued unseen in between.
            let mut changes = store.watch(WatchFrom::Now).await.map_err(to_status)?;
            while handed < ready {
                let count = AT_ONCE.min(ready - handed) as u32;
                let orders = lease.take(count).await.map_err(to_status)?;
                if orders.is_empty() {
                    break;
                }
                for order in orders {
                    handed += 1;
                    yield ProcessOrdersResponse { order: Some(order.into()) };
                }
            }
            if is_last {
                break;
            }
            let waited = tokio::select! {
                // It can't fail before the listener has said how the stream ended.
                _ = heard.changed() => Ok(()),
                queued = next_queued(&mut changes), if handed < ready => queued,
            };
            waited.map_err(to_status)?;
        }
    }
}

/// Takes what the worker says, to the end of the stream or the first message that is wrong.
async fn listen(mut worker: Streaming<ProcessOrdersRequest>, lease: Arc<Lease>, said: watch::Sender<Said>) {
    let ended = loop {
        match worker.message().await {
            Ok(Some(message)) => match take_message(&lease, message).await {
                // 0: it was a result, and there is nobody to wake.
                Ok(more) => said.send_if_modified(|said| {
                    said.ready = said.ready.saturating_add(more.into());
                    more > 0
                }),
                Err(error) => break Err(to_status(error)),
            },
            // Half-close: the worker wants no more, and has no more results.
            Ok(None) => break Ok(()),
            Err(status) => break Err(status),
        };
    };
    said.send_modify(|said| said.ended = Some(ended));
}

/// Takes one message; returns for how many more orders the worker is ready.
async fn take_message(lease: &Lease, message: ProcessOrdersRequest) -> Result<u32, OrderError> {
    match message.message {
        Some(Message::Ready(ready)) if ready.count == 0 => {
            Err(Fault::parameter("ready.count", "must be at least 1").into())
        }
        Some(Message::Ready(ready)) => Ok(ready.count),
        Some(Message::Result(result)) => {
            let outcome = if result.succeeded { Outcome::Succeeded } else { Outcome::Failed };
            let draft = ResultDraft { id: result.id, etag: result.etag, outcome };
            lease.finish(draft.parse()?).await.map(|_| 0)
        }
        None => Err(Fault::parameter("message", "must be ready or result").into()),
    }
}

/// Waits until an order may have been queued.
async fn next_queued(changes: &mut Watch) -> Result<(), OrderError> {
    loop {
        match changes.next().await {
            Ok(changes) if changes.iter().any(|change| change.order.status == OrderStatus::Queued) => return Ok(()),
            Ok(_) => {}
            // So much has changed that the watch can't tell: look.
            Err(OrderError::PositionGone) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
