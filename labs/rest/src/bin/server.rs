//! The REST server; see [`lab_rest::server`].

use std::process::ExitCode;

use clap::Parser;
use lab_lifecycle::LevelFilter;
use lab_rest::config::ServerArgs;

#[tokio::main]
async fn main() -> ExitCode {
    let args = ServerArgs::parse();
    let _logs = lab_lifecycle::start_logs(LevelFilter::INFO);
    let json = args.output.json;
    lab_console::exit_code(lab_rest::server::serve(args).await, json)
}
