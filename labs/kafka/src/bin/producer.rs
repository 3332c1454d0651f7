//! The Kafka producer; see [`lab_kafka::producer`].

use std::process::ExitCode;

use lab_console::Failure;
use lab_kafka::config::ProducerArgs;
use lab_lifecycle::LevelFilter;

fn main() -> ExitCode {
    let args: ProducerArgs = lab_console::parse();
    let json = args.output.json;
    let _logs = lab_lifecycle::start_logs(LevelFilter::WARN);
    let done = lab_lifecycle::run(lab_kafka::producer::run(args));
    lab_console::exit_code(done.unwrap_or_else(|why| Err(Failure::missing(why))), json)
}
