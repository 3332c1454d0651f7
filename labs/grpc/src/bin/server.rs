//! The gRPC server; see [`lab_grpc::server`].

use std::process::ExitCode;

use lab_console::Failure;
use lab_grpc::config::ServerArgs;
use lab_lifecycle::LevelFilter;

fn main() -> ExitCode {
    let args: ServerArgs = lab_console::parse();
    let json = args.output.json;
    let _logs = lab_lifecycle::start_logs(LevelFilter::INFO);
    let done = lab_lifecycle::run(lab_grpc::server::serve(args));
    lab_console::exit_code(done.unwrap_or_else(|why| Err(Failure::missing(why))), json)
}
