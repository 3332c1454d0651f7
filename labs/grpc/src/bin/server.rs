//! The gRPC server; see [`lab_grpc::server`].

use std::process::ExitCode;

use clap::Parser;
use lab_grpc::config::ServerArgs;
use lab_lifecycle::LevelFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let args = ServerArgs::parse();
    let _logs = lab_lifecycle::start_logs(LevelFilter::INFO);
    let json = args.output.json;
    lab_console::exit_code(lab_grpc::server::serve(args).await, json)
}
