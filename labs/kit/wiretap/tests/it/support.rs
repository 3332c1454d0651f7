//! Servers to tap, and bounds for waits.

use std::net::SocketAddr;
use std::time::Duration;

use lab_orders::Store;
use lab_wiretap::{Call, Tap, Wire};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);

/// Waits no longer than a test may.
pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("it comes in time")
}

/// The call that fits, once there is one.
pub(crate) async fn call(tap: &Tap, fits: impl Fn(&Call) -> bool) -> Call {
    match timeout(PATIENCE, tap.wait_for(fits)).await {
        Ok(call) => call,
        Err(_) => panic!("no call fits, of these: {:#?}", tap.calls()),
    }
}

/// A server of the lab behind a tap. It lives as long as the test's runtime.
pub(crate) async fn lab(wire: Wire) -> Tap {
    let (listener, address) = listen().await;
    let (store, stop) = (Store::in_memory().expect("a store"), CancellationToken::new());
    match wire {
        Wire::Http => drop(tokio::spawn(lab_rest::server::run(listener, store, stop))),
        Wire::Grpc => drop(tokio::spawn(lab_grpc::server::run(listener, store, stop))),
        Wire::Kafka => unreachable!("a broker is no server of the lab"),
    }
    Tap::start(wire, address).await.expect("a tap")
}

/// A server that sends back what it gets, and after the end `bye`.
pub(crate) async fn echo(wire: Wire) -> Tap {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = client.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.write_all(b"bye").await;
            });
        }
    });
    Tap::start(wire, address).await.expect("a tap")
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// Sends these bytes, and returns what comes until the other side closes.
pub(crate) async fn send(tap: &Tap, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(tap.address()).await.expect("the tap takes connections");
    let (mut from, mut to) = stream.split();
    let (mut answer, sending) = (Vec::new(), async {
        to.write_all(bytes).await.expect("sent");
        to.shutdown().await.expect("closed");
    });
    let (_, read) = within(async { tokio::join!(sending, from.read_to_end(&mut answer)) }).await;
    read.expect("received");
    answer
}
