//! The REST and the gRPC server on one file at once.

use std::time::Instant;

use rusqlite::Connection;

use crate::client::{Client, Watching};
use crate::load::{Load, assert_consistent, start_quiet};
use crate::support::{Lab, Server, folder, within};

/// Waits for the change of this order, among those of others.
async fn await_change(watching: &mut Watching, id: &str) {
    let seen = async { while watching.change().await.id != id {} };
    within("the change at the other server", seen).await;
}

/// Creates at one server and watches at the other; prints how long the changes took to come.
async fn assert_seen(here: &Server, there: &Server) {
    let (writer, reader) = (Client::of(here), Client::of(there));
    let mut watching = reader.watch("").await.expect("a watch");
    let mut took = Vec::new();
    for _ in 0..20 {
        let order = writer.create().await.expect("an order");
        let acknowledged = Instant::now();
        assert_eq!(reader.get(&order.id).await.expect("it is acknowledged, so it is there"), order);
        await_change(&mut watching, &order.id).await;
        took.push(acknowledged.elapsed());
    }
    took.sort();
    println!("{:?} → {:?}: seen after {:?} (median), {:?} (most)", here.lab, there.lab, took[10], took[19]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_made_in_one_server_is_seen_in_the_other() {
    let folder = folder();
    let database = folder.path().join("orders.db");
    let (rest, grpc) = (Server::on(Lab::Rest, &database).await, Server::on(Lab::Grpc, &database).await);
    assert_seen(&rest, &grpc).await;
    assert_seen(&grpc, &rest).await;
    rest.stop().await.expect(0);
    grpc.stop().await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_under_load_never_refuse_because_of_each_other() {
    let folder = folder();
    let database = folder.path().join("orders.db");
    // Both at once, on a file that isn't there yet.
    let (rest, grpc) = tokio::join!(start_quiet(Lab::Rest, &database), start_quiet(Lab::Grpc, &database));
    let (at_rest, at_grpc) = (Load::start(&rest, 16), Load::start(&grpc, 16));
    assert_seen(&rest, &grpc).await;
    assert_seen(&grpc, &rest).await;
    tokio::join!(at_rest.acknowledged(1_000), at_grpc.acknowledged(1_000));
    for server in [rest, grpc] {
        let output = server.kill().await;
        assert!(!output.stderr.contains("fails"), "{}", output.stderr);
    }
    // A client that was refused has panicked.
    let mut ledgers = at_rest.ledgers().await;
    ledgers.extend(at_grpc.ledgers().await);
    let kept = Connection::open(&database).expect("the file");
    assert_consistent(&kept);
    ledgers.iter().for_each(|ledger| ledger.assert_kept(&kept));
}
