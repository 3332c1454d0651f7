//! A broker to work against; see [`lab_broker`].

use std::process::ExitCode;

use lab_broker::config::BrokerArgs;
use lab_console::Failure;
use lab_lifecycle::LevelFilter;

fn main() -> ExitCode {
    let args: BrokerArgs = lab_console::parse();
    let json = args.output.json;
    let _logs = lab_lifecycle::start_logs(LevelFilter::INFO);
    let done = lab_lifecycle::run(lab_broker::run(args));
    lab_console::exit_code(done.unwrap_or_else(|why| Err(Failure::missing(why))), json)
}
