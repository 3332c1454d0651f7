//! Workers that ask, and are not answered.

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::json;

use super::programs::stop;
use super::records::new_id;
use super::support::{Kafka, Seen};
use crate::support::{PATIENCE, until};

/// A fact of an order that no database has.
async fn tell_of_nothing(kafka: &Kafka) {
    let id = new_id();
    let order = json!({
        "id": id, "created_by": "NOBODY", "status": "QUEUED", "equipment": ["MOUSE"],
        "created_at": "2026-11-24T20:12:00.123Z", "version": 1,
    });
    let headers = [("content-type", Some(&b"application/json"[..])), ("ce_type", Some(b"order.created"))];
    kafka.send(&kafka.facts(), Some(id.as_bytes()), Some(order.to_string().as_bytes()), &headers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_only_the_topic_knows_keep_no_others_waiting() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply_quietly(&[]).await;
    // More than a worker asks for at once. They are older, and so their turn comes first.
    for _ in 0..40 {
        tell_of_nothing(&kafka).await;
    }
    let id = kafka.create("USER14", &["KEYBOARD"]).await;
    kafka.get_at(&id, 1).await;
    let worker = kafka.member(&["process"]).await;
    assert_eq!(kafka.get_at(&id, 3).await["status"], "COMPLETED");
    stop(worker).await;
    stop(consumer).await;
}

/// A new group for requests, whose places are the ends: it never sees what was asked before.
fn group_at_the_end(kafka: &Kafka) -> String {
    let group = format!("{}.later", kafka.prefix);
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &kafka.brokers).set("group.id", &group);
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut ends = TopicPartitionList::new();
    for partition in 0..3 {
        let (_, end) = consumer.fetch_watermarks(&kafka.requests(), partition, PATIENCE).expect("an answer");
        ends.add_partition_offset(&kafka.requests(), partition, Offset::Offset(end)).expect("a place");
    }
    consumer.commit(&ends, CommitMode::Sync).expect("the group has no members");
    group
}

/// The names of the events that ask for work.
fn asked(requests: &[Seen]) -> Vec<&str> {
    let advances = requests.iter().filter(|request| request.header("ce_type") == Some("order.advance"));
    advances.map(|request| request.header("ce_id").expect("a name")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_request_is_lost_asks_once_more_under_the_same_name() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply_quietly(&[]).await;
    let id = kafka.create("USER14", &["KEYBOARD"]).await;
    kafka.get_at(&id, 1).await;
    stop(consumer).await;
    let worker = kafka.member(&["process"]).await;
    let requests = || async { Some(kafka.read(&kafka.requests()).await).filter(|all| !asked(all).is_empty()) };
    until("a request of the worker's", requests).await;
    let consumer = kafka.apply_quietly(&["--group", &group_at_the_end(&kafka)]).await;
    assert_eq!(kafka.get_at(&id, 3).await["status"], "COMPLETED");
    let requests = kafka.read(&kafka.requests()).await;
    let asked = asked(&requests);
    assert_eq!(asked[0], asked[1], "one event, and not two");
    stop(worker).await;
    stop(consumer).await;
}
