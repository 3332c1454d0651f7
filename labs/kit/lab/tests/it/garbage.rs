//! What is no request, on either port: it harms nobody.

use std::hash::{BuildHasher, RandomState};

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use lab_proto::pb;
use rstest::rstest;
use tokio::io::AsyncWriteExt;
use tonic::Status;

use crate::raw::{PREFACE, assert_serves, connect, read_to_close, unfinished};
use crate::support::{Lab, Server, until, within};

/// How a connection ends after the bytes.
#[derive(Clone, Copy, Debug)]
enum End {
    /// FIN: the peer has no more to say.
    Fin,
    /// RST: the peer is gone.
    Reset,
}

/// The start of a TLS 1.2 hello, as a browser with `https://` sends it.
const TLS_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x2a\x2a\x2a\x2a\x2a\x2a\x2a\x2a";
const HTTP_1: &[u8] =
    b"POST /v1/orders HTTP/1.1\r\nhost: lab\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";

fn random(length: usize) -> Vec<u8> {
    let state = RandomState::new();
    (0..length).map(|at| state.hash_one(at) as u8).collect()
}

fn garbage() -> Vec<Vec<u8>> {
    let mut all = vec![
        Vec::new(),
        TLS_HELLO.to_vec(),
        HTTP_1.to_vec(),
        b"GET / HTTP/1.1\r\n: no name\r\n\r\n".to_vec(),
        b"POST /v1/orders HTTP/1.1\r\nhost: lab\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n".to_vec(),
        b"\r\n".repeat(10_000),
        vec![0; 100_000],
        PREFACE.to_vec(),
        // A frame of 16 MB, a frame of an unknown stream, HEADERS that are no HPACK.
        [PREFACE, b"\xff\xff\xff\x00\x00\x00\x00\x00\x01"].concat(),
        [PREFACE, b"\0\0\x04\x00\x00\x00\x00\x00\x63junk"].concat(),
        [PREFACE, b"\0\0\x08\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff"].concat(),
        unfinished(Lab::Rest),
        unfinished(Lab::Grpc),
    ];
    all.extend((0..20).map(|round| random(1 << round.min(16))));
    all.extend((0..20).map(|round| [PREFACE, &random(1 << round.min(16))].concat()));
    all
}

async fn send(server: &Server, bytes: &[u8], end: End) {
    let mut stream = connect(server).await;
    // The server may hang up in the middle.
    let _ = stream.write_all(bytes).await;
    match end {
        End::Fin => {
            let _ = stream.shutdown().await;
            read_to_close(&mut stream).await;
        }
        End::Reset => stream.set_zero_linger().expect("a socket"),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn garbage_harms_nobody(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = Server::start(lab).await;
    let all = garbage();
    for end in [End::Fin, End::Reset] {
        join_all(all.iter().map(|bytes| send(&server, bytes, end))).await;
        assert_serves(&server).await;
    }
    // A panic would be in the log, and fail the test when the server is gone.
    server.stop().await.expect(0);
}

/// 300 streams on one connection, which may have 256.
#[tokio::test(flavor = "multi_thread")]
async fn streams_beyond_the_limit_wait_at_the_client() {
    let server = Server::grpc().await;
    let orders = server.orders().await;
    let watch = |_| {
        let mut orders = orders.clone();
        tokio::spawn(async move {
            let mut stream = orders.watch_orders(pb::WatchOrdersRequest::default()).await?.into_inner();
            stream.message().await?;
            Ok::<_, Status>(stream)
        })
    };
    let watches: Vec<_> = (0..300).map(watch).collect();
    let started = || watches.iter().filter(|watch| watch.is_finished()).count();
    until("as many as there may be", || async { (started() >= 256).then_some(()) }).await;
    // Another connection has streams of its own.
    assert_serves(&server).await;
    assert_eq!(started(), 256);

    // In the order in which they begin: the end of each makes room for another.
    let mut watches: FuturesUnordered<_> = watches.into_iter().collect();
    while let Some(watch) = within("a stream", watches.next()).await {
        drop(watch.expect("no panic").expect("its turn comes"));
    }
    assert_serves(&server).await;
    server.stop().await.expect(0);
}
