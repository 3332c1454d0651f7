//! Files and folders.

use rusqlite::Connection;

use super::world::World;
use super::{Day, Done, Fails, NONE, Serves, check, day, start};
use crate::support::{Lab, Server, client};

const GONE: &str = "mkdir gone; cd gone; rmdir ../gone";
const FAR: &str = r#"mkdir "my orders, für 日本"; cd "my orders, für 日本""#;
const A_FOLDER: &str = "mkdir orders.db";
const NOTES: &str = "yes 'These are my notes.' | head -n 500 > notes.txt";
/// Of root too; see tests/it/mounts.rs.
const READ_ONLY: &str =
    r#"exec unshare -rm sh -c 'mount --bind . . && mount -o remount,bind,ro . && cd "$PWD" && exec "$@"' sh "$@""#;
const SMALL_DISK: &str =
    r#"mkdir small; exec unshare -rm sh -c 'mount -t tmpfs -o size=16k tmpfs small && exec "$@"' sh "$@""#;

#[rustfmt::skip]
fn days() -> Vec<Day> {
    vec![
        day("a folder for a database, REST", A_FOLDER, "run rest-server --database orders.db --listen 127.0.0.1:0", Fails(3), &["orders.db", "directory", "--database"]),
        day("a folder for a database, Kafka", A_FOLDER, "run kafka-consumer --database orders.db --brokers {broker}", Fails(3), &["orders.db", "directory", "--database"]),
        day("a folder by a variable", "mkdir orders.db; export LAB_DATABASE=orders.db", "run grpc-server --listen 127.0.0.1:0", Fails(3), &["orders.db", "directory"]),
        day("no folder for it, REST", NONE, "run rest-server --database no/such/orders.db --listen 127.0.0.1:0", Fails(3), &["no/such/orders.db", "there is no folder no: make it"]),
        day("no folder for it, Kafka", NONE, "run kafka-consumer --database no/such/orders.db --brokers {broker}", Fails(3), &["no/such/orders.db", "there is no folder no: make it"]),
        day("a file where a folder should be", NOTES, "run grpc-server --database notes.txt/orders.db --listen 127.0.0.1:0", Fails(3), &["notes.txt/orders.db", "Not a directory"]),
        day("a foreign file, Kafka", NOTES, "run kafka-consumer --database notes.txt --brokers {broker}", Fails(3), &["notes.txt is not a database of this lab"]),
        day("a newer database, Kafka", NONE, "run kafka-consumer --database {newer} --brokers {broker}", Fails(3), &["{newer}", "newer version", "update this program"]),
        day("a locked database, Kafka", NONE, "run kafka-consumer --database {locked} --brokers {broker}", Fails(3), &["{locked} is locked by another program"]),
        day("a device that takes nothing", NONE, "run rest-server --database /dev/full --listen 127.0.0.1:0", Fails(3), &["/dev/full is full"]),
        day("a full disk, Kafka", SMALL_DISK, "run kafka-consumer --database small/orders.db --brokers {broker}", Fails(3), &["small/orders.db", "--database"]),
        day("a read-only working folder, REST", READ_ONLY, "run rest-server --listen 127.0.0.1:0", Fails(3), &[".lab/orders.db can't be written", "--in-memory"]),
        day("a read-only working folder, gRPC", READ_ONLY, "run grpc-server --listen 127.0.0.1:0", Fails(3), &[".lab/orders.db can't be written", "--in-memory"]),
        day("a read-only working folder, Kafka", READ_ONLY, "run kafka-consumer --brokers {broker}", Fails(3), &[".lab/orders.db can't be written", "--in-memory"]),
        day("a read-only working folder, orders in memory", READ_ONLY, "run rest-server --in-memory --listen 127.0.0.1:0", Serves, &["nothing is kept"]),
        day("a working folder that is gone, gRPC", GONE, "run grpc-server --listen 127.0.0.1:0", Fails(3), &["the working folder is no longer there"]),
        day("a working folder that is gone, Kafka", GONE, "run kafka-consumer --brokers {broker}", Fails(3), &["the working folder is no longer there"]),
        day("a working folder that is gone, a client", GONE, "run rest-client health --server {rest}", Done, &["ok"]),
        day("a working folder that is gone, a broker", GONE, "run broker --listen 127.0.0.1:0", Serves, &["lab.*"]),
        day("a folder in other letters, REST", FAR, "run rest-server --listen 127.0.0.1:0", Serves, &[".lab/orders.db"]),
        day("a folder in other letters, gRPC", FAR, "run grpc-server --database 'd é.db' --listen 127.0.0.1:0", Serves, &["d é.db"]),
        day("a folder in other letters, Kafka", FAR, "run kafka-consumer --brokers {broker} --topic-prefix far", Serves, &[".lab/orders.db"]),
        day("no file to import, REST", NONE, "run rest-client import orders.ndjson --server {rest}", Fails(3), &["orders.ndjson", "No such file"]),
        day("no file to import, Kafka", NONE, "run kafka-producer import orders.ndjson --brokers {broker}", Fails(3), &["orders.ndjson", "No such file"]),
        day("a folder to import", NONE, "run grpc-client import . --server {grpc}", Fails(3), &["can't read .", "directory"]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_no_good_is_named() {
    check(&days()).await;
}

/// As after a clock that was wrong, and has been set back.
#[tokio::test(flavor = "multi_thread")]
async fn orders_of_the_future_are_kept_and_new_ones_come_after_them() {
    let world = World::new().await;
    let database = world.path("orders.db");
    let server = Server::on(Lab::Rest, &database).await;
    let first = server.create("FIRST", &["MOUSE"]).await;
    server.stop().await.expect(0);
    let file = Connection::open(&database).expect("a database");
    let century = 100_i64 * 365 * 24 * 60 * 60 * 1_000;
    file.execute("UPDATE orders SET created_at_ms = created_at_ms + ?1", [century]).expect("SQL");
    drop(file);
    for lab in [Lab::Rest, Lab::Grpc] {
        let server = Server::on(lab, &database).await;
        server.create("LATER", &["MOUSE"]).await;
        let listed = client(&server, &["list", "--json"]).await.expect(0).json_lines();
        assert_eq!(listed[0]["id"], first["id"], "{listed:?}");
        assert_eq!(listed.last().expect("orders")["created_by"], "LATER", "{listed:?}");
        assert!(!server.stop().await.expect(0).stderr.contains("WARN"));
    }
    let path = database.to_str().expect("UTF-8");
    let typed = world.fill("run kafka-consumer --brokers {broker} --topic-prefix future --database ") + path;
    let (consumer, _folder) = start(NONE, &typed);
    let publishes = || async { consumer.stderr().contains("publishing facts").then_some(()) };
    crate::support::until("facts", publishes).await;
    consumer.signal(nix::sys::signal::Signal::SIGTERM);
    consumer.end().await.expect(0);
}
