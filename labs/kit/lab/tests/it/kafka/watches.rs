//! Readers that go on: `watch` and `process`, and what `list` leaves alone.

use std::collections::HashSet;

use lab_broker::embedded::Embedded;
use nix::sys::signal::Signal;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rstest::rstest;
use serde_json::{Value, json};

use super::programs::stop;
use super::support::Kafka;
use crate::support::{Output, PATIENCE};

fn ids(output: &Output) -> Vec<String> {
    let id = |line: &Value| line["order"]["id"].as_str().expect("an id").to_owned();
    output.json_lines().iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_watch_begins_now_and_the_next_of_its_group_goes_on_where_it_ended() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    kafka.import(10).await;
    kafka.facts_once(10).await;
    let watch = kafka.member(&["watch", "--group", "g", "--count", "1", "--json"]).await;
    let first = kafka.create("FIRST", &["MOUSE"]).await;
    assert_eq!(ids(&watch.end().await.expect(0)), [first]);
    // While nobody watches.
    let mut missed = HashSet::new();
    for name in ["A", "B", "C"] {
        missed.insert(kafka.create(name, &["MOUSE"]).await);
    }
    kafka.facts_once(14).await;
    let next = kafka.consumer(&["watch", "--group", "g", "--count", "3", "--json"]).await.expect(0);
    assert_eq!(ids(&next).into_iter().collect::<HashSet<_>>(), missed);
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_of_two_groups_both_see_each_fact() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let one = kafka.member(&["watch", "--group", "one", "--count", "20", "--json"]).await;
    let other = kafka.member(&["watch", "--group", "other", "--count", "20", "--json"]).await;
    let sent: HashSet<_> = kafka.import(20).await.into_iter().collect();
    for watch in [one, other] {
        assert_eq!(ids(&watch.end().await.expect(0)).into_iter().collect::<HashSet<_>>(), sent);
    }
    stop(consumer).await;
}

#[rstest]
#[case::of_its_own_accord(&["--group", "again"])]
#[case::with_the_classic_protocol(&["--group", "again", "--group-protocol", "classic"])]
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_sees_all_the_facts_of_an_order_in_their_order(#[case] args: &[&str]) {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let watch = kafka.member(&[&["watch", "--count", "12", "--json"], args].concat()).await;
    let id = kafka.create("USER14", &["MOUSE"]).await;
    for version in 1..11 {
        let version = version.to_string();
        let update = ["update", &id, "--equipment", "WEBCAM", "--version", &version];
        kafka.producer(&update).await.expect(0);
    }
    kafka.producer(&["delete", &id]).await.expect(0);
    let lines = watch.end().await.expect(0).json_lines();
    let versions: Vec<_> = lines.iter().map(|line| line["order"]["version"].as_u64()).collect();
    assert_eq!(versions, (1..=11).map(Some).chain([None]).collect::<Vec<_>>());
    let positions: HashSet<_> = lines.iter().map(|line| line["position"].as_str().expect("a position")).collect();
    assert_eq!(positions.len(), 12, "each has a position of its own");
    stop(consumer).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_and_a_worker_end_in_order_when_they_are_told_to(
    #[values(Signal::SIGINT, Signal::SIGTERM)] signal: Signal,
    #[values("watch", "process")] verb: &str,
) {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let mut reader = kafka.member(&[verb, "--json"]).await;
    let idle = kafka.member(&[verb, "--group", "idle"]).await;
    idle.signal(signal);
    idle.end().await.expect(0);
    kafka.create("USER14", &["MOUSE"]).await;
    assert!(reader.line().await.is_some());
    reader.signal(signal);
    reader.end().await.expect(0);
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_completes_what_is_queued_and_prints_it() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let before: HashSet<_> = kafka.import(30).await.into_iter().collect();
    kafka.facts_once(30).await;
    let worker = kafka.consumer(&["process", "--count", "30", "--json"]).await.expect(0);
    let done = worker.json_lines();
    let ids: HashSet<_> = done.iter().map(|order| order["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids, before);
    assert!(done.iter().all(|order| order["status"] == "COMPLETED" && order["version"] == 3), "{done:?}");

    // One that is placed while it runs; one that is deleted first is nobody's work.
    let gone = kafka.create("GONE", &["MOUSE"]).await;
    kafka.facts_once(91).await;
    kafka.producer(&["delete", &gone]).await.expect(0);
    kafka.facts_once(92).await;
    let worker = kafka.member(&["process", "--count", "1"]).await;
    let id = kafka.create("LATER", &["MOUSE"]).await;
    let printed = worker.end().await.expect(0).stdout;
    assert!(printed.contains(&id) && printed.contains("COMPLETED"), "{printed}");
    assert_eq!(kafka.get_at(&id, 3).await["status"], "COMPLETED");
    assert_eq!(kafka.read(&kafka.dead_letters()).await, []);
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_the_work_and_each_order_is_completed_once() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let one = kafka.member(&["process", "--json"]).await;
    let other = kafka.spawn_consumer(&["process", "--json"]);
    let sent: HashSet<_> = kafka.import(60).await.into_iter().collect();
    // Created, processing, completed.
    let facts = kafka.facts_once(180).await;
    assert_eq!(facts.len(), 180);
    let mut done = Vec::new();
    for worker in [one, other] {
        done.extend(stop(worker).await.json_lines());
    }
    let ids: HashSet<_> = done.iter().map(|order| order["id"].as_str().expect("an id").to_owned()).collect();
    assert!(ids.is_subset(&sent) && ids.len() == done.len(), "none is printed twice");
    let completed = kafka.consumer(&["list", "--json", "--status", "COMPLETED"]).await.expect(0).json_lines();
    assert_eq!(completed.len(), 60);
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_makes_no_topic() {
    let broker = Embedded::start().expect("it starts");
    let kafka = Kafka::on(broker.address().to_string());
    assert_eq!(kafka.consumer(&["list"]).await.expect(0).stdout, "no orders\n");
    assert_eq!(kafka.consumer(&["list", "--json"]).await.expect(0).stdout, "");
    kafka.consumer(&["get", "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24"]).await.expect(1);
    kafka.producer(&["health"]).await.expect(0);
    let client: BaseConsumer = ClientConfig::new().set("bootstrap.servers", &kafka.brokers).create().expect("a client");
    let metadata = client.fetch_metadata(None, PATIENCE).expect("metadata");
    let topics: Vec<_> = metadata.topics().iter().map(|topic| topic.name().to_owned()).collect();
    assert!(!topics.iter().any(|topic| topic.starts_with(&kafka.prefix)), "{topics:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_fact_is_skipped_by_every_reader() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let watch = kafka.member(&["watch", "--count", "1", "--json"]).await;
    for (key, value) in [(None, &b"x"[..]), (Some(&b"nonsense"[..]), b""), (Some(b"\xff"), b"\xff")] {
        kafka.send(&kafka.facts(), key, Some(value), &[("content-type", Some(b"application/json"))]).await;
    }
    kafka.send(&kafka.facts(), None, None, &[]).await;
    let id = kafka.create("USER14", &["MOUSE"]).await;
    let watched = watch.end().await.expect(0);
    assert_eq!(ids(&watched), [&*id]);
    let listed = kafka.consumer(&["list", "--json"]).await.expect(0);
    assert_eq!(listed.json()["id"], json!(id));
    assert_eq!(listed.stderr.matches("not a fact; skipped").count(), 4, "{listed:?}");
    let worked = kafka.consumer(&["process", "--count", "1", "--json"]).await.expect(0);
    assert_eq!(worked.json()["id"], json!(id));
    stop(consumer).await;
}
