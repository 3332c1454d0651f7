//! kafka/03: events of orders, under the key that keeps each order's in their order.

use std::error::Error;
use std::process::ExitCode;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde::Deserialize;

/// What has to be known of an event: the rest goes through as it is.
#[derive(Deserialize)]
struct Event {
    event_id: String,
    order_id: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match send_all().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// What the events are about, in one spelling: a key is compared byte by byte.
fn key_of(event: &Event) -> String {
    event.order_id.to_lowercase()
}

fn producer() -> KafkaResult<FutureProducer> {
    ClientConfig::new()
        .set("bootstrap.servers", std::env::var("KAFKA_BROKERS").unwrap_or("127.0.0.1:9092".to_owned()))
        .set("message.timeout.ms", "5000")
        // What is sent again after an error doesn't overtake, nor come twice.
        .set("enable.idempotence", "true")
        // As Java's producer does it. librdkafka's default is another rule.
        .set("partitioner", "murmur2_random")
        .create()
}

/// Sends the lines of stdin. Returns whether each of them has arrived.
async fn send_all() -> Result<bool, Box<dyn Error>> {
    let (producer, topic) = (producer()?, std::env::var("LAB_TOPIC").unwrap_or("lab.orders".to_owned()));
    let (mut on_their_way, mut all_arrived) = (Vec::new(), true);
    for (number, line) in (1..).zip(std::io::stdin().lines()) {
        let line = line?;
        let event: Event = serde_json::from_str(&line).map_err(|why| format!("line {number} is no event: {why}"))?;
        let key = key_of(&event);
        let record = FutureRecord::to(&topic).key(&key).payload(&line);
        // One after the other: the queue keeps the order in which they are put there.
        let delivery = producer.send_result(record).map_err(|(why, _)| format!("line {number}: {why}"))?;
        on_their_way.push((event, delivery));
    }
    for (event, delivery) in on_their_way {
        if let Err((why, _)) = delivery.await? {
            eprintln!("event {} is not delivered: {why}", event.event_id);
            all_arrived = false;
        }
    }
    Ok(all_arrived)
}
