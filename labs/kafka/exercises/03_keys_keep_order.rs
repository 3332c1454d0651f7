//! kafka/03: choose the key.
//!
//! `cargo lab show kafka/03` has the task, `cargo lab check kafka/03` grades this
//! program over the wire, `cargo lab hint kafka/03` helps.

use std::error::Error;
use std::process::ExitCode;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde_json::Value;

#[tokio::main]
async fn main() -> ExitCode {
    match send_all().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Here is your part: what is the key of this event?
fn key_of(event: &Value) -> Result<String, Box<dyn Error>> {
    Err(format!("nobody has chosen a key for {event} yet").into())
}

/// And here: who chooses the partition, and how?
fn producer() -> KafkaResult<FutureProducer> {
    ClientConfig::new()
        .set("bootstrap.servers", std::env::var("KAFKA_BROKERS").unwrap_or("127.0.0.1:9092".to_owned()))
        .set("message.timeout.ms", "5000")
        .create()
}

/// Sends the lines of stdin, and waits for their reports.
async fn send_all() -> Result<(), Box<dyn Error>> {
    let (producer, topic) = (producer()?, std::env::var("LAB_TOPIC").unwrap_or("lab.orders".to_owned()));
    let mut on_their_way = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line?;
        let key = key_of(&serde_json::from_str(&line)?)?;
        let record = FutureRecord::to(&topic).key(&key).payload(&line);
        on_their_way.push(producer.send_result(record).map_err(|(why, _)| why)?);
    }
    for delivery in on_their_way {
        delivery.await?.map_err(|(why, _)| why)?;
    }
    Ok(())
}
