//! The two sides against each other, and the client against what no server should do.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::http::Gate;
use crate::verdict::Failed;

const RESERVE: &str = "warehouse.v1.WarehouseService/Reserve";
const SOON: Duration = Duration::from_secs(5);

async fn service() -> (SocketAddr, Service) {
    let (address, claim) = crate::process::free_address().expect("a free port");
    let service = Service::start_at(address).await.expect("it listens");
    drop(claim);
    (address, service)
}

fn reserve(order: &str) -> Request {
    request(
        RESERVE,
        &json!({ "order_id": order, "items": [{ "equipment": "EQUIPMENT_MOUSE", "count": 2 }, { "equipment": 99 }] }),
    )
}

#[tokio::test]
async fn a_service_records_calls_and_answers_as_planned() {
    let (address, service) = service().await;
    assert_eq!(call(address, reserve("0")).await.expect("an answer").status.code, Code::UNIMPLEMENTED);
    service.answers(|received, count| match count {
        0 => Reply::Message(json!({ "reservation_id": received.message["order_id"] })),
        _ => Reply::status(Code::FAILED_PRECONDITION, "100 % zu wenig Mäuse"),
    });
    let request = reserve("7").deadline(Duration::from_millis(1_500)).metadata("x-trace", "abc");
    let answer = call(address, request).await.expect("an answer");
    assert_eq!(answer.message().expect("it is OK"), &json!({ "reservation_id": "7" }));
    let answer = call(address, reserve("8")).await.expect("an answer");
    assert_eq!((answer.status.code, &*answer.status.message), (Code::FAILED_PRECONDITION, "100 % zu wenig Mäuse"));
    let received = service.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].timeout(), Some(Duration::from_millis(1_500)));
    assert_eq!(received[0].metadata["x-trace"], "abc");
    assert_eq!(received[1].timeout(), None);
    // A number without a name stays one.
    assert_eq!(
        received[1].message["items"],
        json!([{ "equipment": "EQUIPMENT_MOUSE", "count": 2 }, { "equipment": 99 }])
    );
}

#[tokio::test]
async fn a_reply_is_held_until_its_gate_opens() {
    let (address, service) = service().await;
    let gate = Gate::new();
    let held = gate.clone();
    service.answers(move |_, _| Reply::Message(json!({ "reservation_id": "1" })).behind(&held));
    let mut stream = open(address, reserve("1")).await.expect("a stream");
    timeout(SOON, service.wait_for(1)).await.expect("it came");
    assert_eq!(stream.next(Duration::from_millis(20)).await.expect("nothing went wrong"), Next::Nothing);
    gate.open();
    assert!(matches!(next(&mut stream).await, Next::Message(_)));
    assert!(matches!(next(&mut stream).await, Next::End(status) if status.code == Code::OK));
}

#[tokio::test]
async fn it_is_seen_when_a_caller_gives_up() {
    let (address, service) = service().await;
    let gate = Gate::new();
    service.answers(move |_, count| if count == 0 { Reply::Hang } else { Reply::Hang.behind(&gate) });
    let mut resets = open(address, reserve("1")).await.expect("a stream");
    timeout(SOON, service.wait_for(1)).await.expect("it came");
    assert!(service.received()[0].given_up.is_none());
    resets.reset();
    timeout(SOON, service.wait_for_given_up(1)).await.expect("it is seen");
    let hangs_up = open(address, reserve("2")).await.expect("a stream");
    timeout(SOON, service.wait_for(2)).await.expect("it came");
    drop(hangs_up);
    timeout(SOON, service.wait_for_given_up(2)).await.expect("it is seen");
    assert_eq!(service.ladder(Instant::now().into_std(), &[]).len(), 5);
}

#[tokio::test]
async fn who_leaves_tells_it_and_is_gone() {
    let (address, service) = service().await;
    let mut waits = open(address, reserve("1")).await.expect("a stream");
    assert!(matches!(waits.next(SOON).await, Ok(Next::End(_))), "an end");
    timeout(SOON, service.leave()).await.expect("it leaves");
    let said = said(call(address, reserve("2")).await);
    assert!(said.contains("can't connect"), "{said}");
}

#[tokio::test]
async fn a_cut_is_told_as_one() {
    let (address, service) = service().await;
    service.answers(|_, _| Reply::Cut);
    let said = said(call(address, reserve("1")).await);
    assert!(said.contains("closed before the answer was whole"), "{said}");
}

async fn next(stream: &mut Stream) -> Next {
    stream.next(SOON).await.expect("nothing goes wrong")
}

fn said(answer: Result<Answer, Failed>) -> String {
    answer.err().expect("there is no answer").came_back
}

/// A server that says this to whoever connects, a piece after each pause, and then nothing more.
async fn odd(pieces: Vec<Vec<u8>>, pause: Duration) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("somebody connects");
        let (mut buffer, mut pieces) = ([0; 1024], pieces.into_iter());
        loop {
            tokio::select! {
                read = stream.read(&mut buffer) => if !read.is_ok_and(|read| read > 0) { return },
                () = sleep(pause) => if let Some(piece) = pieces.next() { let _ = stream.write_all(&piece).await; },
            }
        }
    });
    address
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

/// Settings, and a head with the status 200 and `content-type: application/grpc`.
fn begin() -> Vec<u8> {
    let head = [&[0x88, 0x0f, 0x10, 16], &b"application/grpc"[..]].concat();
    [frame(4, 0, 0, b""), frame(1, 4, 1, &head)].concat()
}

#[tokio::test]
async fn what_is_no_grpc_is_told_in_a_sentence() {
    let then = |more: &[u8]| [begin(), more.to_vec()].concat();
    let data = |bytes: &[u8]| then(&frame(0, 0, 1, bytes));
    let page = [frame(4, 0, 0, b""), frame(1, 4, 1, &[0x8d]), frame(0, 1, 1, b"no such page")].concat();
    let cases: [(Vec<u8>, &str); 11] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "HTTP/1.1, and not in HTTP/2"),
        (b"hello, who is there?\n".to_vec(), "can't be read as HTTP/2"),
        (Vec::new(), "no whole answer within 0.6 s"),
        (begin(), "no whole answer within 0.6 s"),
        (page, "no such page"),
        (data(&[1, 0, 0, 0, 1, 9]), "compressed"),
        (data(&[0, 0xff, 0xff, 0xff, 0xff]), "more than 1 MiB"),
        (data(&[0, 0, 0, 0, 3, 1, 2, 3]), "no warehouse.v1.ReserveResponse"),
        (then(&frame(0, 1, 1, &[0, 0, 0])), "in the middle of a message"),
        (then(&frame(0, 1, 1, &[])), "without a `grpc-status`"),
        (then(&[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]), "breaks the rules of HTTP/2: FRAME_SIZE_ERROR"),
    ];
    for (bytes, words) in cases {
        let address = odd(vec![bytes], Duration::ZERO).await;
        let said = said(call(address, reserve("1").patience(Duration::from_millis(600))).await);
        assert!(said.contains(words), "{said} has no {words}");
    }
}

#[tokio::test]
async fn a_reset_with_cancel_is_cancelled() {
    let address = odd(vec![[begin(), frame(3, 0, 1, &[0, 0, 0, 8])].concat()], Duration::ZERO).await;
    let answer = call(address, reserve("1")).await.expect("an answer");
    assert_eq!(answer.status.code, Code::CANCELLED);
    let address = odd(vec![[begin(), frame(3, 0, 1, &[0, 0, 0, 2])].concat()], Duration::ZERO).await;
    let said = said(call(address, reserve("1")).await);
    assert!(said.contains("reset the stream: INTERNAL_ERROR"), "{said}");
}

#[tokio::test]
async fn a_byte_at_a_time_ends_in_time() {
    let bytes = begin().into_iter().map(|byte| vec![byte]).collect();
    let (address, at) = (odd(bytes, Duration::from_millis(30)).await, Instant::now());
    let said = said(call(address, reserve("1").patience(Duration::from_millis(500))).await);
    assert!(said.contains("no whole answer within 0.5 s") && at.elapsed() < Duration::from_secs(2), "{said}");
}

#[tokio::test]
async fn more_than_the_window_waits() {
    let (address, service) = service().await;
    let long = "x".repeat(10_000);
    service.answers(move |_, _| Reply::Message(json!({ "reservation_id": long })));
    let mut stream = open(address, reserve("1").window(1024)).await.expect("a stream");
    // Read in pieces of the window, it comes whole.
    let Next::Message(message) = next(&mut stream).await else { panic!("no message") };
    assert_eq!(message["reservation_id"].as_str().map(str::len), Some(10_000));
}

#[tokio::test]
async fn calls_share_a_connection_and_a_window_of_nothing_is_opened_later() {
    let (address, service) = service().await;
    service.answers(|received, _| Reply::Message(json!({ "reservation_id": received.message["order_id"] })));
    let connection = Connection::open(address).await.expect("a connection");
    let calls = ["1", "2", "3"].map(|id| connection.call(reserve(id)));
    for (answer, id) in futures_util::future::join_all(calls).await.into_iter().zip(["1", "2", "3"]) {
        assert_eq!(answer.expect("an answer").message().expect("it is OK")["reservation_id"], id);
    }
    let mut stream = open(address, reserve("4").window(0)).await.expect("a stream");
    assert_eq!(stream.next(Duration::from_millis(20)).await.expect("nothing went wrong"), Next::Nothing);
    stream.widen(1024);
    assert!(matches!(next(&mut stream).await, Next::Message(message) if message["reservation_id"] == "4"));
}

#[tokio::test]
async fn calls_that_a_server_does_not_take_yet_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.expect("a connection");
        let one = h2::server::Builder::new().max_concurrent_streams(1).handshake::<_, bytes::Bytes>(tcp).await;
        let mut connection = one.expect("it is HTTP/2");
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let head = http::Response::builder().header("grpc-status", "0").body(()).expect("a head");
            respond.send_response(head, true).expect("it can be answered");
        }
    });
    let connection = Connection::open(address).await.expect("a connection");
    let calls = ["1", "2", "3"].map(|id| connection.call(reserve(id)));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.expect("it isn't refused").status.code, Code::OK);
    }
    assert_eq!(connection.most_calls(), 1);
}
