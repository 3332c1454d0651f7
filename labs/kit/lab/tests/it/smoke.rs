//! The helpers themselves.

use rstest::rstest;

use crate::support::{Lab, Server, client};

#[rstest]
#[tokio::test]
async fn a_server_answers_and_stops_in_order(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = Server::start(lab).await;
    let health = client(&server, &["health"]).await;
    assert_eq!((health.status, &*health.stdout, &*health.stderr), (0, "ok\n", ""));
    assert_eq!(server.stop().await.status, 0);
}
