//! kafka/06: make a repeat harmless.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers};
use rdkafka::{ClientConfig, Message};
use rusqlite::{Connection, TransactionBehavior};
use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

/// Between two attempts.
const BREATH: Duration = Duration::from_millis(300);
/// For a lock of somebody else's; SIGTERM has to wait as long.
const LOCK: Duration = Duration::from_secs(1);

/// Something that was taken from the stock.
struct Event {
    /// The same event has the same, wherever it stands.
    id: String,
    equipment: Vec<String>,
}

#[derive(Deserialize)]
struct Value {
    equipment: Vec<String>,
}

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
    let mut database = Connection::open(std::env::var("LAB_DATABASE").unwrap_or("stock.db".to_owned()))?;
    database.busy_timeout(LOCK)?;
    let mut stop = signal(SignalKind::terminate())?;
    'stopped: loop {
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
        let event = read(&record)?;
        while let Err(why) = take_effect(&mut database, &event) {
            eprintln!("{}: {why}", event.id);
            tokio::select! {
                () = sleep(BREATH) => {}
                _ = stop.recv() => break 'stopped,
            }
        }
        // After the database: in between it can only come again, and is known then.
        if let Err(why) = consumer.store_offset_from_message(&record) {
            eprintln!("{why}");
        }
    }
    match consumer.commit_consumer_state(CommitMode::Sync) {
        Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => Ok(()),
        committed => Ok(committed?),
    }
}

/// Both or nothing: that the event was here, and what it does. A real service would keep the
/// database away from the threads that wait for others.
fn take_effect(database: &mut Connection, event: &Event) -> rusqlite::Result<()> {
    // The lock comes first: nobody can have the same event in hand between the two statements.
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let known = "INSERT INTO seen (ce_id) VALUES (?1) ON CONFLICT DO NOTHING";
    if transaction.execute(known, [&event.id])? == 1 {
        for item in &event.equipment {
            transaction.execute("UPDATE stock SET count = count - 1 WHERE equipment = ?1", [item])?;
        }
    }
    // On any error it is dropped, and so rolled back.
    transaction.commit()
}

fn read(record: &BorrowedMessage<'_>) -> Result<Event, Box<dyn Error>> {
    let headers = record.headers().ok_or("a record without headers")?;
    let id = headers.iter().find(|header| header.key == "ce_id").and_then(|header| header.value);
    let value: Value = serde_json::from_slice(record.payload().unwrap_or_default())?;
    Ok(Event { id: String::from_utf8(id.ok_or("a record without ce_id")?.to_vec())?, equipment: value.equipment })
}

fn consumer() -> Result<StreamConsumer, KafkaError> {
    ClientConfig::new()
        .set("bootstrap.servers", std::env::var("KAFKA_BROKERS").unwrap_or("127.0.0.1:9092".to_owned()))
        .set("group.id", std::env::var("LAB_GROUP").unwrap_or("mine".to_owned()))
        .set("auto.offset.reset", "earliest")
        .set("session.timeout.ms", "6000")
        // What is stored is committed every 5 seconds: what is done, and nothing else.
        .set("enable.auto.offset.store", "false")
        .create()
}
