//! grpc/05: a server in the middle, which passes the deadline on and tries again what may be.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use pb::orders::v1::order_service_server::{OrderService, OrderServiceServer};
use pb::orders::v1::{CreateOrderRequest, CreateOrderResponse, GetOrderRequest, GetOrderResponse, Order, OrderStatus};
use pb::warehouse::v1::warehouse_service_client::WarehouseServiceClient;
use pb::warehouse::v1::{Item, ReserveRequest};
use tokio::time::{Instant, sleep, timeout_at};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status};

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

/// For the whole call, where the caller has set no time.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(2);
const ATTEMPTS: u32 = 3;
/// Before the second attempt; it doubles from one to the next.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// All orders, in memory, and the way to the warehouse. Each clone is the same.
#[derive(Clone)]
struct Orders {
    orders: Arc<Mutex<HashMap<String, Order>>>,
    warehouse: WarehouseServiceClient<Channel>,
}

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_GRPC_ADDR").unwrap_or("127.0.0.1:50051".to_owned());
    let address = address.parse().expect("an address and a port");
    let warehouse = std::env::var("LAB_WAREHOUSE_ADDR").unwrap_or("127.0.0.1:50052".to_owned());
    let warehouse = Endpoint::from_shared(format!("http://{warehouse}")).expect("an address and a port");
    // It connects with the first call, and again when the connection is lost: this server starts
    // and lives without the warehouse. All calls share the connection.
    let warehouse = WarehouseServiceClient::new(warehouse.connect_lazy());
    let orders = OrderServiceServer::new(Orders { orders: Arc::default(), warehouse });
    Server::builder().add_service(orders).serve(address).await.expect("the port is free");
}

#[tonic::async_trait]
impl OrderService for Orders {
    /// The order as it is kept; or what the warehouse answers, if that isn't OK.
    async fn create_order(
        &self,
        request: Request<CreateOrderRequest>,
    ) -> Result<Response<CreateOrderResponse>, Status> {
        // The header is a length of time, the deadline a moment: so it is read once, and first of all.
        let deadline = Instant::now() + time_left(request.metadata()).unwrap_or(WITHOUT_DEADLINE);
        let order = new_order(request.into_inner());
        // Nothing is spawned: when tonic drops this future, because the caller has cancelled or its
        // time is over, the call to the warehouse is dropped with it, and so is the wait before one.
        let reserved = timeout_at(deadline, self.reserve(&order, deadline)).await;
        reserved.unwrap_or_else(|_| Err(Status::deadline_exceeded("the warehouse hasn't answered in time")))?;
        self.orders().insert(order.id.clone(), order.clone());
        Ok(Response::new(CreateOrderResponse { order: Some(order) }))
    }

    /// The order as it is kept, or NOT_FOUND.
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

    /// Sets the order's pieces aside.
    async fn reserve(&self, order: &Order, deadline: Instant) -> Result<(), Status> {
        // The same in each attempt: by its id the warehouse knows that it is one reservation.
        let message = reservation(order);
        let (mut attempt, mut wait) = (1, FIRST_WAIT);
        loop {
            let mut request = Request::new(message.clone());
            // As `grpc-timeout`, which the warehouse sees. `Endpoint::timeout` would stay here.
            request.set_timeout(deadline.saturating_duration_since(Instant::now()));
            let status = match self.warehouse.clone().reserve(request).await {
                Ok(_) => return Ok(()),
                Err(status) => status,
            };
            // UNAVAILABLE alone says that nobody could look, and that the next moment may be better.
            if status.code() != Code::Unavailable || attempt == ATTEMPTS || Instant::now() + wait >= deadline {
                return Err(Status::new(status.code(), status.message()));
            }
            // A real client would draw half of it at random, as rest/07 does.
            sleep(wait).await;
            attempt += 1;
            wait *= 2;
        }
    }
}

fn new_order(request: CreateOrderRequest) -> Order {
    Order {
        // Random, for the warehouse remembers ids longer than this server does. It is the standard
        // library's only source of random numbers: each of these has keys of its own.
        id: format!("{:016x}", RandomState::new().hash_one(&request.created_by)),
        created_by: request.created_by,
        equipment: request.equipment,
        status: OrderStatus::Queued.into(),
        created_at: Some(SystemTime::now().into()),
        ..Order::default()
    }
}

/// An order is a list of pieces, a reservation counts them.
fn reservation(order: &Order) -> ReserveRequest {
    let mut counts = BTreeMap::new();
    for &equipment in &order.equipment {
        *counts.entry(equipment).or_default() += 1;
    }
    let items = counts.into_iter().map(|(equipment, count)| Item { equipment, count }).collect();
    ReserveRequest { order_id: order.id.clone(), items }
}

/// What `grpc-timeout` says: at most 8 digits and a unit. tonic reads it as well, but doesn't tell.
fn time_left(metadata: &MetadataMap) -> Option<Duration> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3_600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}
