//! A tap on Apache Kafka: all traffic passes it, and it shows each record.

use lab_wiretap::{Call, Message, Tap, Wire};

use super::apache::On;
use crate::kafka::support::Kafka;
use crate::support::within;

/// Records as a tap saw them: partition and offset, key, value.
fn records(messages: &[Message]) -> Vec<(i32, Option<i64>, Option<&str>, &str)> {
    messages
        .iter()
        .filter_map(|message| {
            let record = message.record.as_ref()?;
            Some((record.partition, record.offset, record.key.as_deref(), message.text.as_str()))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java and Maven"]
async fn a_tap_shows_each_record_on_its_way_to_apache_kafka_and_back() {
    let brokers = On::Apache.kafka().await.brokers;
    let upstream = tokio::net::lookup_host(&brokers).await.expect("an address").find(|address| address.is_ipv4());
    let tap = Tap::start(Wire::Kafka, upstream.expect("one of IPv4")).await.expect("a tap");
    let kafka = Kafka::on(tap.address().to_string());
    let consumer = kafka.apply(&[]).await;
    let id = kafka.create("USER14", &["KEYBOARD", "MOUSE"]).await;
    let facts = kafka.facts_once(1).await;

    let about = |call: &Call, name: &str, topic: &str| {
        let messages = call.sent.messages.iter().chain(&call.received.messages);
        let mut records = messages.filter_map(|message| message.record.as_ref());
        call.name == name && call.ended && records.any(|record| record.topic == topic)
    };
    // Placed and taken, published and read: topics by their names, although newer requests have their ids.
    let seen = |name: &'static str, topic: String| {
        let tap = &tap;
        async move { within(name, tap.wait_for(|call| about(call, name, &topic))).await }
    };
    let placed = seen("Produce", kafka.requests()).await;
    let taken = seen("Fetch", kafka.requests()).await;
    let published = seen("Produce", kafka.facts()).await;
    let read = seen("Fetch", kafka.facts()).await;

    let request = "create {\n  created_by: \"USER14\"\n  equipment: [KEYBOARD, MOUSE]\n}";
    let sent = records(&placed.sent.messages);
    assert_eq!((sent[0].2, sent[0].3), (Some(id.as_str()), request));
    assert!(sent[0].1.is_some(), "its offset is known from the answer: {placed:#?}");
    assert_eq!(records(&taken.received.messages), sent);
    let fact = records(&published.sent.messages);
    assert_eq!((fact[0].0, fact[0].1), (facts[0].partition, Some(facts[0].offset)));
    assert!(fact[0].3.contains(&format!("id: \"{id}\"\ncreated_by: \"USER14\"\nstatus: QUEUED")), "{fact:?}");
    assert_eq!(records(&read.received.messages), fact);
    drop(consumer);
}
