//! tonic's own server and one message: no store, no limits, no logs.

use lab_orders::Order;
use lab_proto::pb::order_service_server::{OrderService, OrderServiceServer};
use lab_proto::pb::{
    CreateOrderRequest, CreateOrderResponse, DeleteOrderRequest, DeleteOrderResponse, GetOrderRequest,
    GetOrderResponse, ImportOrdersRequest, ImportOrdersResponse, ListOrdersRequest, ListOrdersResponse,
    ProcessOrdersRequest, ProcessOrdersResponse, UpdateOrderRequest, UpdateOrderResponse, WatchOrdersRequest,
    WatchOrdersResponse,
};
use tokio::net::TcpListener;
use tokio_stream::Empty;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

pub(crate) async fn run(listener: TcpListener, order: Order) {
    let answer = GetOrderResponse { order: Some(order.into()) };
    let service = OrderServiceServer::new(OneOrder { answer });
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    // Its failure shows at the other end.
    let _ = Server::builder().add_service(service).serve_with_incoming(incoming).await;
}

struct OneOrder {
    answer: GetOrderResponse,
}

type Answer<T> = Result<Response<T>, Status>;

fn no<T>() -> Answer<T> {
    Err(Status::unimplemented("this peer answers GetOrder alone"))
}

#[tonic::async_trait]
impl OrderService for OneOrder {
    async fn get_order(&self, _: Request<GetOrderRequest>) -> Answer<GetOrderResponse> {
        Ok(Response::new(self.answer.clone()))
    }

    async fn create_order(&self, _: Request<CreateOrderRequest>) -> Answer<CreateOrderResponse> {
        no()
    }

    async fn list_orders(&self, _: Request<ListOrdersRequest>) -> Answer<ListOrdersResponse> {
        no()
    }

    async fn update_order(&self, _: Request<UpdateOrderRequest>) -> Answer<UpdateOrderResponse> {
        no()
    }

    async fn delete_order(&self, _: Request<DeleteOrderRequest>) -> Answer<DeleteOrderResponse> {
        no()
    }

    type WatchOrdersStream = Empty<Result<WatchOrdersResponse, Status>>;

    async fn watch_orders(&self, _: Request<WatchOrdersRequest>) -> Answer<Self::WatchOrdersStream> {
        no()
    }

    async fn import_orders(&self, _: Request<Streaming<ImportOrdersRequest>>) -> Answer<ImportOrdersResponse> {
        no()
    }

    type ProcessOrdersStream = Empty<Result<ProcessOrdersResponse, Status>>;

    async fn process_orders(&self, _: Request<Streaming<ProcessOrdersRequest>>) -> Answer<Self::ProcessOrdersStream> {
        no()
    }
}
