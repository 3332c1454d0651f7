//! Orders in the hands of a worker come back when the worker or the server dies.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use lab_proto::pb::process_orders_request::{Message, Ready};
use lab_proto::pb::{OrderStatus, ProcessOrdersRequest};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use rusqlite::Connection;

use crate::client::Client;
use crate::support::{Lab, Server, folder, spawn_client, until, within};

async fn await_status(client: &Client, id: &str, status: OrderStatus) {
    let found = || async { client.list(Some(status)).await.expect("an answer").contains_key(id).then_some(()) };
    until(status.as_str_name(), found).await;
}

/// Whether each thread of a process waits for something: then it has sent all that it had to say.
fn is_idle(pid: Pid) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    threads.flatten().all(|thread| {
        let status = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        status.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" S"))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_gives_its_order_back_at_once() {
    let server = Server::grpc().await;
    let client = Client::of(&server);
    let mut worker = spawn_client(&server, &["process", "--json"]);
    client.create().await.expect("an order");
    worker.line().await.expect("it is completed");
    until("the worker to be ready", || async { is_idle(worker.pid()).then_some(()) }).await;
    // Stopped, it can still be handed an order, which it will never complete.
    worker.signal(Signal::SIGSTOP);
    let order = client.create().await.expect("an order");
    await_status(&client, &order.id, OrderStatus::Processing).await;

    let lease_until = lease_until_ms(server.database(), &order.id);
    worker.signal(Signal::SIGKILL);
    await_status(&client, &order.id, OrderStatus::Queued).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    assert!(now < lease_until, "it came back only when the lease was over");
    assert_eq!(client.get(&order.id).await.expect("an answer").version, 3, "taken and returned: two changes");
    worker.end().await;
    server.stop().await.expect(0);
}

fn lease_until_ms(database: &Path, id: &str) -> i64 {
    let database = Connection::open(database).expect("a database");
    let lease = "SELECT lease_until_ms FROM orders WHERE id = ?1";
    database.query_row(lease, [id], |row| row.get(0)).expect("a lease")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ends_while_no_server_runs_is_over_at_the_next_start() {
    let folder = folder();
    let database = folder.path().join("orders.db");
    let server = Server::on(Lab::Grpc, &database).await;
    let client = Client::of(&server);
    let (over, lasting) = (client.create().await.expect("an order"), client.create().await.expect("an order"));
    let ready = ProcessOrdersRequest { message: Some(Message::Ready(Ready { count: 2 })) };
    // The stream of what the worker says stays open.
    let said = futures_util::StreamExt::chain(tokio_stream::iter([ready]), tokio_stream::pending());
    let mut handed = server.orders().await.process_orders(said).await.expect("a stream").into_inner();
    for _ in 0..2 {
        within("an order", handed.message()).await.expect("no failure").expect("an order");
    }
    server.kill().await;

    let file = Connection::open(&database).expect("a database");
    file.execute("UPDATE orders SET lease_until_ms = 1 WHERE id = ?1", [&over.id]).expect("an edit");
    drop(file);
    let server = Server::on(Lab::Grpc, &database).await;
    let client = Client::of(&server);
    await_status(&client, &over.id, OrderStatus::Queued).await;
    let held = client.list(Some(OrderStatus::Processing)).await.expect("an answer");
    assert_eq!(held.into_iter().collect::<Vec<_>>(), [(lasting.id, 2)], "the other lease lasts");
    assert_eq!(client.get(&over.id).await.expect("an answer").version, 3, "taken and returned: two changes");
    server.stop().await.expect(0);
}
