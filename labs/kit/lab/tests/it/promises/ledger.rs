//! What was asked for, held against what became of it: in the database, in the
//! facts, among the dead letters.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use prost::Message as _;
use rusqlite::{Connection, OpenFlags};

use crate::kafka::support::Kafka;
use crate::support::{PATIENCE, until};

/// What went wrong, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wrongs {
    /// Requests without an effect.
    pub(super) lost: usize,
    /// Effects that nobody asked for, or a second time.
    pub(super) doubled: usize,
    /// Changes without a fact.
    pub(super) facts_missing: usize,
    /// Facts that say again what was said.
    pub(super) facts_twice: usize,
    /// Requests that were not taken.
    pub(super) dead_letters: usize,
}

/// The last change's number: what the consumers have done so far.
pub(super) fn changes(kafka: &Kafka) -> usize {
    let last: i64 = open(kafka)
        .query_row("SELECT coalesce(max(sequence), 0) FROM changes", [], |row| row.get(0))
        .expect("a number");
    usize::try_from(last).expect("it counts from 0")
}

fn open(kafka: &Kafka) -> Connection {
    Connection::open_with_flags(&kafka.database, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("the consumer has made it")
}

/// Locks the database as any other writer does; to drop it lets go.
pub(super) fn locked(kafka: &Kafka) -> Connection {
    let connection = open(kafka);
    connection.busy_timeout(PATIENCE).expect("a setting");
    connection.execute_batch("BEGIN IMMEDIATE").expect("the lock, between two batches");
    connection
}

/// Waits for so many changes.
pub(super) async fn progress(kafka: &Kafka, target: usize) {
    until("progress of the consumers", || async { (changes(kafka) >= target).then_some(()) }).await;
}

/// From `least` on, and less than twice that.
pub(super) fn some(least: usize) -> usize {
    least + RandomState::new().hash_one(0) as usize % least
}

/// How many changes each order has seen: a change is one version more. Of changes the
/// last 100,000 are kept; these must not say the same twice.
fn versions_in_database(kafka: &Kafka) -> HashMap<String, u64> {
    let database = open(kafka);
    let twice = "SELECT count(*) FROM (SELECT 1 FROM changes GROUP BY id, version HAVING count(*) > 1)";
    let twice: i64 = database.query_row(twice, [], |row| row.get(0)).expect("our table");
    assert_eq!(twice, 0, "changes that are there twice");
    let mut rows = database.prepare("SELECT id, version FROM orders").expect("our table");
    let pairs = rows.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))).expect("rows");
    pairs.map(|pair| pair.expect("a row")).collect()
}

/// The versions of each order, in the order of its facts.
async fn versions_in_facts(kafka: &Kafka) -> HashMap<String, Vec<u64>> {
    let mut versions = HashMap::<String, Vec<u64>>::new();
    for fact in kafka.read(&kafka.facts()).await {
        let value = fact.value.as_deref().expect("nothing is deleted here");
        let order = lab_proto::pb::Order::decode(value).expect("a fact is an order");
        versions.entry(fact.key().to_owned()).or_default().push(order.version);
    }
    versions
}

/// Waits until the consumers are idle and have said what they did, then counts.
/// `orders` were asked for, each to be changed up to `version`.
pub(super) async fn count(kafka: &Kafka, orders: &[String], version: u64) -> Wrongs {
    kafka.idle().await;
    let stored = versions_in_database(kafka);
    let all = stored.values().sum::<u64>() as usize;
    let published = || async {
        let facts = versions_in_facts(kafka).await;
        let different: usize = facts.values().map(|versions| distinct(versions)).sum();
        (different >= all).then_some(facts)
    };
    let facts = until("facts of all changes", published).await;
    let mut wrongs = Wrongs { dead_letters: kafka.read(&kafka.dead_letters()).await.len(), ..Wrongs::default() };
    for id in orders {
        let there = stored.get(id).copied().unwrap_or_default();
        wrongs.lost += version.saturating_sub(there) as usize;
        wrongs.doubled += there.saturating_sub(version) as usize;
        let said = facts.get(id).map_or(&[][..], |versions| versions);
        wrongs.facts_missing += (1..=there).filter(|version| !said.contains(version)).count();
        wrongs.facts_twice += said.len() - distinct(said);
        // In their order, too: a repeat aside, what is said of an order never goes back.
        assert!(wrongs.facts_twice > 0 || said.is_sorted(), "{id}: {said:?}");
    }
    let asked: HashSet<_> = orders.iter().collect();
    wrongs.doubled += stored.keys().filter(|id| !asked.contains(id)).count();
    wrongs
}

fn distinct(versions: &[u64]) -> usize {
    versions.iter().collect::<HashSet<_>>().len()
}
