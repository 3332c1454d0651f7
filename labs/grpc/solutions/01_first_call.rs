//! grpc/01: serve CreateOrder and GetOrder of `orders.v1.OrderService`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use pb::order_service_server::{OrderService, OrderServiceServer};
use pb::{CreateOrderRequest, CreateOrderResponse, Equipment, GetOrderRequest, GetOrderResponse, Order, OrderStatus};
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// Made by build.rs from proto/orders/v1/orders.proto: messages, enums, and both sides of the service.
#[allow(warnings)]
mod pb {
    tonic::include_proto!("orders.v1");
}

/// All orders, in memory: a real service would write them to a disk before it answers.
/// Each clone of it is the same list.
#[derive(Clone, Default)]
struct Orders(Arc<Mutex<Vec<Order>>>);

impl Orders {
    /// The id is drawn and the order put there under one lock, so that no other call comes in
    /// between and draws the same.
    fn place(&self, request: CreateOrderRequest) -> Order {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let order = Order {
            id: format!("order-{}", orders.len() + 1),
            created_by: request.created_by,
            equipment: request.equipment,
            // Left out it would be 0, UNSPECIFIED: a client couldn't tell it from one never set.
            status: OrderStatus::Queued.into(),
            created_at: Some(SystemTime::now().into()),
            // Version and etag come with the exercises that change orders.
            ..Order::default()
        };
        orders.push(order.clone());
        order
    }

    fn all(&self) -> Vec<Order> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_GRPC_ADDR").unwrap_or("127.0.0.1:50051".to_owned());
    let address = address.parse().expect("an address and a port");
    let orders = OrderServiceServer::new(Orders::default());
    Server::builder().add_service(orders).serve(address).await.expect("the port is free");
}

#[tonic::async_trait]
impl OrderService for Orders {
    /// The order as it is kept, or INVALID_ARGUMENT for a piece that can't be ordered.
    async fn create_order(
        &self,
        request: Request<CreateOrderRequest>,
    ) -> Result<Response<CreateOrderResponse>, Status> {
        let request = request.into_inner();
        // The numbers as they came. The getter `request.equipment()` leaves out those that this
        // schema has no name for: the order would lack what a newer client has asked for.
        if let Some(number) = request.equipment.iter().find(|&&number| !can_be_ordered(number)) {
            return Err(Status::invalid_argument(format!("equipment: there is no piece with the number {number}")));
        }
        let order = self.place(request);
        Ok(Response::new(CreateOrderResponse { order: Some(order) }))
    }

    /// The order as it is kept, or NOT_FOUND.
    async fn get_order(&self, request: Request<GetOrderRequest>) -> Result<Response<GetOrderResponse>, Status> {
        let id = request.into_inner().id;
        let found = self.all().into_iter().find(|order| order.id == id);
        let order = found.ok_or_else(|| Status::not_found(format!("there is no order {id}")))?;
        Ok(Response::new(GetOrderResponse { order: Some(order) }))
    }
}

/// What this schema has a name for, and isn't its zero: that may be a field never set.
fn can_be_ordered(number: i32) -> bool {
    Equipment::try_from(number).is_ok_and(|item| item != Equipment::Unspecified)
}
