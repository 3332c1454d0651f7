//! gRPC, on lab-grpc.

use lab_proto::pb;
use lab_proto::pb::order_service_client::OrderServiceClient;
use lab_wiretap::{Call, Tap, Wire};
use tonic::transport::Channel;

use crate::support::{call, lab, within};

const CREATE: &str = "orders.v1.OrderService/CreateOrder";

async fn client(tap: &Tap) -> OrderServiceClient<Channel> {
    within(OrderServiceClient::connect(format!("http://{}", tap.address()))).await.expect("connected")
}

fn order() -> pb::CreateOrderRequest {
    let equipment = vec![pb::Equipment::Keyboard.into(), pb::Equipment::Mouse.into()];
    pb::CreateOrderRequest { created_by: "USER14".into(), equipment }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(this, _)| this == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn a_call_shows_messages_by_their_schema() {
    let tap = lab(Wire::Grpc).await;
    let mut client = client(&tap).await;
    let mut request = tonic::Request::new(order());
    request.metadata_mut().insert("x-note", "two words".parse().expect("metadata"));
    let created = within(client.create_order(request)).await.expect("created").into_inner().order.expect("an order");

    let call = call(&tap, |call| call.name == CREATE && call.ended).await;
    let [sent] = &call.sent.messages[..] else { panic!("one message: {call:#?}") };
    assert_eq!(sent.text, "created_by: \"USER14\"\nequipment: [KEYBOARD, MOUSE]");
    assert_eq!(sent.bytes, prost_length(&order()));
    let [received] = &call.received.messages[..] else { panic!("one message: {call:#?}") };
    assert!(
        received.text.starts_with(&format!("order {{\n  id: \"{}\"\n  created_by: \"USER14\"", created.id)),
        "{}",
        received.text
    );
    assert_eq!(received.bytes, prost_length(&pb::CreateOrderResponse { order: Some(created) }));
    assert_eq!(call.received.start, "OK");
    assert_eq!(header(&call.sent.headers, ":path"), Some("/orders.v1.OrderService/CreateOrder"));
    assert_eq!(header(&call.sent.headers, "x-note"), Some("two words"));
    assert_eq!(header(&call.received.headers, ":status"), Some("200"));
    assert_eq!(header(&call.received.headers, "grpc-status"), Some("0"));
    // A head of 9 bytes and one of 5, and headers before.
    assert!(call.sent.bytes > sent.bytes + 14 && call.sent.bytes < tap.bytes().sent, "{call:#?}");
}

fn prost_length(message: &impl prost::Message) -> u64 {
    message.encoded_len() as u64
}

#[tokio::test]
async fn a_failure_shows_its_status_and_message() {
    let tap = lab(Wire::Grpc).await;
    let mut client = client(&tap).await;
    let id = uuid::Uuid::now_v7().to_string();
    let status = within(client.get_order(pb::GetOrderRequest { id })).await.expect_err("there is none");
    let call = call(&tap, |call| call.ended).await;
    assert_eq!(call.received.start, format!("NOT_FOUND: {}", status.message()));
    assert_eq!(call.received.messages.len(), 0);
}

#[tokio::test]
async fn the_bytes_of_a_call_are_its_frames_to_the_last() {
    let tap = lab(Wire::Grpc).await;
    let mut client = client(&tap).await;
    let mut last = (0, 0);
    // The first calls fill the tables of headers; from then on one is like the other.
    for _ in 0..4 {
        tap.clear();
        let before = tap.bytes();
        within(client.create_order(order())).await.expect("created");
        let call = call(&tap, |call| call.ended).await;
        let all = tap.bytes();
        assert!(call.sent.bytes <= all.sent - before.sent && call.received.bytes <= all.received - before.received);
        last = (call.sent.bytes, call.received.bytes);
    }
    let frames = 3 * 9 + 5 + prost_length(&order());
    assert!((frames - 9..frames + 60).contains(&last.0), "headers come from the table: {last:?}");
}

#[tokio::test]
async fn a_stream_is_under_way_until_it_is_cut() {
    let tap = lab(Wire::Grpc).await;
    let mut client = client(&tap).await;
    let watch = client.watch_orders(pb::WatchOrdersRequest::default());
    let mut watch = within(watch).await.expect("a watch").into_inner();
    within(client.create_order(order())).await.expect("created");
    let fits = |call: &Call| call.name.ends_with("/WatchOrders") && call.received.messages.len() >= 2;
    let seen = call(&tap, fits).await;
    assert!(!seen.ended);
    assert!(seen.received.messages[1].text.contains("created_by: \"USER14\""), "{:?}", seen.received.messages);
    within(watch.message()).await.expect("open").expect("a position");
    within(watch.message()).await.expect("open").expect("a change");
    tap.cut();
    assert!(call(&tap, |call| fits(call) && call.ended).await.received.start.is_empty(), "no status came");
    within(watch.message()).await.expect_err("it is cut");
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_its_stream() {
    let tap = lab(Wire::Grpc).await;
    let mut client = client(&tap).await;
    let watch = within(client.watch_orders(pb::WatchOrdersRequest::default())).await.expect("a watch");
    drop(watch);
    let call = call(&tap, |call| call.ended).await;
    assert_eq!(call.sent.start, "RST_STREAM: CANCEL");
    within(client.create_order(order())).await.expect("the connection is still there");
}
