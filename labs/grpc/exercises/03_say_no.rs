//! grpc/03: say no in gRPC's words: the right code, and details that name every fault.
//!
//! `cargo lab show grpc/03` has the task, `cargo lab check grpc/03` grades this
//! program over the wire, `cargo lab hint grpc/03` helps.

use std::sync::{Arc, Mutex, PoisonError};

use pb::order_service_server::{OrderService, OrderServiceServer};
use pb::{
    CreateOrderRequest, CreateOrderResponse, DeleteOrderRequest, DeleteOrderResponse, GetOrderRequest,
    GetOrderResponse, Order,
};
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// Made by build.rs from proto/orders/v1/orders.proto: messages, enums, and both sides of the service.
#[allow(warnings)]
mod pb {
    tonic::include_proto!("orders.v1");
}

/// One thing that is wrong with a request, and in which field.
struct Fault {
    field: String,
    description: &'static str,
}

/// INVALID_ARGUMENT, with a google.rpc.BadRequest in its details.
fn invalid(faults: Vec<Fault>) -> Status {
    // Here is a part of yours: `tonic_types` has ErrorDetails and StatusExt.
    let said: Vec<_> = faults.iter().map(|fault| format!("{}: {}", fault.field, fault.description)).collect();
    Status::unimplemented(said.join("; "))
}

/// All that is wrong with it.
fn faults(_request: &CreateOrderRequest) -> Vec<Fault> {
    // And here.
    vec![Fault { field: "created_by".to_owned(), description: "nobody looks at requests yet" }]
}

/// All orders, in memory. Each clone of it is the same list.
#[derive(Clone, Default)]
struct Orders(Arc<Mutex<Vec<Order>>>);

impl Orders {
    /// Keeps it, unless whoever it is for has one already.
    fn place(&self, request: CreateOrderRequest) -> Result<Order, Status> {
        // And here: who looks first and keeps it later has two of them one day.
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = format!("order-{}", orders.len() + 1);
        let order = Order { id, created_by: request.created_by, equipment: request.equipment, ..Order::default() };
        orders.push(order.clone());
        Ok(order)
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
    /// The order as it is kept; INVALID_ARGUMENT or ALREADY_EXISTS.
    async fn create_order(
        &self,
        request: Request<CreateOrderRequest>,
    ) -> Result<Response<CreateOrderResponse>, Status> {
        let request = request.into_inner();
        let faults = faults(&request);
        if !faults.is_empty() {
            return Err(invalid(faults));
        }
        Ok(Response::new(CreateOrderResponse { order: Some(self.place(request)?) }))
    }

    /// The order as it is kept; INVALID_ARGUMENT or NOT_FOUND.
    async fn get_order(&self, _request: Request<GetOrderRequest>) -> Result<Response<GetOrderResponse>, Status> {
        // And here.
        Err(Status::unimplemented("nobody has written GetOrder yet"))
    }

    /// Removes it; INVALID_ARGUMENT or NOT_FOUND.
    async fn delete_order(
        &self,
        _request: Request<DeleteOrderRequest>,
    ) -> Result<Response<DeleteOrderResponse>, Status> {
        // And here. With fewer orders than before, is their number still an id that no other has?
        Err(Status::unimplemented("nobody has written DeleteOrder yet"))
    }
}
