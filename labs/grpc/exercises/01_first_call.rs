//! grpc/01: serve CreateOrder and GetOrder of `orders.v1.OrderService`.
//!
//! `cargo lab show grpc/01` has the task, `cargo lab check grpc/01` grades this
//! program over the wire, `cargo lab hint grpc/01` helps.

use std::sync::{Arc, Mutex, PoisonError};

use pb::order_service_server::{OrderService, OrderServiceServer};
use pb::{CreateOrderRequest, CreateOrderResponse, GetOrderRequest, GetOrderResponse, Order};
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// Made by build.rs from proto/orders/v1/orders.proto: messages, enums, and both sides of the service.
#[allow(warnings)]
mod pb {
    tonic::include_proto!("orders.v1");
}

/// All orders, in memory. Each clone of it is the same list.
#[derive(Clone, Default)]
struct Orders(Arc<Mutex<Vec<Order>>>);

impl Orders {
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

/// The methods that aren't here, such as ListOrders, answer UNIMPLEMENTED by themselves.
#[tonic::async_trait]
impl OrderService for Orders {
    /// The order as it is kept, or INVALID_ARGUMENT for a piece that can't be ordered.
    async fn create_order(
        &self,
        request: Request<CreateOrderRequest>,
    ) -> Result<Response<CreateOrderResponse>, Status> {
        // Here is your part: `equipment` is a list of numbers, as they came. Look at them,
        // make an `Order` of the request, with an id that no other has (numbers counted up will
        // do), keep it and answer it.
        let _request = request.into_inner();
        Err(Status::unimplemented("nobody has written CreateOrder yet"))
    }

    /// The order as it is kept, or NOT_FOUND.
    async fn get_order(&self, request: Request<GetOrderRequest>) -> Result<Response<GetOrderResponse>, Status> {
        // And here: the order is found, if it is there, but not yet in the answer.
        let id = request.into_inner().id;
        let _found = self.all().into_iter().find(|order| order.id == id);
        Err(Status::unimplemented("nobody has written GetOrder yet"))
    }
}
