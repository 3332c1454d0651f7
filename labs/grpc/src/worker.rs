//! The worker: the client's side of `ProcessOrders`, the verb that REST doesn't have.
//!
//! It says `ready` for one order more than it holds. Who is faster gets more,
//! without anybody having to know who is faster.

use std::time::Duration;

use lab_console::{Failure, Output};
use lab_orders::Order;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;

use crate::client::OrderClient;
use crate::config::ProcessArgs;
use crate::wire;

impl OrderClient {
    /// Completes whatever it is handed, one order at a time, until `count`, Ctrl-C or SIGTERM.
    pub(crate) async fn process_orders(&self, process: ProcessArgs, output: &mut Output) -> Result<(), Failure> {
        let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
        let (to_server, said) = mpsc::channel(2);
        let start = async {
            // Said before the call: the stream has something to send when it opens.
            let _ = to_server.send(wire::ready(1)).await;
            self.answer(self.orders().process_orders(ReceiverStream::new(said))).await
        };
        let mut orders = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            started = timeout(self.timeout, start) => started.unwrap_or_else(|_| Err(self.silent()))?,
        };
        let mut done = 0;
        loop {
            let handed = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                next = orders.message() => next.map_err(|status| self.failure(status))?,
            };
            let Some(message) = handed else {
                return Err(Failure::unavailable(
                    "the server ended the work; orders without a result are queued again",
                ));
            };
            let order = self.order(message.order)?;
            // A real worker would do something here, and say `succeeded: false` when it can't.
            let _ = to_server.send(wire::succeeded(&order)).await;
            let settled = timeout(self.timeout, self.settled(&order)).await.map_err(|_| self.silent())?;
            output.order(&settled?)?;
            done += 1;
            if process.count.is_some_and(|count| done >= count) {
                break;
            }
            let _ = to_server.send(wire::ready(1)).await;
        }
        // Half-close: the server answers it with the end of the stream.
        drop(to_server);
        let ended = timeout(self.timeout, orders.message()).await.map_err(|_| self.silent())?;
        ended.map(|_| ()).map_err(|status| self.failure(status))
    }

    /// The order once its result is taken; the stream itself says nothing of that.
    async fn settled(&self, handed: &Order) -> Result<Order, Failure> {
        loop {
            let order = self.get_order(&handed.id.to_string()).await?;
            if order.version != handed.version {
                return Ok(order);
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}
