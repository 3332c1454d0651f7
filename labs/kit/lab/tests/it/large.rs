//! Heads, bodies and messages that are too large: refused, and without taking the memory.

use futures_util::future::join_all;
use lab_proto::pb;
use rstest::rstest;
use tokio::io::AsyncWriteExt;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use crate::load::start_quiet;
use crate::memory::Memory;
use crate::raw::{Body, assert_serves, connect, post, read_to_close};
use crate::support::{Lab, Server, folder, within};

const CLIENTS: usize = 200;
const THREE_MB: usize = 3 << 20;
/// The most by which a server may grow; 200 bodies are 600 MB.
const MIB: u64 = 64;

#[tokio::test]
async fn a_head_of_33_kib_is_refused_over_http_1() {
    let server = Server::rest().await;
    let mut stream = connect(&server).await;
    let head = format!("GET /health HTTP/1.1\r\nhost: lab\r\nx-large: {}\r\n\r\n", "x".repeat(33 << 10));
    // The server may close before all is sent.
    let _ = stream.write_all(head.as_bytes()).await;
    let answer = String::from_utf8(read_to_close(&mut stream).await).expect("UTF-8");
    let refused = ["", "HTTP/1.1 431 ", "HTTP/1.1 400 "].iter().any(|due| answer.starts_with(due));
    assert!(refused && !answer.starts_with("HTTP/1.1 2"), "{answer}");
    assert_serves(&server).await;
    server.stop().await.expect(0);
}

#[tokio::test]
async fn a_head_of_33_kib_is_refused_over_http_2() {
    let server = Server::grpc().await;
    let mut orders = server.orders().await;
    let mut request = Request::new(pb::ListOrdersRequest::default());
    let large = MetadataValue::try_from("x".repeat(33 << 10)).expect("text");
    request.metadata_mut().insert("x-large", large);
    within("a refusal", orders.list_orders(request)).await.expect_err("too large");
    assert_serves(&server).await;
    server.stop().await.expect(0);
}

#[rstest]
#[case::with_its_length(Body::OfLength(THREE_MB))]
#[case::in_chunks(Body::InChunks(THREE_MB))]
#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_are_refused_and_take_no_memory(#[case] body: Body) {
    let folder = folder();
    let server = start_quiet(Lab::Rest, &folder.path().join("orders.db")).await;
    assert_serves(&server).await;
    let memory = Memory::of(&server);
    let posts = (0..CLIENTS).map(|_| post(&server, "/v1/orders", "application/json", body));
    for answer in join_all(posts).await {
        let answer = answer.expect("an answer and not a reset");
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
    memory.assert_grown_less_than(MIB, &server);
    assert_serves(&server).await;
    server.stop().await.expect(0);
}

/// The body is one line of 3 MB, so the answer is about one line. Few imports run at once;
/// those whose turn doesn't come are told to come back.
#[rstest]
#[case::with_its_length(Body::OfLength(THREE_MB))]
#[case::in_chunks(Body::InChunks(THREE_MB))]
#[tokio::test(flavor = "multi_thread")]
async fn large_imports_are_answered_and_take_no_memory(#[case] body: Body) {
    let folder = folder();
    let server = start_quiet(Lab::Rest, &folder.path().join("orders.db")).await;
    assert_serves(&server).await;
    let memory = Memory::of(&server);
    let posts = (0..CLIENTS).map(|_| post(&server, "/v1/orders/import", "application/x-ndjson", body));
    let mut served = 0;
    for answer in join_all(posts).await {
        let answer = answer.expect("an answer and not a reset");
        if answer.starts_with("HTTP/1.1 200 ") {
            assert!(answer.contains(r#"{"line":1,"problem""#), "{answer}");
            assert!(answer.contains(r#"{"summary":{"created":0,"refused":1}}"#), "{answer}");
            served += 1;
        } else {
            assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: "), "{answer}");
        }
    }
    println!("{served} of {CLIENTS} imports had their turn");
    assert!(served > 0);
    memory.assert_grown_less_than(MIB, &server);
    assert_serves(&server).await;
    server.stop().await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_messages_are_refused_and_take_no_memory() {
    let folder = folder();
    let server = start_quiet(Lab::Grpc, &folder.path().join("orders.db")).await;
    assert_serves(&server).await;
    let memory = Memory::of(&server);
    let calls = (0..CLIENTS).map(|number| {
        let server = &server;
        async move {
            let mut orders = server.orders().await;
            let created_by = "x".repeat(THREE_MB);
            if number % 2 == 0 {
                let request = pb::CreateOrderRequest { created_by, equipment: vec![1] };
                orders.create_order(request).await.map(drop)
            } else {
                let request = pb::ImportOrdersRequest { created_by, equipment: vec![1] };
                orders.import_orders(tokio_stream::iter([request])).await.map(drop)
            }
        }
    });
    for refused in within("answers", join_all(calls)).await {
        let status = refused.expect_err("too large");
        let due = matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted | Code::Unavailable);
        assert!(due && std::error::Error::source(&status).is_none(), "{status:?}");
    }
    memory.assert_grown_less_than(MIB, &server);
    assert_serves(&server).await;
    server.stop().await.expect(0);
}
