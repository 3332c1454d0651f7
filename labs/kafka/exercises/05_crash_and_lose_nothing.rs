//! kafka/05: have an effect for each record, and commit what is done.
//!
//! `cargo lab show kafka/05` has the task, `cargo lab check kafka/05` grades this
//! program over the wire, `cargo lab hint kafka/05` helps.

use std::error::Error;
use std::process::ExitCode;

use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use tokio::signal::unix::{SignalKind, signal};

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

/// Here is your part: what is done with a record, when its offset is committed, and what SIGTERM
/// means for the one that is in hand.
async fn work() -> Result<(), Box<dyn Error>> {
    let consumer = consumer()?;
    consumer.subscribe(&[&std::env::var("LAB_TOPIC").unwrap_or("lab.orders".to_owned())])?;
    let effect = std::env::var("LAB_EFFECT_URL").unwrap_or("http://127.0.0.1:8082/effect".to_owned());
    let _http = reqwest::Client::builder().no_proxy().build()?;
    let _stop = signal(SignalKind::terminate())?;
    // `consumer.recv().await` gives a record, `select!` waits for it or for `stop.recv()`.
    Err(format!("nobody has written yet what is to be POSTed to {effect}").into())
}

fn consumer() -> Result<StreamConsumer, rdkafka::error::KafkaError> {
    ClientConfig::new()
        .set("bootstrap.servers", std::env::var("KAFKA_BROKERS").unwrap_or("127.0.0.1:9092".to_owned()))
        .set("group.id", std::env::var("LAB_GROUP").unwrap_or("mine".to_owned()))
        .set("auto.offset.reset", "earliest")
        .create()
}
