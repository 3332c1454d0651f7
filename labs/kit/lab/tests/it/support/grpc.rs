//! Calls of a gRPC server.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use lab_proto::pb;
use lab_proto::pb::order_service_client::OrderServiceClient;
use lab_proto::pb::process_orders_request::{Message, Ready, Result as WorkResult};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::codegen::{Service, http};
use tonic::{Code, Request, Status, Streaming};
use tonic_types::StatusExt;

use super::{Server, assert_leaks_nothing, within};

/// What a status says to a program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    /// ErrorInfo's.
    pub(crate) reason: String,
    /// The fields of BadRequest, sorted.
    pub(crate) fields: Vec<String>,
}

/// A refusal for this reason, which names these fields.
pub(crate) fn refusal(code: Code, reason: &str, fields: &[&str]) -> Refused {
    Refused { code, reason: reason.to_owned(), fields: fields.iter().map(ToString::to_string).collect() }
}

/// Reads what a call was refused with.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> Refused {
    let status = answer.expect_err("it should be refused");
    assert_leaks_nothing(&format!("{status:?}"));
    assert!(!status.message().is_empty(), "{status:?}");
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!(info.domain, "lab.orders");
    let violations = details.bad_request().map_or(&[][..], |bad| &bad.field_violations);
    assert!(violations.iter().all(|violation| !violation.description.is_empty()), "{status:?}");
    let mut fields: Vec<_> = violations.iter().map(|violation| violation.field.clone()).collect();
    fields.sort_unstable();
    Refused { code: status.code(), reason: info.reason.clone(), fields }
}

/// Equipment by number, as it travels.
pub(crate) const KEYBOARD: i32 = pb::Equipment::Keyboard as i32;
pub(crate) const MOUSE: i32 = pb::Equipment::Mouse as i32;

/// Places an order for a mouse.
pub(crate) async fn create(server: &Server, created_by: &str) -> pb::Order {
    let request = pb::CreateOrderRequest { created_by: created_by.to_owned(), equipment: vec![MOUSE] };
    let answer = server.orders().await.create_order(request).await.expect("it is taken");
    answer.into_inner().order.expect("an order")
}

/// Reads an order.
pub(crate) async fn get(server: &Server, id: &str) -> pb::Order {
    let answer = server.orders().await.get_order(pb::GetOrderRequest { id: id.to_owned() }).await;
    answer.expect("it is there").into_inner().order.expect("an order")
}

/// A client without tonic's own clock, which would end a call before the server does.
pub(crate) async fn patient_orders(
    server: &Server,
) -> OrderServiceClient<
    impl Service<
        http::Request<tonic::body::Body>,
        Response = http::Response<hyper::body::Incoming>,
        Error = hyper::Error,
        Future: Send,
    > + Clone,
> {
    let stream = TcpStream::connect(server.address).await.expect("it listens");
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = handshake.await.expect("it speaks HTTP/2");
    tokio::spawn(connection);
    let service = tower::service_fn(move |request| sender.clone().send_request(request));
    OrderServiceClient::with_origin(service, format!("http://{}", server.address).parse().expect("an address"))
}

/// A request that gives the server so long.
pub(crate) fn with_deadline<T>(message: T, deadline: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(deadline);
    request
}

/// A worker on a connection of its own; dropping it is its death.
pub(crate) struct Worker {
    to_server: mpsc::UnboundedSender<pb::ProcessOrdersRequest>,
    orders: Streaming<pb::ProcessOrdersResponse>,
}

impl Worker {
    /// Opens the stream, and says this.
    pub(crate) async fn start(server: &Server, first: &[pb::ProcessOrdersRequest]) -> Self {
        let (to_server, said) = mpsc::unbounded_channel();
        let mut client = server.orders().await;
        let call = client.process_orders(UnboundedReceiverStream::new(said));
        let orders = within("the stream to open", call).await.expect("it opens").into_inner();
        let worker = Self { to_server, orders };
        first.iter().for_each(|message| worker.say(message.clone()));
        worker
    }

    pub(crate) fn ready(count: u32) -> pb::ProcessOrdersRequest {
        pb::ProcessOrdersRequest { message: Some(Message::Ready(Ready { count })) }
    }

    pub(crate) fn result(id: &str, etag: &str, succeeded: bool) -> pb::ProcessOrdersRequest {
        let result = WorkResult { id: id.to_owned(), etag: etag.to_owned(), succeeded };
        pb::ProcessOrdersRequest { message: Some(Message::Result(result)) }
    }

    pub(crate) fn say(&self, message: pb::ProcessOrdersRequest) {
        // When the server has ended the stream, its status says why.
        let _ = self.to_server.send(message);
    }

    /// The next order that it is handed.
    pub(crate) async fn next(&mut self) -> pb::Order {
        let message = within("an order", self.orders.message()).await.expect("no error");
        message.expect("the stream goes on").order.expect("an order")
    }

    /// Says no more, and reads to the end: what it was still handed, and how it ended.
    pub(crate) async fn half_close(self) -> (Vec<pb::Order>, Result<(), Status>) {
        let Self { to_server, orders } = self;
        drop(to_server);
        rest_of(orders).await
    }

    /// Reads to the end, which the server makes.
    pub(crate) async fn end(self) -> (Vec<pb::Order>, Result<(), Status>) {
        let Self { to_server: _open, orders } = self;
        rest_of(orders).await
    }
}

async fn rest_of(mut orders: Streaming<pb::ProcessOrdersResponse>) -> (Vec<pb::Order>, Result<(), Status>) {
    let mut handed = Vec::new();
    loop {
        match within("the end of the stream", orders.message()).await {
            Ok(Some(message)) => handed.push(message.order.expect("an order")),
            Ok(None) => return (handed, Ok(())),
            Err(status) => return (handed, Err(status)),
        }
    }
}
