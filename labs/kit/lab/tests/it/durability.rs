//! What was acknowledged is on disk, changes at the same time share the wait
//! for it, and who only reads doesn't wait at all.
//!
//! SIGKILL does not empty the page cache, so only the count of fsyncs proves
//! that the disk was asked (`strace`).

use std::path::Path;

use futures_util::future::join_all;
use rstest::rstest;
use rusqlite::Connection;
use tokio::task::JoinHandle;

use crate::client::{Client, Seen};
use crate::support::{Lab, Server, folder, until, within};

/// Starts a server under `strace`, which writes a line for each fsync.
async fn start_traced(lab: Lab, folder: &Path, options: &[&str]) -> Server {
    let trace = folder.join("trace");
    // -D makes strace the child, so that the process that was started is the server.
    let strace = ["strace", "-D", "-f", "-e", "trace=fsync,fdatasync", "-o", trace.to_str().expect("UTF-8")];
    Server::under(&[&strace, options].concat(), lab, &folder.join("orders.db")).await
}

fn fsyncs(folder: &Path) -> usize {
    let trace = std::fs::read_to_string(folder.join("trace")).expect("strace writes it");
    // A call that others interrupt has a second line, "<... fsync resumed>".
    trace.lines().filter(|line| line.contains(" fsync(") || line.contains(" fdatasync(")).count()
}

#[rstest]
#[tokio::test]
async fn each_create_waits_for_the_disk(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let folder = folder();
    let server = start_traced(lab, folder.path(), &[]).await;
    let client = Client::of(&server);
    let before = fsyncs(folder.path());
    for _ in 0..100 {
        client.create().await.expect("an order");
    }
    let fsyncs = fsyncs(folder.path()) - before;
    println!("{lab:?}: {fsyncs} fsyncs for 100 creates, one after another");
    assert!(fsyncs >= 100, "{fsyncs}");
    server.stop().await.expect(0);
}

/// The disk takes 20 ms for an fsync, so that it is the disk that the clients
/// wait for, and not a debug build on a busy machine.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn creates_at_the_same_time_share_the_wait_for_the_disk(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let folder = folder();
    let slow = ["-e", "inject=fsync,fdatasync:delay_enter=20000"];
    let server = start_traced(lab, folder.path(), &slow).await;
    let before = fsyncs(folder.path());
    let creates = (0..64).map(|_| {
        let client = Client::of(&server);
        tokio::spawn(async move {
            for _ in 0..100 {
                client.create().await.expect("an order");
            }
        })
    });
    for created in join_all(creates).await {
        created.expect("all were created");
    }
    let fsyncs = fsyncs(folder.path()) - before;
    println!("{lab:?}: {fsyncs} fsyncs for 6,400 creates by 64 clients");
    assert!(fsyncs <= 640, "{fsyncs}");
    server.stop().await.expect(0);
}

/// Many reads, one after another, are answered before the create is.
async fn assert_reads_overtake(client: &Client, order: &Seen, create: &JoinHandle<Seen>) {
    for _ in 0..20 {
        assert_eq!(client.get(&order.id).await.expect("a read is answered"), *order);
        assert_eq!(client.list(None).await.expect("a read is answered").get(&order.id), Some(&order.version));
    }
    assert!(!create.is_finished(), "the create is answered already");
}

fn spawn_create(client: &Client) -> JoinHandle<Seen> {
    let client = client.clone();
    tokio::spawn(async move { client.create().await.expect("an order") })
}

/// The disk takes 2 s for an fsync, from the writer's 14th on.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn reads_do_not_wait_for_the_disk(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let folder = folder();
    let slow = ["-e", "inject=fsync,fdatasync:delay_enter=2000000:when=14+"];
    let server = start_traced(lab, folder.path(), &slow).await;
    let client = Client::of(&server);
    let order = client.create().await.expect("an order");
    for _ in 0..12 {
        client.create().await.expect("an order");
    }
    let log = folder.path().join("orders.db-wal");
    let length = || std::fs::metadata(&log).expect("the log of changes").len();
    let before = length();
    let create = spawn_create(&client);
    // It is written, and now the disk is asked.
    until("the create in the log", || async { (length() > before).then_some(()) }).await;
    assert_reads_overtake(&client, &order, &create).await;
    within("the create", create).await.expect("an order");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn reads_do_not_wait_while_another_program_writes(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = Server::start(lab).await;
    let client = Client::of(&server);
    let order = client.create().await.expect("an order");
    let other = Connection::open(server.database()).expect("the file");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let create = spawn_create(&client);
    assert_reads_overtake(&client, &order, &create).await;
    other.execute_batch("ROLLBACK").expect("the end of it");
    within("the create", create).await.expect("an order");
    server.stop().await.expect(0);
}
