//! grpc/04: stream every change to those who watch, so that none of them harms anybody.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_stream::try_stream;
use pb::order_service_server::{OrderService, OrderServiceServer};
use pb::{
    ChangeKind, CreateOrderRequest, CreateOrderResponse, Order, OrderStatus, WatchOrdersRequest, WatchOrdersResponse,
};
use tokio::sync::{Semaphore, watch};
use tonic::codegen::BoxStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// Made by build.rs from proto/orders/v1/orders.proto: messages, enums, and both sides of the service.
#[allow(warnings)]
mod pb {
    tonic::include_proto!("orders.v1");
}

/// So many may watch at the same time.
const WATCHERS: usize = 3;
/// So many changes can be had later.
const KEPT: usize = 1_000;

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_GRPC_ADDR").unwrap_or("127.0.0.1:50051".to_owned());
    let address = address.parse().expect("an address and a port");
    let orders = OrderServiceServer::new(Orders {
        changes: Arc::default(),
        newest: watch::Sender::new(0),
        places: Arc::new(Semaphore::new(WATCHERS)),
    });
    Server::builder().add_service(orders).serve(address).await.expect("the port is free");
}

/// Each clone of it is the same.
#[derive(Clone)]
struct Orders {
    changes: Arc<Mutex<Changes>>,
    /// The position of the newest change. Whoever waits for the next one is woken by it.
    newest: watch::Sender<u64>,
    places: Arc<Semaphore>,
}

/// What has happened: a position is the number of changes up to there.
#[derive(Default)]
struct Changes {
    count: u64,
    /// The newest of them, oldest first.
    kept: VecDeque<Order>,
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
        changes.kept.push_back(order.clone());
        if changes.kept.len() > KEPT {
            changes.kept.pop_front();
        }
        // It wakes those who wait, and waits for none of them.
        self.newest.send_replace(changes.count);
        order
    }

    /// The change after this position, if there is one by now. Of a watcher this position is all
    /// that is kept: there is no buffer that a slow one could fill.
    fn after(&self, position: u64) -> Result<Option<Order>, Status> {
        let changes = self.changes();
        if position > changes.count {
            return Err(Status::invalid_argument(format!("position: {position} is not yet")));
        }
        let oldest = changes.count - changes.kept.len() as u64;
        let Some(index) = position.checked_sub(oldest) else {
            return Err(Status::out_of_range(format!("what came after {position} isn't kept any more")));
        };
        Ok(changes.kept.get(index as usize).cloned())
    }
}

#[tonic::async_trait]
impl OrderService for Orders {
    /// The order as it is kept.
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
        let place = self.places.clone().try_acquire_owned();
        let place = place.map_err(|_| Status::resource_exhausted(format!("{WATCHERS} are watching already")))?;
        let mut newest = self.newest.subscribe();
        let position = request.into_inner().position;
        let mut position = if position.is_empty() { *newest.borrow() } else { number(&position)? };
        self.after(position)?;
        let orders = self.clone();
        let changes = try_stream! {
            // It goes with the stream, which tonic drops when the caller has gone, however that came.
            let _place = place;
            yield WatchOrdersResponse { position: position.to_string(), ..Default::default() };
            loop {
                // tonic asks for the next message when there is room for it. One for whom there
                // was none for too long finds here that what it missed is gone.
                match orders.after(position)? {
                    Some(order) => {
                        position += 1;
                        yield change(position, order);
                    }
                    // What came since it was looked at counts as well: nothing is slept through.
                    None => if newest.changed().await.is_err() { break },
                }
            }
        };
        Ok(Response::new(Box::pin(changes)))
    }
}

fn number(position: &str) -> Result<u64, Status> {
    position.parse().map_err(|_| Status::invalid_argument(format!("position: {position:?} is none")))
}

fn change(position: u64, order: Order) -> WatchOrdersResponse {
    WatchOrdersResponse { position: position.to_string(), kind: ChangeKind::Created.into(), order: Some(order) }
}
