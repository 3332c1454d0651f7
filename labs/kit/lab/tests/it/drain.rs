//! SIGTERM: what is in flight is finished, nothing new begins, and the end comes
//! although somebody doesn't read.

use std::time::Duration;

use lab_proto::pb;
use nix::sys::signal::{Signal, kill};
use rstest::rstest;
use rusqlite::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::client::{Client, Watching};
use crate::load::{Load, assert_consistent, start_quiet};
use crate::raw::{connect, read_to_close};
use crate::support::{Lab, Server, folder, until, within};

/// From then on the server drains.
async fn await_refusal(server: &Server) {
    let refused = || async { TcpStream::connect(server.address).await.is_err().then_some(()) };
    until("new connections to be refused", refused).await;
}

#[tokio::test]
async fn a_request_in_flight_is_answered() {
    let server = Server::rest().await;
    let body = r#"{"created_by":"USER14","equipment":["KEYBOARD"]}"#;
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: lab\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    let mut stream = connect(&server).await;
    stream.write_all(head.as_bytes()).await.expect("it listens");
    // Only the handler, which wants the body, makes the server say this.
    let mut go_on = [0; 25];
    within("100", stream.read_exact(&mut go_on)).await.expect("it goes on");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");

    server.signal(Signal::SIGTERM);
    await_refusal(&server).await;
    stream.write_all(body.as_bytes()).await.expect("it waits for this");
    let answer = String::from_utf8(read_to_close(&mut stream).await).expect("UTF-8");
    assert!(answer.starts_with("HTTP/1.1 201 ") && answer.ends_with('}'), "{answer}");
    server.end().await.expect(0);
}

#[tokio::test]
async fn a_call_in_flight_is_answered() {
    let server = Server::grpc().await;
    let mut orders = server.orders().await;
    let (say, said) = mpsc::channel(1);
    let mut importer = orders.clone();
    let import = tokio::spawn(async move { importer.import_orders(ReceiverStream::new(said)).await });
    let order = || pb::ImportOrdersRequest { created_by: "USER14".into(), equipment: vec![1] };
    for _ in 0..3 {
        // There is room for one: the call takes the others.
        within("the call to take it", say.send(order())).await.expect("the call runs");
    }
    // On the same connection, so the server has seen the call when it answers this.
    orders.list_orders(pb::ListOrdersRequest::default()).await.expect("an answer");

    server.signal(Signal::SIGTERM);
    await_refusal(&server).await;
    say.send(order()).await.expect("the call runs");
    drop(say);
    let answer = within("the answer", import).await.expect("no panic").expect("an answer");
    assert_eq!(answer.into_inner().created, 4);
    server.end().await.expect(0);
}

#[rstest]
#[tokio::test]
async fn watches_end_as_they_should(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = Server::start(lab).await;
    let client = Client::of(&server);
    let mut idle = client.watch("").await.expect("a watch");
    let mut busy = Client::of(&server).watch("").await.expect("a watch");
    let order = client.create().await.expect("an order");
    assert_eq!(busy.change().await, order);
    assert_eq!(idle.change().await, order);
    server.signal(Signal::SIGTERM);
    for watch in [&mut idle, &mut busy] {
        assert_eq!(within("the end", watch.next()).await.expect("an end and not a reset"), None);
    }
    server.end().await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_what_was_answered_is_kept() {
    let folder = folder();
    let database = folder.path().join("orders.db");
    let (rest, grpc) = tokio::join!(start_quiet(Lab::Rest, &database), start_quiet(Lab::Grpc, &database));
    let (at_rest, at_grpc) = (Load::start(&rest, 16), Load::start(&grpc, 16));
    tokio::join!(at_rest.acknowledged(200), at_grpc.acknowledged(200));
    rest.signal(Signal::SIGTERM);
    grpc.signal(Signal::SIGTERM);
    rest.end().await.expect(0);
    grpc.end().await.expect(0);
    let mut ledgers = at_rest.ledgers().await;
    ledgers.extend(at_grpc.ledgers().await);
    let kept = Connection::open(&database).expect("the file");
    assert_consistent(&kept);
    ledgers.iter().for_each(|ledger| ledger.assert_kept(&kept));
}

/// A client with much to read that never reads.
struct Clog {
    _stream: Option<TcpStream>,
    _watching: Option<Watching>,
}

/// Returns when the server can't write on.
async fn clog(server: &Server) -> Clog {
    let client = Client::of(server);
    if server.lab == Lab::Grpc {
        let watching = Watching::frozen(server).await;
        let mut reading = client.watch("").await.expect("a watch");
        client.import(1_000).await.expect("orders");
        // Who doesn't read was sent as much as there is room for.
        reading.changes(1_000).await;
        return Clog { _stream: None, _watching: Some(watching) };
    }
    client.import(1_000).await.expect("orders");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a size");
    let mut stream = socket.connect(server.address).await.expect("it listens");
    let list = "GET /v1/orders?page_size=1000 HTTP/1.1\r\nhost: lab\r\n\r\n";
    stream.write_all(list.repeat(100).as_bytes()).await.expect("sent");
    let port = stream.local_addr().expect("connected").port();
    let mut looks = Vec::new();
    while looks.len() < 30 {
        let unsent = until("an answer", || async { unsent(server, port).filter(|&unsent| unsent > 0) }).await;
        looks.retain(|&look| look == unsent);
        looks.push(unsent);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Clog { _stream: Some(stream), _watching: None }
}

/// What the server's socket for this client holds (proc(5), `net/tcp`).
fn unsent(server: &Server, client: u16) -> Option<u64> {
    let (from, to) = (format!(":{:04X}", server.address.port()), format!(":{client:04X}"));
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("Linux lists sockets");
    sockets.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let is_it = fields[1].ends_with(&from) && fields[2].ends_with(&to);
        let queue = is_it.then(|| fields[4].split(':').next())??;
        u64::from_str_radix(queue, 16).ok()
    })
}

async fn stop_clogged(lab: Lab) {
    let server = Server::start(lab).await;
    let clogged = clog(&server).await;
    server.signal(Signal::SIGTERM);
    let output = server.end().await.expect(0);
    assert!(output.stderr.contains("the drain's time is over"), "it was not clogged: {}", output.stderr);
    drop(clogged);
}

/// Both at once: each takes the 10 s that the drain may take.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_reads_does_not_keep_the_server() {
    tokio::join!(stop_clogged(Lab::Rest), stop_clogged(Lab::Grpc));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_second_sigterm_ends_the_server_at_once(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = Server::start(lab).await;
    let clogged = clog(&server).await;
    server.signal(Signal::SIGTERM);
    await_refusal(&server).await;
    let pid = server.pid();
    // One that comes very soon counts as an echo of the first, so it is said again.
    let insist = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let _ = kill(pid, Signal::SIGTERM);
        }
    };
    let output = tokio::select! { output = server.end() => output, never = insist => never };
    // 128 + 15, as a shell says it; the end of a drain would be 0.
    output.expect(143);
    drop(clogged);
}
