//! kafka/02: read a topic to the end that was there at the start.

use std::collections::HashMap;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{ClientConfig, Message, TopicPartitionList};
use serde_json::json;

/// For an answer about the topic. librdkafka would ask for ever.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match read_back() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn read_back() -> Result<(), Box<dyn Error>> {
    let topic = std::env::var("LAB_TOPIC").unwrap_or("lab.orders".to_owned());
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", std::env::var("KAFKA_BROKERS").unwrap_or("127.0.0.1:9092".to_owned()))
        .set("group.id", std::env::var("LAB_GROUP").unwrap_or("mine".to_owned()))
        // Where a group begins that is nowhere yet: by default at the end.
        .set("auto.offset.reset", "earliest")
        // A consumer that is dropped takes what is left in its queue: with auto-commit that is
        // committed, and nobody has printed it.
        .set("enable.auto.commit", "false")
        .create()?;
    let mut ends = ends(&consumer, &topic)?;
    if ends.is_empty() {
        return Ok(());
    }
    consumer.subscribe(&[&topic])?;
    while !ends.is_empty() {
        // Silence says nothing: the group may still be forming, the broker slow.
        let Some(record) = consumer.poll(PATIENCE) else { continue };
        let record = record?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (key, value) = (record.key().map(text), record.payload().map(text));
        let (partition, offset) = (record.partition(), record.offset());
        // Also what came later: it is committed below, and would be lost to this group.
        println!("{}", json!({ "partition": partition, "offset": offset, "key": key, "value": value }));
        if ends.get(&partition).is_some_and(|&end| offset + 1 >= end) {
            ends.remove(&partition);
        }
    }
    // Up to the last record that was polled, and so printed.
    consumer.commit_consumer_state(CommitMode::Sync)?;
    Ok(())
}

/// The partitions in which the group has something to read, and where each ends now: the
/// offset of the record that would come next.
fn ends(consumer: &BaseConsumer, topic: &str) -> Result<HashMap<i32, i64>, Box<dyn Error>> {
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
    let mut asked = TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        asked.add_partition(topic, partition.id());
    }
    let committed = consumer.committed_offsets(asked, PATIENCE)?;
    let mut ends = HashMap::new();
    for place in committed.elements() {
        let (first, end) = consumer.fetch_watermarks(topic, place.partition(), PATIENCE)?;
        // A group without an offset of its own is at the first.
        let next = place.offset().to_raw().filter(|&offset| offset >= 0).unwrap_or(first);
        if next < end {
            ends.insert(place.partition(), end);
        }
    }
    Ok(ends)
}
