//! A hundred watches of 5,000 changes, over both servers on one file: each gets
//! each change once and in order, however slowly or brokenly it reads, and those
//! that don't read cost the server no memory.

use std::path::Path;

use futures_util::future::join_all;
use rusqlite::Connection;
use tokio::task::JoinHandle;

use crate::client::{Client, Seen, Watching};
use crate::load::start_quiet;
use crate::memory::Memory;
use crate::support::{Lab, Server, folder};

const CHANGES: usize = 5_000;
/// The most by which a server may grow. The promise is 16; a queue for each watch would take 11.
const MIB: u64 = 8;

/// The newest changes, as the database has them.
fn newest_changes(database: &Path) -> Vec<Seen> {
    let database = Connection::open(database).expect("a database");
    let mut rows = database.prepare("SELECT id, version FROM changes ORDER BY sequence").expect("our table");
    let seen = |row: &rusqlite::Row<'_>| Ok(Seen { id: row.get(0)?, version: row.get(1)? });
    let all: Vec<_> = rows.query_map([], seen).expect("rows").collect::<Result<_, _>>().expect("readable");
    all[all.len() - CHANGES..].to_vec()
}

/// Each on a connection of its own.
async fn watches(server: &Server, count: usize) -> Vec<Watching> {
    join_all((0..count).map(|_| async { Client::of(server).watch("").await.expect("a watch") })).await
}

fn read_all(mut watching: Watching) -> JoinHandle<Vec<Seen>> {
    tokio::spawn(async move { watching.changes(CHANGES).await })
}

/// Breaks off 20 times, and comes back with the last position, on a new connection.
fn read_with_breaks(server: &Server, mut watching: Watching) -> JoinHandle<Vec<Seen>> {
    let clients: Vec<_> = (0..20).map(|_| Client::of(server)).collect();
    tokio::spawn(async move {
        let mut changes = Vec::new();
        for client in clients {
            changes.extend(watching.changes(CHANGES / 21).await);
            let position = watching.position;
            watching = client.watch(&position).await.expect("a watch that goes on");
            assert_eq!(watching.position, position);
        }
        changes.extend(watching.changes(CHANGES - changes.len()).await);
        changes
    })
}

/// Changes of all kinds at both servers, most of them by imports.
async fn change(rest: &Client, grpc: &Client) {
    for round in 0..10 {
        let (here, there) = if round % 2 == 0 { (rest, grpc) } else { (grpc, rest) };
        here.import(CHANGES / 10 - 20).await.expect("an import");
        for _ in 0..5 {
            let order = here.create().await.expect("an order");
            let order = there.update(&order).await.expect("a change");
            let order = here.update(&order).await.expect("a change");
            there.delete(&order.id).await.expect("a deletion");
        }
    }
}

async fn assert_read(readers: Vec<JoinHandle<Vec<Seen>>>, changes: &[Seen]) {
    for reader in readers {
        // Each change is waited for, so this ends.
        let read = reader.await.expect("no failure");
        assert!(read == changes, "a watch has not got each change once and in order");
    }
}

/// At each server: some read, one of them with breaks, and the others only afterwards.
async fn watch_all(reading: usize, not_reading: usize) {
    let folder = folder();
    let database = folder.path().join("orders.db");
    let (rest, grpc) = (start_quiet(Lab::Rest, &database).await, start_quiet(Lab::Grpc, &database).await);
    // What an import takes is not what this is about.
    change(&Client::of(&rest), &Client::of(&grpc)).await;
    let mut readers = Vec::new();
    let mut stuck = Vec::new();
    for server in [&rest, &grpc] {
        let mut watches = watches(server, reading).await;
        readers.push(read_with_breaks(server, watches.remove(0)));
        readers.extend(watches.into_iter().map(read_all));
        stuck.extend(join_all((0..not_reading).map(|_| Watching::frozen(server))).await);
    }
    let memory = [Memory::of(&rest), Memory::of(&grpc)];
    change(&Client::of(&rest), &Client::of(&grpc)).await;
    let changes = newest_changes(&database);
    assert_read(readers, &changes).await;
    memory[0].assert_grown_less_than(MIB, &rest);
    memory[1].assert_grown_less_than(MIB, &grpc);

    assert_read(stuck.into_iter().map(read_all).collect(), &changes).await;
    rest.stop().await.expect(0);
    grpc.stop().await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_watch_gets_each_change_once_and_in_order_and_costs_no_memory() {
    watch_all(30, 20).await;
}
