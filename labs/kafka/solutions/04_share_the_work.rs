//! kafka/04: read a topic as one of a group, which shares the work.

use std::error::Error;
use std::process::ExitCode;

use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientConfig, Message};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match share().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what the group gives to this member, until SIGTERM.
async fn share() -> Result<(), Box<dyn Error>> {
    let mut stop = signal(SignalKind::terminate())?;
    let consumer = consumer()?;
    // The group says which partitions are ours: perhaps none. `assign` would take them without
    // asking anybody.
    consumer.subscribe(&[&std::env::var("LAB_TOPIC").unwrap_or("lab.orders".to_owned())])?;
    loop {
        let record = tokio::select! {
            record = consumer.recv() => record,
            _ = stop.recv() => break,
        };
        match record {
            Ok(record) => {
                show(&record);
                // It may be committed now. Refused when its partition was taken away meanwhile:
                // then another prints it again.
                if let Err(why) = consumer.store_offset_from_message(&record) {
                    eprintln!("{why}");
                }
            }
            // librdkafka looks for its broker by itself.
            Err(why) => eprintln!("{why}"),
        }
    }
    // Whoever gets our partitions begins behind what was printed here.
    match consumer.commit_consumer_state(CommitMode::Sync) {
        // Nothing was printed since the last commit.
        Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => {}
        committed => committed?,
    }
    // Dropped, the consumer tells the group that it leaves: nobody waits for its session to end.
    Ok(())
}

fn consumer() -> KafkaResult<StreamConsumer> {
    ClientConfig::new()
        .set("bootstrap.servers", std::env::var("KAFKA_BROKERS").unwrap_or("127.0.0.1:9092".to_owned()))
        .set("group.id", std::env::var("LAB_GROUP").unwrap_or("mine".to_owned()))
        .set("auto.offset.reset", "earliest")
        // So long the partitions of one that was killed wait for it; it says that it lives, and
        // hears that others come and go, three times as often and more.
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "1000")
        // What is stored is committed every 5 seconds, and when a partition goes to another. By
        // default that is what the library gives out, also to a consumer that is dropped.
        .set("enable.auto.offset.store", "false")
        .create()
}

/// A record as a line on stdout.
fn show(record: &BorrowedMessage<'_>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (key, value) = (record.key().map(text), record.payload().map(text));
    let (partition, offset) = (record.partition(), record.offset());
    println!("{}", json!({ "partition": partition, "offset": offset, "key": key, "value": value }));
}
