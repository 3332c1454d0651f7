//! Work handed out over one stream in both directions.
//!
//! The worker says for how many orders it is ready, and so sets the pace
//! itself; the server sends at most that many, each on a lease. Whatever ends
//! the stream — the worker's half-close, its death, a deadline, a bad message —
//! drops the lease, and with it every order without a result is QUEUED again.

use async_stream::try_stream;
use futures_util::Stream;
use lab_orders::{Fault, Lease, OrderError, Outcome, ResultDraft, Status as OrderStatus, Store, Watch, WatchFrom};
use lab_proto::pb::process_orders_request::Message;
use lab_proto::pb::{ProcessOrdersRequest, ProcessOrdersResponse};
use tonic::{Status, Streaming};

use crate::error::to_status;

/// Orders for a worker, as they are queued and as it is ready.
pub(crate) fn hand_out(
    store: Store,
    mut worker: Streaming<ProcessOrdersRequest>,
) -> impl Stream<Item = Result<ProcessOrdersResponse, Status>> + Send {
    try_stream! {
        let lease = store.lease();
        let mut ready: u32 = 0;
        loop {
            // The watch begins before the look, so that no order is queued unseen in between.
            let mut watch = store.watch(WatchFrom::Now).await.map_err(to_status)?;
            while ready > 0 {
                let orders = lease.take(ready).await.map_err(to_status)?;
                if orders.is_empty() {
                    break;
                }
                for order in orders {
                    ready -= 1;
                    yield ProcessOrdersResponse { order: Some(order.into()) };
                }
            }
            let heard = tokio::select! {
                said = worker.message() => said.map(Heard::Worker),
                queued = next_queued(&mut watch), if ready > 0 => queued.map(|()| Heard::Queued).map_err(to_status),
            };
            match heard? {
                Heard::Worker(Some(said)) => {
                    let more = take_message(&lease, said).await.map_err(to_status)?;
                    ready = ready.saturating_add(more);
                }
                // Half-close: the worker wants no more, and has no more results.
                Heard::Worker(None) => break,
                Heard::Queued => {}
            }
        }
    }
}

/// What a stream waits for.
enum Heard {
    Worker(Option<ProcessOrdersRequest>),
    Queued,
}

/// Takes what a worker says; returns for how many more orders it is ready.
async fn take_message(lease: &Lease, request: ProcessOrdersRequest) -> Result<u32, OrderError> {
    match request.message {
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
async fn next_queued(watch: &mut Watch) -> Result<(), OrderError> {
    loop {
        match watch.next().await {
            Ok(changes) if changes.iter().any(|change| change.order.status == OrderStatus::Queued) => return Ok(()),
            Ok(_) => {}
            // So much has changed that the watch can't tell: look.
            Err(OrderError::PositionGone) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
