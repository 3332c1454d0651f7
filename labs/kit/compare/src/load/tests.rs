//! An answer that is wrong must not count.

use std::net::SocketAddr;

use anyhow::Result;
use lab_orders::{Order, OrderDraft, Store};
use lab_proto::pb;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Connection, GrpcTarget, HttpTarget, Target};
use crate::servers;

const RIGHT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Answers the first connection with `first`, each later one with `later`.
async fn changes(first: &'static str, later: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        for answer in [first].into_iter().chain(std::iter::repeat(later)) {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

async fn ask_again(later: &'static str) -> Result<u64> {
    let address = changes(RIGHT, later).await;
    let (target, _) = HttpTarget::get(address, "/").await.expect("the first answer is right");
    target.connect().await.expect("it listens").step().await
}

#[tokio::test]
async fn an_http_answer_counts_when_it_has_the_status_and_the_layout_of_the_first() {
    assert_eq!(ask_again(RIGHT).await.expect("the same"), 1);
    for wrong in [
        "HTTP/1.1 503 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\noka",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\no",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-le: 2\r\n\r\n",
        "",
    ] {
        assert!(ask_again(wrong).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn an_http_answer_must_have_the_expected_status_from_the_start() {
    let address = changes("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", RIGHT).await;
    assert!(HttpTarget::get(address, "/").await.is_err());
}

#[tokio::test]
async fn a_grpc_answer_counts_when_its_message_is_the_expected_one() {
    let order = placed_order().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(servers::bare_grpc(listener, order.clone()));

    let call = |method| GrpcTarget::new(address, method, &pb::GetOrderRequest { id: order.id.to_string() }, 3);
    let ask = async |target: GrpcTarget| target.connect().await.expect("it listens").step().await;
    let get = || call("/orders.v1.OrderService/GetOrder");
    let right = pb::GetOrderResponse { order: Some(order.clone().into()) };
    assert!(ask(get().expecting(&right)).await.is_ok_and(|answered| (1..=3).contains(&answered)));
    let wrong = pb::GetOrderResponse { order: None };
    assert!(ask(get().expecting(&wrong)).await.is_err(), "another message");
    assert!(ask(call("/orders.v1.OrderService/ListOrders")).await.is_err(), "a status and no message");
}

async fn placed_order() -> Order {
    let draft = OrderDraft::from_json(br#"{"created_by":"USER14","equipment":["KEYBOARD"]}"#).expect("JSON");
    let store = Store::in_memory().expect("memory");
    store.create(draft.parse().expect("an order")).await.expect("it is placed")
}
