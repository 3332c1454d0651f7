//! What the program does with its command line.

use lab_console::{Failure, Output, bind};
use lab_lifecycle::stop_signal;
use tracing::info;

use crate::config::BrokerArgs;
use crate::embedded::Embedded;

/// The lab's topics, after the prefix.
const TOPICS: [&str; 3] = ["order-requests.v1", "orders.v1", "order-requests.dlq.v1"];
const PARTITIONS: i32 = 3;

/// Runs a broker until Ctrl-C or SIGTERM.
pub async fn run(args: BrokerArgs) -> Result<(), Failure> {
    run_embedded(args).await
}

async fn run_embedded(args: BrokerArgs) -> Result<(), Failure> {
    let stop = stop_signal().map_err(Failure::no_signals)?;
    let insecure = false;
    let listener = bind(&args.listen, insecure).await?;
    let listener = listener.into_std().map_err(Failure::no_address)?;
    let broker = Embedded::on(listener).map_err(|error| Failure::missing(error.to_string()))?;
    for prefix in &args.topic_prefix {
        for topic in TOPICS {
            let made = broker.create_topic(&format!("{prefix}.{topic}"), PARTITIONS);
            made.map_err(|error| Failure::usage(format!("--topic-prefix {prefix}: {error}")))?;
        }
    }
    let mut output = Output::new(args.output.json);
    let line = format!("embedded broker on {}, topics {}.*", broker.address(), args.topic_prefix.join(".*, "));
    output.listening(broker.address(), &line)?;
    if !args.output.json {
        for line in NOTICE {
            output.record(&(), line)?;
        }
    }
    stop.cancelled().await;
    info!("the embedded broker ends, and all that it held is gone");
    Ok(())
}

/// What a user must know before relying on it.
const NOTICE: [&str; 4] = [
    "This is a Kafka for practice: librdkafka's mock cluster, in memory. It trims a",
    "partition at 5 MiB or 100,000 batches; it fakes transactions; it has no",
    "compaction, retention, admin API, static membership or lookup by time. For",
    "the real one: docker compose up, or this program with --apache.",
];
