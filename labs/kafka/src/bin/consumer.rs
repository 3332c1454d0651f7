//! The Kafka consumer; see [`lab_kafka::consumer`].

use std::process::ExitCode;

use clap::Parser;
use lab_kafka::config::ConsumerArgs;

#[tokio::main]
async fn main() -> ExitCode {
    let args = ConsumerArgs::parse();
    let _logs = lab_lifecycle::start_logs(args.log_level());
    let json = args.output.json;
    lab_console::exit_code(lab_kafka::consumer::run(args).await, json)
}
