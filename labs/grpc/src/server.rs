//! The server: each verb is a call of `orders.v1.OrderService`.
//!
//! | verb    | call                                    | shape                   |
//! |---------|-----------------------------------------|-------------------------|
//! | health  | `grpc.health.v1.Health/Check`, `Watch`  | unary, server streaming |
//! | create  | `CreateOrder`                           | unary                   |
//! | get     | `GetOrder`                              | unary                   |
//! | list    | `ListOrders`                            | unary, in pages         |
//! | update  | `UpdateOrder` with an etag              | unary                   |
//! | delete  | `DeleteOrder`, perhaps with an etag     | unary                   |
//! | watch   | `WatchOrders`                           | server streaming        |
//! | import  | `ImportOrders`                          | client streaming        |
//! | process | `ProcessOrders`                         | bidirectional           |
//!
//! Run it: `cargo run -p lab-grpc --bin server`. What goes wrong is in [`crate::error`].

use axum::Router;
use axum::middleware::from_fn;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use lab_console::{Failure, Output};
use lab_lifecycle::{Limits, Protocol};
use lab_orders::{DeleteDraft, ListDraft, OrderDraft, OrderId, Store, UpdateDraft, WatchFrom};
use lab_proto::pb::order_service_server::{OrderService, OrderServiceServer};
use lab_proto::pb::{
    CreateOrderRequest, CreateOrderResponse, DeleteOrderRequest, DeleteOrderResponse, GetOrderRequest,
    GetOrderResponse, ImportOrdersRequest, ImportOrdersResponse, ListOrdersRequest, ListOrdersResponse,
    ProcessOrdersRequest, ProcessOrdersResponse, UpdateOrderRequest, UpdateOrderResponse, WatchOrdersRequest,
    WatchOrdersResponse,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

use crate::config::ServerArgs;
use crate::error::to_status;
use crate::{health, import, limits, process, wire};

/// Opens the store, binds, and serves until Ctrl-C or SIGTERM.
pub async fn serve(args: ServerArgs) -> Result<(), Failure> {
    let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
    let Some(store) = args.database.open_unless(stop.cancelled()).await? else { return Ok(()) };
    let listener = lab_console::bind(&args.listen, args.insecure).await?;
    let address = listener.local_addr().map_err(Failure::no_address)?;
    let line = format!("gRPC server on {address}, {}", args.database.describe());
    Output::new(args.output.json).listening(address, &line)?;
    run(listener, store, stop).await;
    Ok(())
}

/// Serves until `stop`; then finishes what is in flight, ends watches, and closes the store.
pub async fn run(listener: TcpListener, store: Store, stop: CancellationToken) {
    let app = app(store.clone(), stop.clone());
    lab_lifecycle::serve(listener, Protocol::Http2, app, &Limits::default(), stop).await;
    store.close();
}

/// The services, callable without a socket. Watches end at `stop`.
pub fn app(store: Store, stop: CancellationToken) -> Router {
    let orders = App { store, stop: stop.clone(), imports: limits::Imports::default() };
    Routes::new(OrderServiceServer::new(orders).max_decoding_message_size(limits::MESSAGE_BYTES))
        .add_service(health::service(stop))
        .add_service(wire::reflection())
        .add_service(wire::reflection_v1alpha())
        .into_axum_router()
        .layer(from_fn(limits::handler_time))
}

/// What the handlers share.
#[derive(Clone)]
pub struct App {
    pub(crate) store: Store,
    pub(crate) stop: CancellationToken,
    pub(crate) imports: limits::Imports,
}

#[tonic::async_trait]
impl OrderService for App {
    /// `CreateOrder` → the order as it is stored.
    async fn create_order(
        &self,
        request: Request<CreateOrderRequest>,
    ) -> Result<Response<CreateOrderResponse>, Status> {
        let draft = OrderDraft::from(request.into_inner());
        let order = self.store.create(draft.parse().map_err(to_status)?).await.map_err(to_status)?;
        Ok(Response::new(CreateOrderResponse { order: Some(order.into()) }))
    }

    /// `GetOrder` → the order as it is stored.
    async fn get_order(&self, request: Request<GetOrderRequest>) -> Result<Response<GetOrderResponse>, Status> {
        let id = OrderId::parse(&request.into_inner().id).map_err(to_status)?;
        let order = self.store.get(id).await.map_err(to_status)?;
        Ok(Response::new(GetOrderResponse { order: Some(order.into()) }))
    }

    /// `ListOrders` → a page, in the order of creation (AIP-158).
    async fn list_orders(&self, request: Request<ListOrdersRequest>) -> Result<Response<ListOrdersResponse>, Status> {
        let draft = ListDraft::from(request.into_inner());
        let page = self.store.list(draft.parse().map_err(to_status)?).await.map_err(to_status)?;
        Ok(Response::new(wire::page_message(page)))
    }

    /// `UpdateOrder` with an etag → the order as it is stored now (AIP-154).
    async fn update_order(
        &self,
        request: Request<UpdateOrderRequest>,
    ) -> Result<Response<UpdateOrderResponse>, Status> {
        let draft = UpdateDraft::from(request.into_inner());
        let order = self.store.update(draft.parse().map_err(to_status)?).await.map_err(to_status)?;
        Ok(Response::new(UpdateOrderResponse { order: Some(order.into()) }))
    }

    /// `DeleteOrder` → nothing. The etag guards it when it is there.
    async fn delete_order(
        &self,
        request: Request<DeleteOrderRequest>,
    ) -> Result<Response<DeleteOrderResponse>, Status> {
        let draft = DeleteDraft::from(request.into_inner());
        self.store.delete(draft.parse().map_err(to_status)?).await.map_err(to_status)?;
        Ok(Response::new(DeleteOrderResponse {}))
    }

    type WatchOrdersStream = BoxStream<'static, Result<WatchOrdersResponse, Status>>;

    /// `WatchOrders` → a stream: first the position, then each change once, in order.
    async fn watch_orders(
        &self,
        request: Request<WatchOrdersRequest>,
    ) -> Result<Response<Self::WatchOrdersStream>, Status> {
        let from = WatchFrom::parse(Some(&request.into_inner().position)).map_err(to_status)?;
        let watch = self.store.watch(from).await.map_err(to_status)?;
        let first = wire::position_message(watch.position());
        let changes = watch.changes().map_ok(wire::change_message).map_err(to_status);
        // An error in the middle is the status at the end; the client comes back with its last position.
        let messages = stream::once(async { Ok(first) }).chain(changes).take_until(self.stop.clone().cancelled_owned());
        Ok(Response::new(messages.boxed()))
    }

    /// `ImportOrders`: a stream of orders → what became of each.
    async fn import_orders(
        &self,
        request: Request<Streaming<ImportOrdersRequest>>,
    ) -> Result<Response<ImportOrdersResponse>, Status> {
        let _turn = self.imports.turn().await?;
        let lines = import::read_lines(request.into_inner()).await?;
        Ok(Response::new(import::place_orders(&self.store, lines).await))
    }

    type ProcessOrdersStream = BoxStream<'static, Result<ProcessOrdersResponse, Status>>;

    /// `ProcessOrders`: a worker's `ready` and results → orders on a lease.
    async fn process_orders(
        &self,
        request: Request<Streaming<ProcessOrdersRequest>>,
    ) -> Result<Response<Self::ProcessOrdersStream>, Status> {
        let orders = process::hand_out(self.store.clone(), request.into_inner());
        Ok(Response::new(orders.take_until(self.stop.clone().cancelled_owned()).boxed()))
    }
}
