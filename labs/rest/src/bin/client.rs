//! The REST client; see [`lab_rest::client`].

use std::process::ExitCode;

use clap::Parser;
use lab_lifecycle::LevelFilter;
use lab_rest::config::ClientArgs;

#[tokio::main]
async fn main() -> ExitCode {
    let args = ClientArgs::parse();
    let _logs = lab_lifecycle::start_logs(LevelFilter::WARN);
    let json = args.output.json;
    lab_console::exit_code(lab_rest::client::run(args).await, json)
}
