//! Real traffic: what a client and a server said, byte by byte.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lab_broker::embedded::Embedded;
use lab_orders::Store;
use lab_proto::pb;
use lab_proto::pb::order_service_client::OrderServiceClient;
use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::{Tap, Wire};

/// What passed over a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorded {
    pub(super) sent: Vec<u8>,
    pub(super) received: Vec<u8>,
}

type Tape = Arc<Mutex<Vec<Recorded>>>;

/// The connections of some ordinary calls, and the address that answers name.
pub(super) async fn traffic(wire: Wire) -> (Vec<Recorded>, SocketAddr) {
    let tape = Tape::default();
    let address = match wire {
        Wire::Http => http(record(Arc::clone(&tape), serve(wire).await).await).await,
        Wire::Grpc => grpc(record(Arc::clone(&tape), serve(wire).await).await).await,
        Wire::Kafka => kafka(Arc::clone(&tape)).await,
    };
    let recorded = tape.lock().expect("nobody panicked").clone();
    // What was opened, and never used.
    (recorded.into_iter().filter(|it| !it.sent.is_empty() && !it.received.is_empty()).collect(), address)
}

async fn serve(wire: Wire) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (store, stop) = (Store::in_memory().expect("a store"), CancellationToken::new());
    match wire {
        Wire::Http => drop(tokio::spawn(lab_rest::server::run(listener, store, stop))),
        _ => drop(tokio::spawn(lab_grpc::server::run(listener, store, stop))),
    }
    address
}

async fn http(address: SocketAddr) -> SocketAddr {
    let (client, orders) = (reqwest::Client::new(), format!("http://{address}/v1/orders"));
    let order = r#"{"created_by":"USER14","equipment":["KEYBOARD"]}"#;
    let mut watch = client.get(format!("{orders}/events")).send().await.expect("a watch");
    let import = client.post(format!("{orders}/import")).header("content-type", "application/x-ndjson").body(order);
    let create = client.post(&orders).header("content-type", "application/json").body(order);
    for request in [create, import, client.get(&orders), client.head(&orders), client.get(format!("{orders}/none"))] {
        request.send().await.expect("an answer").bytes().await.expect("a body");
    }
    watch.chunk().await.expect("an event");
    address
}

async fn grpc(address: SocketAddr) -> SocketAddr {
    let mut client = OrderServiceClient::connect(format!("http://{address}")).await.expect("connected");
    let watch = client.watch_orders(pb::WatchOrdersRequest::default()).await.expect("a watch");
    for _ in 0..3 {
        let equipment = vec![pb::Equipment::Mouse.into()];
        let order = pb::CreateOrderRequest { created_by: "USER14".into(), equipment };
        client.create_order(order).await.expect("created");
        client.get_order(pb::GetOrderRequest { id: "none".into() }).await.expect_err("no id");
    }
    watch.into_inner().message().await.expect("a position");
    address
}

/// Recorded behind a tap, which sees to it that all traffic passes.
async fn kafka(tape: Tape) -> SocketAddr {
    let broker = Embedded::start().expect("the embedded broker starts");
    broker.create_topic("lab.orders.v1", 3).expect("a new topic");
    let tap = Tap::start(Wire::Kafka, record(tape, broker.address()).await).await.expect("a tap");
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", tap.address().to_string());
    let producer: FutureProducer = config.create().expect("a producer");
    for key in ["a", "b", "c"] {
        let record = FutureRecord::to("lab.orders.v1").key(key).payload("{}");
        producer.send(record, Duration::ZERO).await.expect("delivered");
    }
    let mut config = config.clone();
    let consumer: StreamConsumer =
        config.set("group.id", "g").set("auto.offset.reset", "earliest").create().expect("a consumer");
    consumer.subscribe(&["lab.orders.v1"]).expect("subscribed");
    consumer.recv().await.expect("a record");
    broker.address()
}

/// A relay to that address that keeps what passes.
async fn record(tape: Tape, to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(to).await.expect("the server is there");
            let number = {
                let mut tape = tape.lock().expect("nobody panicked");
                tape.push(Recorded::default());
                tape.len() - 1
            };
            let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
            tokio::spawn(copy(from_client, to_server, Arc::clone(&tape), number, |it| &mut it.sent));
            tokio::spawn(copy(from_server, to_client, Arc::clone(&tape), number, |it| &mut it.received));
        }
    });
    address
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    tape: Tape,
    number: usize,
    way: fn(&mut Recorded) -> &mut Vec<u8>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        way(&mut tape.lock().expect("nobody panicked")[number]).extend_from_slice(&buffer[..length]);
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
