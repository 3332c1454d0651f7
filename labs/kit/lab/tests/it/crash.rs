//! SIGKILL under load: what was acknowledged is kept.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use rusqlite::Connection;

use crate::load::{Load, assert_consistent, start_quiet};
use crate::support::{Lab, folder};

/// Both servers work on one file and are killed, one a little later: it must go on as if
/// nothing had happened to its neighbour.
async fn kill_both(database: &Path, first: Lab, second: Lab) -> usize {
    let (first, second) = tokio::join!(start_quiet(first, database), start_quiet(second, database));
    let (first_load, second_load) = (Load::start(&first, 8), Load::start(&second, 8));
    let some = || 50 + (RandomState::new().hash_one(0) % 100) as usize;
    tokio::join!(first_load.acknowledged(some()), second_load.acknowledged(some()));
    first.kill().await;
    second_load.acknowledged(some()).await;
    second.kill().await;

    let kept = Connection::open(database).expect("the file");
    assert_consistent(&kept);
    let mut ledgers = first_load.ledgers().await;
    ledgers.extend(second_load.ledgers().await);
    ledgers.iter().for_each(|ledger| ledger.assert_kept(&kept));
    ledgers.iter().map(|ledger| ledger.len()).sum()
}

async fn kill_again_and_again(times: usize) {
    let folder = folder();
    let database = folder.path().join("orders.db");
    let mut orders = 0;
    for round in 0..times {
        let (first, second) = if round % 2 == 0 { (Lab::Rest, Lab::Grpc) } else { (Lab::Grpc, Lab::Rest) };
        orders += kill_both(&database, first, second).await;
    }
    println!("{times} kills of both servers; {orders} acknowledged orders, none lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_sigkill() {
    kill_again_and_again(3).await;
}

/// `cargo test -p lab --test it -- --ignored --nocapture a_hundred`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: a hundred times both servers"]
async fn what_was_acknowledged_survives_sigkill_a_hundred_times() {
    kill_again_and_again(100).await;
}
