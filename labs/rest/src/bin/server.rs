//! The REST server; see [`lab_rest::server`].

use std::process::ExitCode;

use lab_console::Failure;
use lab_lifecycle::LevelFilter;
use lab_rest::config::ServerArgs;

fn main() -> ExitCode {
    let args: ServerArgs = lab_console::parse();
    let json = args.output.json;
    let _logs = lab_lifecycle::start_logs(LevelFilter::INFO);
    let done = lab_lifecycle::run(lab_rest::server::serve(args));
    lab_console::exit_code(done.unwrap_or_else(|why| Err(Failure::missing(why))), json)
}
