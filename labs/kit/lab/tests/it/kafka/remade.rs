//! Topics that lose what they had while a consumer runs, and databases that have
//! forgotten what happened: the facts come to say again what is.

use std::collections::BTreeSet;
use std::net::TcpListener;

use lab_broker::embedded::{Embedded, TopicError};
use rusqlite::Connection;

use super::groups::{MANY_CHANGES, versions};
use super::programs::stop;
use super::support::Kafka;
use crate::support::{Lab, Output, client, until};

/// A broker on this listener, with the topics.
fn start(listener: &TcpListener, kafka: &Kafka) -> Embedded {
    let broker = Embedded::on(listener.try_clone().expect("a descriptor")).expect("the embedded broker starts");
    for topic in [kafka.requests(), kafka.facts(), kafka.dead_letters()] {
        // A consumer that waits for the broker may be faster: what it asks about is made.
        let made = broker.create_topic(&topic, 3);
        assert!(matches!(made, Ok(()) | Err(TopicError::Exists(_))), "{made:?}");
    }
    broker
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_comes_back_empty_under_a_running_consumer_gets_every_order() {
    // Kept open, so that nobody else takes the port in between.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let kafka = Kafka::on(listener.local_addr().expect("bound").to_string());
    let broker = start(&listener, &kafka);
    let consumer = kafka.apply_quietly(&[]).await;
    let mut ids = kafka.import(20).await;
    kafka.facts_once(20).await;
    drop(broker);
    let _broker = start(&listener, &kafka);
    let again =
        || async { Some(kafka.consumer(&["list", "--json"]).await).filter(|list| list.json_lines().len() == 20) };
    let list = until("every order", again).await;
    let mut listed: Vec<_> =
        list.json_lines().iter().map(|order| order["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    listed.sort();
    assert_eq!(listed, ids);
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_deletion_is_no_longer_kept_gets_its_tombstone() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply_quietly(&[]).await;
    let ids = kafka.import(3).await;
    kafka.facts_once(3).await;
    stop(consumer).await;
    let rest = kafka.server(Lab::Rest).await;
    client(&rest, &["delete", &ids[0]]).await.expect(0);
    Connection::open(&kafka.database).expect("the database").execute_batch(MANY_CHANGES).expect("changes");
    // With this change the oldest are dropped, the deletion among them.
    client(&rest, &["update", &ids[1], "--equipment", "WEBCAM", "--version", "1"]).await.expect(0);
    rest.stop().await.expect(0);
    let consumer = kafka.apply_quietly(&[]).await;
    kafka.get_at(&ids[1], 2).await;
    stop(consumer).await;
    kafka.consumer(&["get", &ids[0]]).await.expect(1);
    let facts = versions(&kafka.read(&kafka.facts()).await);
    assert_eq!(facts[&ids[0]], [1, 0]);
    assert_eq!(facts[&ids[2]], [1, 1], "its state was published once more, for nobody knew that it was there");
}

/// Three orders, a copy of the database, five orders more; then the copy instead of it.
async fn restored_from_a_copy() -> Kafka {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply_quietly(&[]).await;
    kafka.import(3).await;
    kafka.facts_once(3).await;
    stop(consumer).await;
    let copy = kafka.folder().join("copy.db");
    std::fs::copy(&kafka.database, &copy).expect("a copy");
    let consumer = kafka.apply_quietly(&[]).await;
    kafka.import(5).await;
    kafka.facts_once(8).await;
    stop(consumer).await;
    // What is left beside a database belongs to the one that goes.
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", kafka.database.display()));
    }
    std::fs::copy(&copy, &kafka.database).expect("the older copy");
    kafka
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_older_than_the_topic_goes_on_publishing() {
    let kafka = restored_from_a_copy().await;
    let consumer = kafka.apply_quietly(&[]).await;
    let id = kafka.create("AFTERWARDS", &["MOUSE"]).await;
    kafka.get_at(&id, 1).await;
    stop(consumer).await;
}

/// Its new changes have the numbers of those that were lost, and more.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_that_has_overtaken_the_topic_publishes_all_and_buries_what_was_lost() {
    let kafka = restored_from_a_copy().await;
    let rest = kafka.server(Lab::Rest).await;
    for number in 0..10 {
        rest.create(&format!("NEW{number}"), &["MOUSE"]).await;
    }
    let list = client(&rest, &["list", "--json"]).await.expect(0);
    rest.stop().await.expect(0);
    let ids = |list: &Output| -> BTreeSet<String> {
        list.json_lines().iter().map(|order| order["id"].as_str().expect("an id").to_owned()).collect()
    };
    let stored = ids(&list);
    assert_eq!(stored.len(), 13);
    for _ in 0..2 {
        let consumer = kafka.apply_quietly(&[]).await;
        let same = || async { (ids(&kafka.consumer(&["list", "--json"]).await) == stored).then_some(()) };
        until("the facts to say what the database says", same).await;
        stop(consumer).await;
    }
}
