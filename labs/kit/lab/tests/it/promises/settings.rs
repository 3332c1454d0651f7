//! Topics as they are made, and brokers and topics that somebody has set up otherwise.

use std::collections::HashMap;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;

use super::apache::{On, start};
use super::imports::Import;
use super::ledger::{Wrongs, count};
use super::requests::{Feeder, LINE, consumers, start_consumer};
use crate::kafka::support::Kafka;
use crate::support::PATIENCE;

pub(super) fn admin(kafka: &Kafka) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", &kafka.brokers).create().expect("a client")
}

/// With so many partitions, and so many replicas of each.
pub(super) async fn make_topic(
    kafka: &Kafka,
    name: &str,
    (partitions, replicas): (i32, i32),
    settings: &[(&str, &str)],
) {
    let new = NewTopic::new(name, partitions, TopicReplication::Fixed(replicas));
    let new = settings.iter().fold(new, |new, &(name, value)| new.set(name, value));
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    let made = admin(kafka).create_topics([&new], &options).await.expect("an answer");
    made.into_iter().for_each(|made| drop(made.expect("it is made")));
}

/// How many partitions a topic has, and its settings.
async fn describe(kafka: &Kafka, topic: &str) -> (usize, HashMap<String, String>) {
    let admin = admin(kafka);
    let metadata = admin.inner().fetch_metadata(None, PATIENCE).expect("metadata");
    let partitions =
        metadata.topics().iter().find(|known| known.name() == topic).map_or(0, |known| known.partitions().len());
    let asked = admin.describe_configs([&ResourceSpecifier::Topic(topic)], &AdminOptions::new()).await;
    let resource = asked.expect("an answer").remove(0).expect("it is there");
    let value = |entry: rdkafka::admin::ConfigEntry| entry.value.map(|value| (entry.name, value));
    (partitions, resource.entries.into_iter().filter_map(value).collect())
}

async fn assert_topics_are_as_designed(kafka: &Kafka) {
    for (topic, settings) in [
        (kafka.requests(), &[("cleanup.policy", "delete"), ("retention.ms", "604800000")]),
        (kafka.facts(), &[("cleanup.policy", "compact"), ("delete.retention.ms", "86400000")]),
        (kafka.dead_letters(), &[("cleanup.policy", "delete"), ("retention.ms", "604800000")]),
    ] {
        let (partitions, actual) = describe(kafka, &topic).await;
        assert_eq!(partitions, 3, "{topic}");
        for (name, value) in settings {
            assert_eq!(actual.get(*name).map(String::as_str), Some(*value), "{topic}: {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn topics_are_made_as_designed() {
    let kafka = On::Apache.kafka().await;
    let _running = consumers(&kafka, 1, &[]).await;
    assert_topics_are_as_designed(&kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn topics_that_somebody_made_beforehand_are_used_as_they_are() {
    for partitions in [1, 12] {
        let kafka = On::Apache.kafka().await;
        for topic in [kafka.requests(), kafka.facts(), kafka.dead_letters()] {
            make_topic(&kafka, &topic, (partitions, 1), &[]).await;
        }
        // With 12 both have some; with 1 one of them is idle.
        let mut running = consumers(&kafka, 1, &[]).await;
        running.push(start_consumer(&kafka, &[]));
        let mut feeder = Feeder::new(&kafka);
        feeder.feed(500);
        feeder.delivered().await;
        assert_eq!(count(&kafka, &feeder.orders, 2).await, Wrongs::default(), "{partitions} partitions");
        assert_eq!(describe(&kafka, &kafka.requests()).await.0, partitions as usize);
    }
}

/// A create of our own kind takes 460 bytes as JSON, and one of these 900; far more fit into a batch.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn only_requests_that_are_too_large_for_the_topic_are_not_sent() {
    let kafka = On::Apache.kafka().await;
    for topic in [kafka.requests(), kafka.facts()] {
        make_topic(&kafka, &topic, (3, 1), &[("max.message.bytes", "700")]).await;
    }
    let _running = consumers(&kafka, 1, &[]).await;
    let large = format!("{{\"created_by\":\"{}\",\"equipment\":{:?}}}\n", "😀".repeat(64), ["KEYBOARD"; 20]);
    let file = kafka.folder().join("mixed.ndjson");
    std::fs::write(&file, LINE.repeat(100) + &large + &LINE.repeat(100) + &large).expect("a file");
    let import = Import::start(&kafka, &[file.to_str().expect("temporary names are UTF-8"), "--format", "json"]);
    let ended = import.end().await;
    println!("{}", ended.output.stderr);
    assert_eq!((ended.output.status, ended.doubles(&kafka).await), (1, 0));
    let not_sent = ended.named("not_sent");
    assert_eq!((ended.named("delivered").len(), not_sent.len(), ended.reports.len()), (200, 2, 202));
    assert!(not_sent.iter().all(|id| ended.output.stderr.contains(id)), "{}", ended.output.stderr);
    let delivered: Vec<_> = ended.named("delivered").into_iter().collect();
    assert_eq!(count(&kafka, &delivered, 1).await, Wrongs::default());
}

/// A letter has four headers more than its request, and the topics were made by hand alike.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn poison_that_is_too_large_for_a_letter_stops_nobody() {
    let kafka = On::Apache.kafka().await;
    for topic in [kafka.requests(), kafka.facts(), kafka.dead_letters()] {
        make_topic(&kafka, &topic, (1, 1), &[("max.message.bytes", "2000")]).await;
    }
    let _running = consumers(&kafka, 1, &[]).await;
    let large = "x".repeat(1_850);
    kafka.send(&kafka.requests(), Some(b"a value"), Some(large.as_bytes()), &[]).await;
    kafka.send(&kafka.requests(), Some(b"a header"), None, &[("large", Some(large.as_bytes()))]).await;
    let mut feeder = Feeder::new(&kafka);
    for _ in 0..5 {
        // A batch that the topic takes.
        feeder.feed(1);
        feeder.delivered().await;
    }
    let wrongs = count(&kafka, &feeder.orders, 2).await;
    assert_eq!(wrongs, Wrongs { dead_letters: 2, ..Wrongs::default() });
    let letters = kafka.read(&kafka.dead_letters()).await;
    let said: Vec<_> = letters.iter().map(|letter| letter.header("dlq_reason").expect("text")).collect();
    println!("{said:?}");
    assert!(said[0].contains("its value of 1850 bytes is too large for a letter"), "{said:?}");
    assert!(said[1].contains("its key and headers as well"), "{said:?}");
    assert_eq!((letters[0].key(), letters[1].header("dlq_offset")), ("a value", Some("1")));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn a_broker_that_makes_topics_by_itself_and_knows_no_new_groups_is_dealt_with() {
    let settings = [
        ("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "true"),
        ("KAFKA_NUM_PARTITIONS", "1"),
        ("KAFKA_GROUP_COORDINATOR_REBALANCE_PROTOCOLS", "classic"),
    ];
    let apache = start(false, &settings).await;
    let kafka = Kafka::on(apache.bootstrap());
    let refused = start_consumer(&kafka, &[]).end().await.expect(1);
    let sentences: Vec<_> = refused.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(sentences.len(), 1, "{refused:?}");
    assert!(sentences[0].contains("--group-protocol classic"), "{sentences:?}");
    println!("{}", sentences[0]);
    let _running = consumers(&kafka, 2, &["--group-protocol", "classic"]).await;
    assert_topics_are_as_designed(&kafka).await;
    let mut feeder = Feeder::new(&kafka);
    feeder.feed(500);
    feeder.delivered().await;
    assert_eq!(count(&kafka, &feeder.orders, 2).await, Wrongs::default());
}
