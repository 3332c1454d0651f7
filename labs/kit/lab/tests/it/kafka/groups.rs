//! Consumers that share the requests, and one of them at a time that publishes.

use std::collections::{HashMap, HashSet};

use nix::sys::signal::Signal;
use rstest::rstest;
use rusqlite::Connection;
use serde_json::Value;

use super::programs::{says, stop};
use super::records::order_of;
use super::support::{Kafka, Seen, assigned};
use crate::support::{Lab, Output, client, until};

/// The versions that the facts of each order tell of, in the order in which readers see them; 0 is a tombstone.
pub(super) fn versions(facts: &[Seen]) -> HashMap<String, Vec<u64>> {
    let mut by_order = HashMap::<_, Vec<_>>::new();
    for fact in facts {
        let version = order_of(fact).map_or(0, |order| order.version);
        by_order.entry(fact.key().to_owned()).or_default().push(version);
    }
    by_order
}

/// Each order's versions once and in order, from 1.
#[track_caller]
pub(super) fn assert_each_once(facts: &[Seen]) {
    for (order, versions) in versions(facts) {
        assert_eq!(versions, (1..=versions.len() as u64).collect::<Vec<_>>(), "{order}");
    }
}

fn outcomes(output: &Output) -> impl Iterator<Item = (String, String)> {
    let text = |line: &Value, name: &str| line[name].as_str().expect("text").to_owned();
    output.json_lines().into_iter().map(move |line| (text(&line, "id"), text(&line, "outcome")))
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn two_consumers_share_the_partitions_and_each_request_is_applied_once(
    #[values("consumer", "classic")] protocol: &str,
) {
    let kafka = Kafka::embedded();
    let args = ["--group-protocol", protocol];
    let one = kafka.apply(&args).await;
    let other = kafka.apply(&args).await;
    // Few enough for a pipe that nobody reads.
    let sent: HashSet<_> = kafka.import(200).await.into_iter().collect();
    kafka.idle().await;
    let facts = kafka.facts_once(200).await;
    assert_eq!(facts.len(), 200);
    assert_each_once(&facts);
    let (one, other) = (stop(one).await, stop(other).await);
    let lines: Vec<_> = outcomes(&one).chain(outcomes(&other)).collect();
    let applied = lines.iter().filter(|(_, outcome)| outcome == "applied").map(|(id, _)| id.clone());
    assert_eq!(applied.clone().count(), 200);
    assert_eq!(applied.collect::<HashSet<_>>(), sent);
    assert!(lines.iter().all(|(_, outcome)| outcome != "dead_lettered"));
    for half in [one, other] {
        assert!(!half.stdout.is_empty(), "both had partitions");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fourth_consumer_has_nothing_to_do_until_another_ends() {
    let kafka = Kafka::embedded();
    let mut members = Vec::new();
    for _ in 0..3 {
        members.push(kafka.apply(&[]).await);
    }
    let fourth = kafka.spawn_consumer(&["--json", "--database", kafka.database.to_str().expect("UTF-8")]);
    says(&fourth, "taking requests").await;
    let ids = kafka.import(60).await;
    kafka.idle().await;
    for member in members {
        stop(member).await;
    }
    assigned(&fourth).await;
    kafka.import(60).await;
    kafka.idle().await;
    let facts = kafka.facts_once(120).await;
    assert_eq!(facts.len(), 120);
    assert_each_once(&facts);
    let taken: HashSet<_> = outcomes(&stop(fourth).await).map(|(id, _)| id).collect();
    assert!(taken.len() >= 60, "{} of 60, and {} before", taken.len(), ids.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_publisher_is_killed_another_goes_on() {
    let kafka = Kafka::embedded();
    let publisher = kafka.apply_quietly(&[]).await;
    says(&publisher, "publishing facts").await;
    let other = kafka.apply_quietly(&[]).await;
    kafka.import(200).await;
    kafka.facts_once(1).await;
    publisher.signal(Signal::SIGKILL);
    publisher.end().await.expect(-9);
    says(&other, "publishing facts").await;
    kafka.import(200).await;
    kafka.idle().await;
    let there = || async {
        let facts = kafka.read(&kafka.facts()).await;
        let orders: HashSet<_> = facts.iter().map(|fact| fact.key().to_owned()).collect();
        (orders.len() == 400).then_some(facts)
    };
    let facts = until("a fact of each order", there).await;
    // A crash may publish a version again, and never loses one.
    for (order, versions) in versions(&facts) {
        assert!(versions.iter().all(|&version| version == 1), "{order}: {versions:?}");
    }
    stop(other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_consumer_publishes_at_a_time() {
    let kafka = Kafka::embedded();
    let one = kafka.apply_quietly(&[]).await;
    says(&one, "publishing facts").await;
    let other = kafka.apply_quietly(&[]).await;
    kafka.import(100).await;
    kafka.idle().await;
    let facts = kafka.facts_once(100).await;
    let others_log = other.stderr();
    assert!(!others_log.contains("publishing facts"), "{others_log}");
    stop(one).await;
    says(&other, "publishing facts").await;
    kafka.create("USER14", &["MOUSE"]).await;
    let after = kafka.facts_once(101).await;
    assert_eq!((facts.len(), after.len()), (100, 101));
    assert_each_once(&after);
    stop(other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_started_again_publishes_nothing_again() {
    let kafka = Kafka::embedded();
    for round in 1..=3 {
        let consumer = kafka.apply_quietly(&[]).await;
        kafka.import(150).await;
        kafka.idle().await;
        kafka.facts_once(150 * round).await;
        stop(consumer).await;
        let facts = kafka.read(&kafka.facts()).await;
        assert_eq!(facts.len(), 150 * round);
        assert_each_once(&facts);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_was_wiped_gets_everything_again() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply_quietly(&[]).await;
    let ids = kafka.import(50).await;
    kafka.producer(&["delete", &ids[0]]).await.expect(0);
    kafka.idle().await;
    kafka.facts_once(51).await;
    stop(consumer).await;
    let mut new = Kafka::embedded();
    new.prefix.clone_from(&kafka.prefix);
    for topic in [new.requests(), new.facts(), new.dead_letters()] {
        new.embedded.as_ref().expect("ours").create_topic(&topic, 3).expect("a new topic");
    }
    new.database.clone_from(&kafka.database);
    let consumer = new.apply_quietly(&[]).await;
    let facts = new.facts_once(51).await;
    let mut expected: HashMap<_, _> = ids.iter().map(|id| (id.clone(), vec![1])).collect();
    expected.insert(ids[0].clone(), vec![1, 0]);
    assert_eq!(versions(&facts), expected);
    stop(consumer).await;
}

/// 100,000 changes of an order that is gone: as many as the store keeps.
pub(super) const MANY_CHANGES: &str = "
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
    INSERT INTO changes (kind, id, created_by, status, equipment, created_at_ms, version)
    SELECT iif(n = 1, 'created', 'updated'), '0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24', 'A', 'QUEUED', 'MOUSE', 1, n
    FROM numbers;";

#[tokio::test(flavor = "multi_thread")]
async fn when_the_oldest_changes_are_gone_every_order_is_published_as_it_is_and_that_once() {
    let kafka = Kafka::embedded();
    let rest = kafka.server(Lab::Rest).await;
    let mut ids = Vec::new();
    for name in ["A", "B", "C"] {
        ids.push(rest.create(name, &["MOUSE"]).await["id"].as_str().expect("an id").to_owned());
    }
    // More than a page.
    let many = kafka.folder().join("many.ndjson");
    std::fs::write(&many, "{\"created_by\":\"D\",\"equipment\":[\"MOUSE\"]}\n".repeat(1_200)).expect("a file");
    client(&rest, &["import", many.to_str().expect("UTF-8")]).await.expect(0);
    Connection::open(&kafka.database).expect("the database").execute_batch(MANY_CHANGES).expect("changes");
    for id in &ids[1..] {
        client(&rest, &["update", id, "--equipment", "WEBCAM", "--version", "1"]).await.expect(0);
    }
    rest.stop().await.expect(0);
    let consumer = kafka.apply_quietly(&[]).await;
    let facts = kafka.facts_once(1_203).await;
    assert_eq!(facts.len(), 1_203);
    let of = |facts: &[Seen]| ids.iter().map(|id| versions(facts)[id].clone()).collect::<Vec<_>>();
    assert_eq!(of(&facts), [vec![1], vec![2], vec![2]]);
    stop(consumer).await;
    // From here on, each change; and after a new start none again.
    let mut consumer = kafka.apply_quietly(&[]).await;
    for version in 2..5_u64 {
        let update = ["update", &ids[1], "--equipment", "MONITOR", "--version", &version.to_string()];
        kafka.producer(&update).await.expect(0);
        kafka.get_at(&ids[1], version + 1).await;
        stop(consumer).await;
        consumer = kafka.apply_quietly(&[]).await;
    }
    stop(consumer).await;
    let facts = kafka.read(&kafka.facts()).await;
    assert_eq!(of(&facts), [vec![1], vec![2, 3, 4, 5], vec![2]]);
    assert_eq!(facts.len(), 1_206);
}
