//! Ctrl-C and SIGTERM.

use nix::sys::signal::Signal;
use rstest::rstest;

use crate::support::{Fake, Lab, Server, spawn_client, spawn_client_at};

#[rstest]
#[tokio::test]
async fn a_watch_ends_in_order_when_it_is_told_to(
    #[values(Lab::Rest, Lab::Grpc)] lab: Lab,
    #[values(Signal::SIGINT, Signal::SIGTERM)] signal: Signal,
) {
    let server = Server::start(lab).await;
    server.create("USER14", &["MOUSE"]).await;
    let mut watch = spawn_client(&server, &["watch", "--position", "0", "--json"]);
    assert!(watch.line().await.is_some());
    watch.signal(signal);
    assert_eq!(watch.end().await.expect(0).stdout, "");
}

#[rstest]
#[tokio::test]
async fn a_watch_that_has_heard_nothing_yet_ends_in_order_too(
    #[values(Lab::Rest, Lab::Grpc)] lab: Lab,
    #[values(Signal::SIGINT, Signal::SIGTERM)] signal: Signal,
) {
    let mut server = Fake::silent().await;
    let watch = spawn_client_at(lab, &server.address(), &["watch", "--timeout", "20"]);
    server.accepted().await;
    watch.signal(signal);
    watch.end().await.expect(0);
}

#[rstest]
#[tokio::test]
async fn a_worker_ends_in_order_when_it_is_told_to(#[values(Signal::SIGINT, Signal::SIGTERM)] signal: Signal) {
    let server = Server::grpc().await;
    server.create("USER14", &["MOUSE"]).await;
    let mut worker = spawn_client(&server, &["process", "--json"]);
    assert!(worker.line().await.is_some());
    worker.signal(signal);
    assert_eq!(worker.end().await.expect(0).stdout, "");

    let mut silent = Fake::silent().await;
    let worker = spawn_client_at(Lab::Grpc, &silent.address(), &["process", "--timeout", "20"]);
    silent.accepted().await;
    worker.signal(signal);
    worker.end().await.expect(0);
}

#[rstest]
#[tokio::test]
async fn a_server_ends_in_order_when_it_is_told_to(
    #[values(Lab::Rest, Lab::Grpc)] lab: Lab,
    #[values(Signal::SIGINT, Signal::SIGTERM)] signal: Signal,
) {
    let server = Server::start(lab).await;
    server.create("USER14", &["MOUSE"]).await;
    server.signal(signal);
    assert_eq!(server.end().await.expect(0).stdout, "");
}
