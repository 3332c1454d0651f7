//! What is gRPC's own: sizes, deadlines, bytes that are no message, health, reflection, trace ids.

use std::time::Duration;

use lab_proto::pb;
use rstest::rstest;
use tokio_stream::StreamExt;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::support::{
    MOUSE, Server, assert_leaks_nothing, create, get, patient_orders, trace_id, with_deadline, within,
};

const MIB: usize = 1 << 20;
const SERVICE: &str = "orders.v1.OrderService";

/// Sends a message of any type to any method.
async fn call(server: &Server, path: &'static str, message: impl prost::Message + 'static) -> Status {
    let mut grpc = Grpc::new(server.channel().await);
    grpc.ready().await.expect("it is there");
    let path = PathAndQuery::from_static(path);
    let answer = grpc.unary(Request::new(message), path, ProstCodec::<_, pb::CreateOrderResponse>::default()).await;
    let status = answer.expect_err("it is refused");
    assert_leaks_nothing(&format!("{status:?}"));
    status
}

#[tokio::test]
async fn a_message_of_more_than_1_mib_is_refused_and_the_server_goes_on() {
    let server = Server::grpc().await;
    let large = || pb::CreateOrderRequest { created_by: "x".repeat(MIB + 1), equipment: vec![MOUSE] };
    let status = server.orders().await.create_order(large()).await.expect_err("too large");
    assert!(matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted), "{status:?}");
    let lines = [pb::ImportOrdersRequest { created_by: "x".repeat(MIB + 1), equipment: vec![MOUSE] }];
    let status = server.orders().await.import_orders(tokio_stream::iter(lines)).await.expect_err("too large");
    assert!(matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted), "{status:?}");
    // A little less is read, and then judged as an order.
    let smaller = pb::CreateOrderRequest { created_by: "x".repeat(MIB - 16), equipment: vec![MOUSE] };
    let status = server.orders().await.create_order(smaller).await.expect_err("a long name");
    assert_eq!(status.code(), Code::InvalidArgument);
    create(&server, "USER14").await;
}

#[tokio::test]
async fn bytes_that_are_no_message_are_internal_by_the_codec() {
    let server = Server::grpc().await;
    // A number where the method has text.
    let wrong = pb::process_orders_request::Ready { count: 1 };
    let status = call(&server, "/orders.v1.OrderService/CreateOrder", wrong).await;
    assert_eq!(status.code(), Code::Internal, "{status:?}");
}

#[rstest]
#[case("/orders.v1.OrderService/CancelOrder")]
#[case("/orders.v2.OrderService/CreateOrder")]
#[case("/nowhere")]
#[tokio::test]
async fn a_method_that_is_not_there_is_unimplemented(#[case] path: &'static str) {
    let server = Server::grpc().await;
    let status = call(&server, path, pb::CreateOrderRequest::default()).await;
    assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
}

#[tokio::test]
async fn a_handler_that_outlasts_the_deadline_is_deadline_exceeded() {
    let server = Server::grpc().await;
    let order = pb::ImportOrdersRequest { created_by: "USER14".to_owned(), equipment: vec![MOUSE] };
    let endless = tokio_stream::once(order).chain(tokio_stream::pending());
    let mut client = patient_orders(&server).await;
    let call = client.import_orders(with_deadline(endless, Duration::from_millis(100)));
    let status = within("the deadline", call).await.expect_err("it never ends");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    let page = server.orders().await.list_orders(pb::ListOrdersRequest::default()).await.expect("a page");
    assert_eq!(page.into_inner().orders, [], "nothing was placed");
}

#[tokio::test]
async fn a_stream_that_outlasts_the_deadline_is_deadline_exceeded() {
    let server = Server::grpc().await;
    let watch = async |deadline| {
        let mut client = patient_orders(&server).await;
        let call = client.watch_orders(with_deadline(pb::WatchOrdersRequest::default(), deadline));
        let mut changes = within("the stream to open", call).await?.into_inner();
        let first = within("the position", changes.message()).await?;
        Ok::<_, Status>((first, within("the deadline", changes.message()).await))
    };
    // On a busy machine the first may pass before the stream is open.
    for milliseconds in [200, 2_000, 20_000] {
        match watch(Duration::from_millis(milliseconds)).await {
            Ok((first, ended)) => {
                assert!(first.is_some_and(|first| first.order.is_none()));
                return assert_eq!(ended.expect_err("the deadline passes").code(), Code::DeadlineExceeded);
            }
            Err(status) => assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}"),
        }
    }
    panic!("the stream never opened");
}

#[tokio::test]
async fn a_deadline_that_is_far_changes_nothing() {
    let server = Server::grpc().await;
    let order = create(&server, "USER14").await;
    let request = with_deadline(pb::GetOrderRequest { id: order.id.clone() }, Duration::from_secs(3_000));
    let answer = patient_orders(&server).await.get_order(request).await.expect("it is there");
    assert_eq!(answer.into_inner().order, Some(order));
}

async fn health(server: &Server) -> HealthClient<tonic::transport::Channel> {
    HealthClient::new(server.channel().await)
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

#[tokio::test]
async fn a_health_check_knows_the_server_and_its_service() {
    let server = Server::grpc().await;
    for service in ["", SERVICE] {
        let answer = health(&server).await.check(of(service)).await.expect("it is known").into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service:?}");
    }
    let status = health(&server).await.check(of("orders.v2.OrderService")).await.expect_err("unknown");
    assert_eq!(status.code(), Code::NotFound);
}

#[rstest]
#[case::the_server("", ServingStatus::Serving, ServingStatus::NotServing)]
#[case::its_service(SERVICE, ServingStatus::Serving, ServingStatus::NotServing)]
#[case::another("orders.v2.OrderService", ServingStatus::ServiceUnknown, ServingStatus::ServiceUnknown)]
#[tokio::test]
async fn a_health_watch_says_the_status_and_once_more_when_the_server_stops(
    #[case] service: &str,
    #[case] now: ServingStatus,
    #[case] last: ServingStatus,
) {
    let server = Server::grpc().await;
    let mut statuses = health(&server).await.watch(of(service)).await.expect("it opens").into_inner();
    let first = within("the status", statuses.message()).await.expect("no error").expect("a status");
    assert_eq!(first.status(), now);
    let stopped = tokio::spawn(server.stop());
    let second = within("the last status", statuses.message()).await.expect("no error").expect("a status");
    assert_eq!(second.status(), last);
    assert!(within("the end", statuses.message()).await.expect("no error").is_none());
    assert_eq!(stopped.await.expect("it stops").status, 0);
}

#[tokio::test]
async fn reflection_tells_the_services_and_their_schema() {
    let server = Server::grpc().await;
    let asked = [
        MessageRequest::ListServices(String::new()),
        MessageRequest::FileContainingSymbol(SERVICE.to_owned()),
        MessageRequest::FileContainingSymbol("grpc.health.v1.Health".to_owned()),
    ];
    let asked = asked.map(|message| ServerReflectionRequest { host: String::new(), message_request: Some(message) });
    let mut client = ServerReflectionClient::new(server.channel().await);
    let mut answers = client.server_reflection_info(tokio_stream::iter(asked)).await.expect("v1").into_inner();
    let mut next = async || answers.message().await.expect("no error").expect("an answer").message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = next().await else { panic!("no list") };
    let mut names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", SERVICE]);
    for _ in 0..2 {
        let answer = next().await;
        assert!(matches!(answer, Some(MessageResponse::FileDescriptorResponse(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_trace_of_its_call() {
    let server = Server::grpc().await;
    let order = create(&server, "USER14").await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traced = |id: &str, traceparent: &str| {
        let mut request = Request::new(pb::GetOrderRequest { id: id.to_owned() });
        request.metadata_mut().insert("traceparent", traceparent.parse().expect("ASCII"));
        request
    };
    let of = |metadata: &tonic::metadata::MetadataMap| {
        trace_id(metadata.get("traceparent").expect("a traceparent").to_str().expect("ASCII"))
    };
    let given = format!("00-{trace}-00f067aa0ba902b7-01");
    let mut orders = server.orders().await;
    let found = orders.get_order(traced(&order.id, &given)).await.expect("it is there");
    assert_eq!(of(found.metadata()), trace);
    let refused = orders.get_order(traced("nonsense", &given)).await.expect_err("no id");
    assert_eq!(of(refused.metadata()), trace);
    let replaced = orders.get_order(traced(&order.id, "nonsense")).await.expect("it is there");
    assert_ne!(of(replaced.metadata()), trace);
}

#[rstest]
#[case::http1("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
#[case::words("Is anybody there?\r\n\r\n")]
#[case::tls(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")]
#[case::frames_that_are_none(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff")]
#[tokio::test]
async fn bytes_that_are_no_call_end_their_connection_alone(#[case] bytes: impl AsRef<[u8]>) {
    let server = Server::grpc().await;
    server.raw(bytes.as_ref()).await;
    let order = create(&server, "USER14").await;
    assert_eq!(get(&server, &order.id).await, order);
}
