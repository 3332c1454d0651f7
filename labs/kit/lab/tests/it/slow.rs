//! Connections that are slow or silent, and those that are too many.

use std::io::ErrorKind;

use futures_util::future::join_all;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use rstest::rstest;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::Client;
use crate::raw::{assert_serves, connect, drip, read_to_close, unfinished};
use crate::support::{Lab, Server, folder, until};

/// A head that comes a byte at a time is cut off, and holds nobody up meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_loris_is_cut_off_and_others_are_served() {
    tokio::join!(hold_off_slow_lorises(Lab::Rest), hold_off_slow_lorises(Lab::Grpc));
}

async fn hold_off_slow_lorises(lab: Lab) {
    let server = Server::start(lab).await;
    let start = unfinished(lab);
    let slow = (0..200).map(|_| async {
        let mut stream = connect(&server).await;
        stream.write_all(&start).await.expect("it listens");
        stream
    });
    let slow = join_all(slow).await;
    let slow: Vec<_> = slow.into_iter().map(|stream| tokio::spawn(drip(stream, b"x".to_vec()))).collect();
    for _ in 0..20 {
        assert_serves(&server).await;
    }
    assert!(slow.iter().all(|slow| !slow.is_finished()), "they are still at it");
    for slow in slow {
        slow.await.expect("cut off");
    }
    assert_serves(&server).await;
    server.stop().await.expect(0);
}

/// A body that comes a byte at a time ends with 408, and holds nobody up meanwhile. Half of
/// them begin with more than a small body; these are more than there may be large ones.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_cut_off_and_others_are_served() {
    let server = Server::rest().await;
    let address = &server;
    let begin = |number| async move {
        let begin = if number % 2 == 0 { 1 } else { 20_000 };
        let body = format!("{begin:x}\r\n{}\r\n", " ".repeat(begin));
        let head = "POST /v1/orders HTTP/1.1\r\nhost: lab\r\ncontent-type: application/json\r\n\
            connection: close\r\ntransfer-encoding: chunked\r\n\r\n";
        let mut stream = connect(address).await;
        stream.write_all(format!("{head}{body}").as_bytes()).await.expect("it listens");
        stream
    };
    let slow = join_all((0..60).map(begin)).await;
    let slow: Vec<_> = slow.into_iter().map(|stream| tokio::spawn(drip(stream, b"1\r\n \r\n".to_vec()))).collect();
    for _ in 0..20 {
        assert_serves(&server).await;
    }
    assert!(slow.iter().all(|slow| !slow.is_finished()), "they are still at it");
    for slow in slow {
        let answer = String::from_utf8(slow.await.expect("cut off")).expect("UTF-8");
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer:?}");
    }
    server.stop().await.expect(0);
}

/// 10,000 if the system lets this process and the server have so many.
fn affordable() -> usize {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("up to the hard limit");
    // The rest is for the other tests, which run beside this one.
    10_000.min(hard as usize / 4 * 3)
}

/// One server after the other: both are this process's connections.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_leave_others_served() {
    let count = affordable();
    for lab in [Lab::Rest, Lab::Grpc] {
        let server = Server::start(lab).await;
        let mut idle = Vec::with_capacity(count);
        while idle.len() < count {
            idle.push(connect(&server).await);
        }
        assert_serves(&server).await;
        let open = idle.iter().filter(|stream| is_open(stream)).count();
        println!("{lab:?}: served beside {open} open of {count} idle connections");
        assert!(open > count / 2, "the server has closed most of them");
        for stream in &idle {
            // A reset, so that no port has to wait.
            stream.set_zero_linger().expect("a socket");
        }
        drop(idle);
        assert_serves(&server).await;
        server.stop().await.expect(0);
    }
}

fn is_open(stream: &TcpStream) -> bool {
    match stream.try_read(&mut [0]) {
        Ok(read) => read > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}

/// A server that may open 128 files has 64 connections, and refuses the next at once.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_is_refused_and_not_kept_waiting(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let folder = folder();
    let fewer = ["sh", "-c", r#"ulimit -n 128; exec "$@""#, "sh"];
    let server = Server::under(&fewer, lab, &folder.path().join("orders.db")).await;
    let held = join_all((0..64).map(|_| connect(&server))).await;
    for _ in 0..10 {
        assert_eq!(read_to_close(&mut connect(&server).await).await, b"", "refused without a word");
    }
    assert!(held.iter().all(is_open), "those who are in stay in");
    drop(held);
    let client = Client::of(&server);
    until("a free place", || async { client.create().await.ok() }).await;
    server.stop().await.expect(0);
}
