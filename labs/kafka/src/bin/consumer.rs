//! The Kafka consumer; see [`lab_kafka::consumer`].

use std::process::ExitCode;

use lab_console::Failure;
use lab_kafka::config::ConsumerArgs;

fn main() -> ExitCode {
    let args: ConsumerArgs = lab_console::parse();
    let json = args.output.json;
    let _logs = lab_lifecycle::start_logs(args.log_level());
    let done = lab_lifecycle::run(lab_kafka::consumer::run(args));
    lab_console::exit_code(done.unwrap_or_else(|why| Err(Failure::missing(why))), json)
}
