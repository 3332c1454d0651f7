//! Ports that are taken, and by whom.

use std::net::TcpListener;

use rstest::rstest;

use super::world::World;
use crate::support::{Lab, Server};

#[rstest]
#[case::rest("rest-port", "LAB_REST_ADDR")]
#[case::grpc("grpc-port", "LAB_GRPC_ADDR")]
#[tokio::test]
async fn a_port_that_another_program_holds_is_a_failure_with_its_name(#[case] check: &str, #[case] variable: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let world = World::new().with(variable, address.to_string());
    let checkup = world.checkup().await;
    let us = std::fs::read_to_string("/proc/self/comm").expect("a name");
    let who = format!("{address} is taken by {}, process {}", us.trim(), std::process::id());
    let mend = checkup.expect_only(check, "fail", &who).to_owned();
    // What it proposes can be used.
    let other = mend.strip_prefix(&format!("export {variable}=127.0.0.1:")).expect("the same host").to_owned();
    assert_ne!(other, address.port().to_string());
    let moved = World::new().with(variable, format!("127.0.0.1:{other}"));
    assert!(moved.checkup().await.finding(check).found.contains(&other));
}

#[tokio::test]
async fn a_listener_on_all_addresses_is_found_too() {
    let listener = TcpListener::bind("0.0.0.0:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let checkup = World::new().with("LAB_REST_ADDR", format!("127.0.0.1:{port}")).checkup().await;
    checkup.expect_only("rest-port", "fail", &format!("process {}", std::process::id()));
}

#[rstest]
#[case::rest(Lab::Rest, "rest-port")]
#[case::grpc(Lab::Grpc, "grpc-port")]
#[tokio::test]
async fn a_server_of_this_lab_may_have_its_port(#[case] lab: Lab, #[case] check: &str) {
    let server = Server::start(lab).await;
    let checkup = World::new().with(lab.variable(), server.address.to_string()).checkup().await;
    assert_eq!(checkup.not_ok(), Vec::<&str>::new(), "{checkup:?}");
    let found = &checkup.finding(check).found;
    assert!(found.contains("by this lab") && found.ends_with(&format!("process {}", server.pid())), "{found}");
}

/// As for the programs themselves. Whether the port is free is up to the machine.
#[rstest]
#[case::rest("rest-port", "LAB_REST_ADDR", "127.0.0.1:8080 ")]
#[case::grpc("grpc-port", "LAB_GRPC_ADDR", "127.0.0.1:50051 ")]
#[case::kafka("kafka-port", "KAFKA_BROKERS", "127.0.0.1:9092 ")]
#[tokio::test]
async fn a_variable_that_is_empty_is_none(#[case] check: &str, #[case] variable: &str, #[case] default: &str) {
    let checkup = World::new().with(variable, "").checkup().await;
    let finding = checkup.finding(check);
    assert!(finding.found.starts_with(default), "{finding:?}");
}

#[rstest]
#[case::rest("rest-port", "LAB_REST_ADDR")]
#[case::grpc("grpc-port", "LAB_GRPC_ADDR")]
#[case::kafka("kafka-port", "KAFKA_BROKERS")]
#[tokio::test]
async fn a_variable_that_is_no_address_is_a_failure(#[case] check: &str, #[case] variable: &str) {
    let checkup = World::new().with(variable, "nonsense").checkup().await;
    let finding = checkup.finding(check);
    assert_eq!((&*finding.state, finding.mend.as_deref()), ("fail", Some(&*format!("unset {variable}"))));
}
