//! A broker to work against; see [`lab_broker`].

use std::process::ExitCode;

use clap::Parser;
use lab_broker::config::BrokerArgs;
use lab_lifecycle::LevelFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let args = BrokerArgs::parse();
    let _logs = lab_lifecycle::start_logs(LevelFilter::INFO);
    let json = args.output.json;
    lab_console::exit_code(lab_broker::run(args).await, json)
}
