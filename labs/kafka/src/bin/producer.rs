//! The Kafka producer; see [`lab_kafka::producer`].

use std::process::ExitCode;

use clap::Parser;
use lab_kafka::config::ProducerArgs;
use lab_lifecycle::LevelFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let args = ProducerArgs::parse();
    let _logs = lab_lifecycle::start_logs(LevelFilter::WARN);
    let json = args.output.json;
    lab_console::exit_code(lab_kafka::producer::run(args).await, json)
}
