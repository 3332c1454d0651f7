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
    /// Where to listen, on loopback; port 0 takes free ones. A cluster takes this port and the two after it
    /// [default: 127.0.0.1:9092, a cluster 19092, 29092 and 39092]
    #[arg(long, value_name = "HOST:PORT", value_parser = host_port)]
    pub listen: Option<String>,
    /// Make the lab's three topics with this prefix; may be given more than once. Of the embedded broker only:
    /// Apache's lets clients make topics
    #[arg(long, default_value = "lab", value_name = "PREFIX", conflicts_with = "apache")]
    pub topic_prefix: Vec<String>,
    /// Run Apache Kafka from its jars instead; needs Java 17 or later, and Maven the first time
    #[arg(long)]
    pub apache: bool,
    /// Three brokers of Apache Kafka: the profile `cluster` of docker-compose.yml
    #[arg(long, requires = "apache")]
    pub cluster: bool,
    /// Keep Apache Kafka's data in this folder; without it they are temporary
    #[arg(long, value_name = "DIR", requires = "apache")]
    pub data: Option<PathBuf>,
    /// Where Apache Kafka's jars are, or shall be (54 MB) [env: LAB_KAFKA_JARS] [default: .lab/kafka-4.3.1]
    #[arg(long, value_name = "DIR", requires = "apache")]
    pub jars: Option<PathBuf>,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}
