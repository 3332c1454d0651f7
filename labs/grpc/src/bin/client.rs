//! The gRPC client; see [`lab_grpc::client`].

use std::process::ExitCode;

use lab_console::Failure;
use lab_grpc::config::ClientArgs;
use lab_lifecycle::LevelFilter;

fn main() -> ExitCode {
    let args: ClientArgs = lab_console::parse();
    let json = args.output.json;
    let _logs = lab_lifecycle::start_logs(LevelFilter::WARN);
    let done = lab_lifecycle::run(lab_grpc::client::run(args));
    lab_console::exit_code(done.unwrap_or_else(|why| Err(Failure::missing(why))), json)
}
