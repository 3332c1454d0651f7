//! The database locked by somebody else while the consumers have work in hand that they can't do.

use std::time::Duration;

use rusqlite::Connection;

use super::ledger::locked;
use super::requests::Feeder;
use crate::kafka::support::Kafka;

/// Of so many orders each of the three partitions has some: all but one time in 60,000.
const ORDERS: usize = 30;

/// The lock, held for long enough that a consumer has a batch in hand. That can't be seen
/// from outside; a member that has none is stopped all the same, and must lose nothing.
pub(super) async fn with_work_in_hand(kafka: &Kafka, feeder: &mut Feeder) -> Connection {
    let lock = locked(kafka);
    feeder.feed(ORDERS);
    tokio::time::sleep(Duration::from_millis(300)).await;
    lock
}

/// The lock, with work that members with `--break commit-after` have in hand: what they
/// have committed of each partition has grown, and can't have been done.
///
/// While the group moves a commit is refused, and what was asked for is done once the lock is gone.
/// So it begins again until they all have theirs.
pub(super) async fn with_work_committed(kafka: &Kafka, feeder: &mut Feeder) -> Connection {
    for _ in 0..20 {
        feeder.delivered().await;
        kafka.idle().await;
        let before = kafka.places().await.expect("it was told a moment ago");
        let lock = locked(kafka);
        feeder.feed(ORDERS);
        feeder.delivered().await;
        for _ in 0..10 {
            let now = kafka.places().await.unwrap_or_default();
            let mut both = before.iter().zip(&now);
            if now.len() == before.len() && both.all(|(before, now)| now.committed > before.committed) {
                return lock;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    panic!("in 20 times the members never had work of every partition in hand");
}
