//! The topic of facts is removed under a running consumer, and all of it comes back.

use std::collections::BTreeSet;

use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::RDKafkaErrorCode;

use super::apache::On;
use super::ledger::{changes, progress};
use super::relay::{ADD_PARTITIONS_TO_TXN, INIT_PRODUCER_ID, Relay};
use super::requests::{Feeder, consumers};
use super::settings::admin;
use crate::kafka::programs::stop;
use crate::kafka::support::Kafka;
use crate::support::{PATIENCE, until};

fn patiently() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(PATIENCE))
}

async fn remove_facts(kafka: &Kafka) {
    let removed = admin(kafka).delete_topics(&[&kafka.facts()], &patiently()).await.expect("an answer");
    removed.into_iter().for_each(|removed| drop(removed.expect("it was there")));
}

/// Another program may be faster.
async fn make_facts(kafka: &Kafka) {
    let name = kafka.facts();
    let new = NewTopic::new(&name, 3, TopicReplication::Fixed(1)).set("cleanup.policy", "compact");
    let made = admin(kafka).create_topics([&new], &patiently()).await.expect("an answer").remove(0);
    assert!(matches!(made, Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists))), "{made:?}");
}

/// Waits until a reader finds every order that was asked for.
async fn all_are_listed(kafka: &Kafka, feeder: &Feeder) {
    let asked: BTreeSet<_> = feeder.orders.iter().cloned().collect();
    let listed = || async {
        let list = kafka.consumer(&["list", "--json"]).await;
        let ids = list.json_lines().into_iter().filter_map(|order| order["id"].as_str().map(str::to_owned));
        (ids.collect::<BTreeSet<_>>() == asked).then_some(())
    };
    until("every order in the facts", listed).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn a_topic_that_is_removed_while_facts_are_on_their_way_is_named_and_filled_again() {
    let kafka = On::Apache.kafka().await;
    let consumer = consumers(&kafka, 1, &[]).await.remove(0);
    let mut feeder = Feeder::new(&kafka);
    // Of a topic that it has never seen, the publisher can't say that it is another.
    feeder.feed(1);
    all_are_listed(&kafka, &feeder).await;
    // Facts are on their way when it is removed in one of two cases or so.
    for round in 1..=8 {
        let before = changes(&kafka);
        feeder.feed(1_000);
        progress(&kafka, before + 1).await;
        remove_facts(&kafka).await;
        all_are_listed(&kafka, &feeder).await;
        let warnings = consumer.stderr().matches("the topic was removed, or made anew").count();
        assert!(warnings >= round, "{}", consumer.stderr());
    }
}

/// A topic that is as long as it was, or longer, looks as if it were the same.
async fn outgrown_at_once(on: On) {
    let mut kafka = on.kafka().await;
    // Before it has its number, and before the first record of each transaction.
    let at_the_gate = &[INIT_PRODUCER_ID, ADD_PARTITIONS_TO_TXN];
    let relay = Relay::before(&kafka.brokers, kafka.facts(), at_the_gate).await;
    kafka.brokers = relay.address().to_string();
    let consumer = consumers(&kafka, 1, &[]).await.remove(0);
    let mut feeder = Feeder::new(&kafka);
    feeder.feed(5);
    all_are_listed(&kafka, &feeder).await;
    stop(consumer).await;
    // While the next publisher waits for its number, far more changes come together.
    relay.close();
    let consumer = consumers(&kafka, 1, &[]).await.remove(0);
    relay.come(1).await;
    feeder.feed(500);
    progress(&kafka, feeder.requests()).await;
    relay.let_one_pass();
    // It has seen how long the topic is, and sends a transaction of a thousand facts.
    relay.come(2).await;
    match &kafka.embedded {
        None => {
            remove_facts(&kafka).await;
            make_facts(&kafka).await;
        }
        Some(broker) => {
            let other = format!("test-{}.orders.v1", uuid::Uuid::new_v4());
            broker.create_topic(&other, 3).expect("a new topic");
            relay.swap(kafka.facts(), other);
        }
    }
    relay.open();
    all_are_listed(&kafka, &feeder).await;
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn a_topic_that_is_made_anew_and_outgrown_at_once_has_what_was_in_the_old_one() {
    outgrown_at_once(On::Apache).await;
}

/// There nobody can remove a topic. Another one comes to stand for it, on the way.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_another_and_longer_has_what_was_in_the_old_one_on_the_embedded_broker() {
    outgrown_at_once(On::Embedded).await;
}
