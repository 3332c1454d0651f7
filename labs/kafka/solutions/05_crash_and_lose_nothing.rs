//! kafka/05: have an effect for each record, and commit what is done.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientConfig, Message};
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

/// Between two attempts.
const BREATH: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> ExitCode {
    match work().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

async fn work() -> Result<(), Box<dyn Error>> {
    let consumer = consumer()?;
    consumer.subscribe(&[&std::env::var("LAB_TOPIC").unwrap_or("lab.orders".to_owned())])?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let mut stop = signal(SignalKind::terminate())?;
    loop {
        let record = tokio::select! {
            record = consumer.recv() => record,
            _ = stop.recv() => break,
        };
        let record = match record {
            Ok(record) => record,
            // librdkafka looks for its broker by itself.
            Err(why) => {
                eprintln!("{why}");
                continue;
            }
        };
        tokio::select! {
            () = take_effect(&http, &record) => {}
            // It isn't done, and so not stored: the group will get it again.
            _ = stop.recv() => break,
        }
        show(&record);
        // From here on it may be committed. Refused when its partition was taken away meanwhile:
        // then the group gets it again, too.
        if let Err(why) = consumer.store_offset_from_message(&record) {
            eprintln!("{why}");
        }
    }
    // What was stored since the last commit. Nobody would wait for an asynchronous one.
    match consumer.commit_consumer_state(CommitMode::Sync) {
        Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => Ok(()),
        committed => Ok(committed?),
    }
}

fn consumer() -> Result<StreamConsumer, KafkaError> {
    ClientConfig::new()
        .set("bootstrap.servers", std::env::var("KAFKA_BROKERS").unwrap_or("127.0.0.1:9092".to_owned()))
        .set("group.id", std::env::var("LAB_GROUP").unwrap_or("mine".to_owned()))
        .set("auto.offset.reset", "earliest")
        // For so long the partitions of one that was killed wait for it.
        .set("session.timeout.ms", "6000")
        // Every 5 seconds it commits what is stored. By default that is whatever was handed out.
        .set("enable.auto.offset.store", "false")
        .create()
}

/// Returns when it is done.
async fn take_effect(http: &reqwest::Client, record: &BorrowedMessage<'_>) {
    let url = std::env::var("LAB_EFFECT_URL").unwrap_or("http://127.0.0.1:8082/effect".to_owned());
    let value = record.payload().unwrap_or_default();
    loop {
        let request = http.post(&url).header(CONTENT_TYPE, "application/json").body(value.to_vec());
        match request.send().await {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => eprintln!("{}: {}", place(record), answer.status()),
            Err(why) => eprintln!("{}: {why}", place(record)),
        }
        // The next record waits as well: after this one comes what happened after it.
        sleep(BREATH).await;
    }
}

fn place(record: &BorrowedMessage<'_>) -> String {
    format!("partition {} @ {}", record.partition(), record.offset())
}

/// A record as a line on stdout.
fn show(record: &BorrowedMessage<'_>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (key, value) = (record.key().map(text), record.payload().map(text));
    let (partition, offset) = (record.partition(), record.offset());
    println!("{}", json!({ "partition": partition, "offset": offset, "key": key, "value": value }));
}
