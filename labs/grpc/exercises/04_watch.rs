//! grpc/04: stream every change to those who watch, so that none of them harms anybody.
//!
//! `cargo lab show grpc/04` has the task, `cargo lab check grpc/04` grades this
//! program over the wire, `cargo lab hint grpc/04` helps.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use pb::order_service_server::{OrderService, OrderServiceServer};
use pb::{
    ChangeKind, CreateOrderRequest, CreateOrderResponse, Order, OrderStatus, WatchOrdersRequest, WatchOrdersResponse,
};
use tokio::sync::watch;
use tonic::codegen::BoxStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// Made by build.rs from proto/orders/v1/orders.proto: messages, enums, and both sides of the service.
#[allow(warnings)]
mod pb {
    tonic::include_proto!("orders.v1");
}

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_GRPC_ADDR").unwrap_or("127.0.0.1:50051".to_owned());
    let address = address.parse().expect("an address and a port");
    let orders = OrderServiceServer::new(Orders { changes: Arc::default(), newest: watch::Sender::new(0) });
    Server::builder().add_service(orders).serve(address).await.expect("the port is free");
}

/// Each clone of it is the same.
#[derive(Clone)]
struct Orders {
    changes: Arc<Mutex<Changes>>,
    /// The position of the newest change. Somebody who waits for the next one can be woken by it.
    newest: watch::Sender<u64>,
}

/// What has happened: a position is the number of changes up to there.
#[derive(Default)]
struct Changes {
    count: u64,
    /// All of them, so far: it would grow for ever.
    kept: Vec<Order>,
}

impl Orders {
    /// A std lock: the compiler doesn't let a handler keep it over an `.await`.
    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number is drawn and the change kept under one lock: all see them in one order.
    fn place(&self, request: CreateOrderRequest) -> Order {
        let mut changes = self.changes();
        changes.count += 1;
        let order = Order {
            id: format!("order-{}", changes.count),
            created_by: request.created_by,
            equipment: request.equipment,
            status: OrderStatus::Queued.into(),
            created_at: Some(SystemTime::now().into()),
            ..Order::default()
        };
        changes.kept.push(order.clone());
        self.newest.send_replace(changes.count);
        order
    }
}

/// The methods that aren't here, such as GetOrder, answer UNIMPLEMENTED by themselves.
#[tonic::async_trait]
impl OrderService for Orders {
    /// The order as it is kept. You have it from grpc/01.
    async fn create_order(
        &self,
        request: Request<CreateOrderRequest>,
    ) -> Result<Response<CreateOrderResponse>, Status> {
        let order = self.place(request.into_inner());
        Ok(Response::new(CreateOrderResponse { order: Some(order) }))
    }

    /// The position, then each change after it, for as long as there is somebody who reads.
    async fn watch_orders(
        &self,
        request: Request<WatchOrdersRequest>,
    ) -> Result<Response<BoxStream<WatchOrdersResponse>>, Status> {
        // Here is your part: who may watch, where does it begin, what comes next, and when does it
        // end? This stream ends after its first message, whatever the position. `change(…)`, below,
        // makes the others. Whoever has none to send can wait: `self.newest.subscribe()`.
        let _asked_for = request.into_inner().position;
        let first = WatchOrdersResponse { position: self.changes().count.to_string(), ..Default::default() };
        let only_that = tokio_stream::once(Ok(first));
        Ok(Response::new(Box::pin(only_that)))
    }
}

#[expect(dead_code, reason = "it waits for you: take this line away then")]
fn change(position: u64, order: Order) -> WatchOrdersResponse {
    WatchOrdersResponse { position: position.to_string(), kind: ChangeKind::Created.into(), order: Some(order) }
}
