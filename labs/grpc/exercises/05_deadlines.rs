//! grpc/05: a server in the middle, which passes the deadline on and tries again what may be.
//!
//! `cargo lab show grpc/05` has the task, `cargo lab check grpc/05` grades this
//! program over the wire, `cargo lab hint grpc/05` helps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pb::orders::v1::order_service_server::{OrderService, OrderServiceServer};
use pb::orders::v1::{CreateOrderRequest, CreateOrderResponse, GetOrderRequest, GetOrderResponse, Order};
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// Made by build.rs from proto/. The modules are nested as the packages are: one names the other's types.
#[allow(warnings)]
mod pb {
    pub mod orders {
        pub mod v1 {
            tonic::include_proto!("orders.v1");
        }
    }
    pub mod warehouse {
        pub mod v1 {
            tonic::include_proto!("warehouse.v1");
        }
    }
}

/// All orders, in memory. Each clone is the same. The way to the warehouse may stand beside them:
/// a `pb::warehouse::v1::warehouse_service_client::WarehouseServiceClient<Channel>`.
#[derive(Clone, Default)]
struct Orders {
    orders: Arc<Mutex<HashMap<String, Order>>>,
}

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_GRPC_ADDR").unwrap_or("127.0.0.1:50051".to_owned());
    let address = address.parse().expect("an address and a port");
    // The warehouse's address is told in the same way, in LAB_WAREHOUSE_ADDR. Nobody reads it yet.
    let orders = OrderServiceServer::new(Orders::default());
    Server::builder().add_service(orders).serve(address).await.expect("the port is free");
}

#[tonic::async_trait]
impl OrderService for Orders {
    /// The order as it is kept; or what the warehouse answers, if that isn't OK.
    async fn create_order(
        &self,
        _request: Request<CreateOrderRequest>,
    ) -> Result<Response<CreateOrderResponse>, Status> {
        // Here is your part.
        Err(Status::unimplemented("nobody has written CreateOrder yet"))
    }

    /// The order as it is kept, or NOT_FOUND. You have it from grpc/01.
    async fn get_order(&self, request: Request<GetOrderRequest>) -> Result<Response<GetOrderResponse>, Status> {
        let id = request.into_inner().id;
        let order = self.orders().get(&id).cloned();
        let order = order.ok_or_else(|| Status::not_found(format!("there is no order {id}")))?;
        Ok(Response::new(GetOrderResponse { order: Some(order) }))
    }
}

impl Orders {
    /// A std lock: the compiler doesn't let a method keep it over an `.await`.
    fn orders(&self) -> MutexGuard<'_, HashMap<String, Order>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
