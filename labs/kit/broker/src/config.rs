//! The command line.

use std::path::PathBuf;

use clap::Parser;
use lab_console::{OutputArgs, host_port};

/// A Kafka broker to work against: embedded, for practice, or Apache's from its jars
#[derive(Clone, Debug, Parser)]
#[command(
    name = "broker",
    max_term_width = 80,
    after_help = "Environment:\n  RUST_LOG  What to log: error, warn, info, debug, trace [default: info]"
)]
pub struct BrokerArgs {
    /// Where to listen, on loopback; port 0 takes one that is free. With --cluster, the first of three
    #[arg(long, default_value = "127.0.0.1:9092", value_name = "HOST:PORT", value_parser = host_port)]
    pub listen: String,
    /// Make the lab's three topics with this prefix; may be given more than once (embedded broker)
    #[arg(long, default_value = "lab", value_name = "PREFIX", conflicts_with = "apache")]
    pub topic_prefix: Vec<String>,
    /// Run Apache Kafka instead, from its jars; needs Java 17 or later, and Maven the first time
    #[arg(long)]
    pub apache: bool,
    /// Three brokers instead of one: the profile `cluster` of docker-compose.yml
    #[arg(long, requires = "apache")]
    pub cluster: bool,
    /// Keep Apache Kafka's data here; without it they are temporary
    #[arg(long, value_name = "DIR", requires = "apache")]
    pub data: Option<PathBuf>,
    /// Where the jars are, or shall be, 54 MB
    #[arg(long, value_name = "DIR", env = "LAB_KAFKA_JARS", default_value = ".lab/kafka-4.3.1")]
    pub jars: PathBuf,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}
