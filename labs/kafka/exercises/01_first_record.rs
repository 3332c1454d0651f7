//! kafka/01: send a record, and know that it arrived.
//!
//! `cargo lab show kafka/01` has the task, `cargo lab check kafka/01` grades this
//! program over the wire, `cargo lab hint kafka/01` helps.

use std::error::Error;
use std::process::ExitCode;

use rdkafka::ClientConfig;
use rdkafka::producer::FutureProducer;
use serde::Deserialize;

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

/// Sends the lines of stdin. Returns whether each of them has arrived.
async fn send_all() -> Result<bool, Box<dyn Error>> {
    // Whoever starts the program says where the broker is, and which topic it is.
    let brokers = std::env::var("KAFKA_BROKERS").unwrap_or("127.0.0.1:9092".to_owned());
    let topic = std::env::var("LAB_TOPIC").unwrap_or("lab.orders".to_owned());
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", brokers).create()?;

    let mut all_arrived = true;
    for (number, line) in (1..).zip(std::io::stdin().lines()) {
        let line = line?;
        match serde_json::from_str::<Order>(&line) {
            Ok(order) => send(&producer, &topic, &order, &line).await?,
            Err(why) => {
                eprintln!("line {number} is no order: {why}");
                all_arrived = false;
            }
        }
    }
    Ok(all_arrived)
}

/// Sends one order, whose JSON is `line`.
async fn send(_producer: &FutureProducer, topic: &str, order: &Order, _line: &str) -> Result<(), Box<dyn Error>> {
    // Here is your part: this function, and perhaps the one above. When is a record sent, and
    // when is it there? And how long does a producer wait for a broker, if nobody says?
    Err(format!("nobody has written yet how to send {} to {topic}", order.id).into())
}
