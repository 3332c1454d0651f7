//! The gRPC client; see [`lab_grpc::client`].

use std::process::ExitCode;

use clap::Parser;
use lab_grpc::config::ClientArgs;
use lab_lifecycle::LevelFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let args = ClientArgs::parse();
    let _logs = lab_lifecycle::start_logs(LevelFilter::WARN);
    let json = args.output.json;
    lab_console::exit_code(lab_grpc::client::run(args).await, json)
}
