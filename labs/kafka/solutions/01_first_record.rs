//! kafka/01: send a record for each order, and know that it arrived.

use std::error::Error;
use std::process::ExitCode;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde::Deserialize;

/// In milliseconds, from the call of `send_result` to the report: librdkafka tries again for
/// five minutes unless it is told otherwise.
const PATIENCE: &str = "5000";

/// What has to be known of an order: the rest goes through as it is.
#[derive(Deserialize)]
struct Order {
    id: String,
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

fn producer() -> KafkaResult<FutureProducer> {
    let brokers = std::env::var("KAFKA_BROKERS").unwrap_or("127.0.0.1:9092".to_owned());
    let mut config = ClientConfig::new();
    // All replicas in sync have it before it counts as delivered.
    config.set("bootstrap.servers", brokers).set("acks", "all").set("message.timeout.ms", PATIENCE);
    config.create()
}

/// Sends the lines of stdin. Returns whether each of them has arrived.
async fn send_all() -> Result<bool, Box<dyn Error>> {
    let (producer, topic) = (producer()?, std::env::var("LAB_TOPIC").unwrap_or("lab.orders".to_owned()));
    let (mut on_their_way, mut all_arrived) = (Vec::new(), true);
    for (number, line) in (1..).zip(std::io::stdin().lines()) {
        let line = line?;
        let order: Order = match serde_json::from_str(&line) {
            Ok(order) => order,
            Err(why) => {
                eprintln!("line {number} is no order: {why}");
                all_arrived = false;
                continue;
            }
        };
        let record = FutureRecord::to(&topic).key(&order.id).payload(&line);
        // It is in librdkafka's queue now, and nowhere else. Not waited for here: the next can
        // go with it in one request.
        match producer.send_result(record) {
            Ok(delivery) => on_their_way.push((order.id, delivery)),
            // It didn't even get there: too large, or the queue is full.
            Err((why, _)) => {
                eprintln!("order {} is not delivered: {why}", order.id);
                all_arrived = false;
            }
        }
    }
    for (id, delivery) in on_their_way {
        // Two layers: whether there is a report, and what it says.
        if let Err((why, _)) = delivery.await? {
            eprintln!("order {id} is not delivered: {why}");
            all_arrived = false;
        }
    }
    Ok(all_arrived)
}
