//! grpc/03: say no in gRPC's words: the right code, and details that name every fault.

use std::sync::{Arc, Mutex, PoisonError};

use pb::order_service_server::{OrderService, OrderServiceServer};
use pb::{
    CreateOrderRequest, CreateOrderResponse, DeleteOrderRequest, DeleteOrderResponse, Equipment, GetOrderRequest,
    GetOrderResponse, Order,
};
use tonic::transport::Server;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

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

/// INVALID_ARGUMENT, with a google.rpc.BadRequest in its details: the code is for programs that
/// decide whether to try again, the details for those that mark the field, the text for people.
fn invalid(faults: Vec<Fault>) -> Status {
    let mut details = ErrorDetails::new();
    for fault in faults {
        details.add_bad_request_violation(fault.field, fault.description);
    }
    Status::with_error_details(Code::InvalidArgument, "the request breaks rules: its details say which", details)
}

/// All that is wrong with it: whoever is told one at a time mends and sends as often as there are.
fn faults(request: &CreateOrderRequest) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut require = |holds: bool, field: String, description| {
        if !holds {
            faults.push(Fault { field, description });
        }
    };
    let characters = request.created_by.chars().count();
    require((1..=64).contains(&characters), "created_by".to_owned(), "must be 1 to 64 characters");
    require(!request.equipment.is_empty(), "equipment".to_owned(), "must be at least one piece");
    for (index, number) in request.equipment.iter().enumerate() {
        let field = || format!("equipment[{index}]");
        let known = Equipment::try_from(*number).is_ok_and(|item| item != Equipment::Unspecified);
        require(known, field(), "must be a piece that can be ordered");
        let before = request.equipment[..index].iter().filter(|&other| other == number).count();
        require(!known || before < 2, field(), "is ordered twice already");
    }
    faults
}

/// Of a request that has an id alone.
fn require_id(id: &str) -> Result<(), Status> {
    if id.is_empty() {
        return Err(invalid(vec![Fault { field: "id".to_owned(), description: "must be the id of an order" }]));
    }
    Ok(())
}

fn not_found() -> Status {
    Status::not_found("there is no order with this id")
}

/// All orders, in memory, and how many there ever were. Each clone of it is the same.
#[derive(Clone, Default)]
struct Orders(Arc<Mutex<(Vec<Order>, u64)>>);

impl Orders {
    /// Keeps it, unless whoever it is for has one already: both under one lock, so that no other
    /// call comes in between.
    fn place(&self, request: CreateOrderRequest) -> Result<Order, Status> {
        let (orders, placed) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if orders.iter().any(|order| order.created_by == request.created_by) {
            return Err(Status::already_exists("there is an order for this person already"));
        }
        *placed += 1;
        let id = format!("order-{placed}");
        let order = Order { id, created_by: request.created_by, equipment: request.equipment, ..Order::default() };
        orders.push(order.clone());
        Ok(order)
    }

    fn get(&self, id: &str) -> Option<Order> {
        let (orders, _) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner);
        orders.iter().find(|order| order.id == id).cloned()
    }

    fn delete(&self, id: &str) -> Option<Order> {
        let (orders, _) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = orders.iter().position(|order| order.id == id)?;
        Some(orders.remove(index))
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
    /// The order as it is kept. First what is wrong with the request whatever is stored
    /// (INVALID_ARGUMENT), then what is in its way now (ALREADY_EXISTS).
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
    async fn get_order(&self, request: Request<GetOrderRequest>) -> Result<Response<GetOrderResponse>, Status> {
        let id = request.into_inner().id;
        require_id(&id)?;
        let order = self.get(&id).ok_or_else(not_found)?;
        Ok(Response::new(GetOrderResponse { order: Some(order) }))
    }

    /// Removes it; INVALID_ARGUMENT or NOT_FOUND.
    async fn delete_order(
        &self,
        request: Request<DeleteOrderRequest>,
    ) -> Result<Response<DeleteOrderResponse>, Status> {
        let id = request.into_inner().id;
        require_id(&id)?;
        self.delete(&id).ok_or_else(not_found)?;
        Ok(Response::new(DeleteOrderResponse {}))
    }
}
