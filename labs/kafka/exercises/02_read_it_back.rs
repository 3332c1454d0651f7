//! kafka/02: read a topic to the end that was there at the start.
//!
//! `cargo lab show kafka/02` has the task, `cargo lab check kafka/02` grades this
//! program over the wire, `cargo lab hint kafka/02` helps.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientConfig, Message};
use serde_json::json;

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
        .create()?;
    consumer.subscribe(&[&topic])?;
    read(&consumer, &topic)
}

/// Prints what the group hasn't read yet, up to where the topic ends now.
fn read(consumer: &BaseConsumer, topic: &str) -> Result<(), Box<dyn Error>> {
    // Here is your part: this function, and perhaps the one above. `poll` gives one record, or
    // nothing for now. Where is the end? And where does a new group begin?
    if let Some(record) = consumer.poll(Duration::from_secs(1)) {
        show(&record?);
    }
    Err(format!("nobody has written yet how to read {topic} to its end").into())
}

/// A record as a line on stdout.
fn show(record: &BorrowedMessage<'_>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (key, value) = (record.key().map(text), record.payload().map(text));
    let (partition, offset) = (record.partition(), record.offset());
    println!("{}", json!({ "partition": partition, "offset": offset, "key": key, "value": value }));
}
