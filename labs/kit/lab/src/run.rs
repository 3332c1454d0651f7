//! `cargo lab run`: every program by its name.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Subcommand};
use lab_lifecycle::LevelFilter;

use crate::{Cli, front};

/// `run`
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(subcommand)]
    program: Option<Program>,
}

#[derive(Debug, Subcommand)]
enum Program {
    /// The REST server: `cargo run -p lab-rest --bin server`
    RestServer(lab_rest::config::ServerArgs),
    /// The REST client: `cargo run -p lab-rest --bin client`
    RestClient(lab_rest::config::ClientArgs),
    /// The gRPC server: `cargo run -p lab-grpc --bin server`
    GrpcServer(lab_grpc::config::ServerArgs),
    /// The gRPC client: `cargo run -p lab-grpc --bin client`
    GrpcClient(lab_grpc::config::ClientArgs),
    /// The Kafka producer: `cargo run -p lab-kafka --bin producer`
    KafkaProducer(lab_kafka::config::ProducerArgs),
    /// The Kafka consumer: `cargo run -p lab-kafka --bin consumer`
    KafkaConsumer(lab_kafka::config::ConsumerArgs),
    /// A Kafka broker: `cargo run -p lab-broker`
    Broker(lab_broker::config::BrokerArgs),
}

/// Runs the program; without one, lists them.
pub(crate) async fn run(args: RunArgs) -> ExitCode {
    let Some(program) = args.program else { return lab_console::exit_code(front::show_programs(), false) };
    let (json, level) = match &program {
        Program::RestServer(args) => (args.output.json, LevelFilter::INFO),
        Program::RestClient(args) => (args.output.json, LevelFilter::WARN),
        Program::GrpcServer(args) => (args.output.json, LevelFilter::INFO),
        Program::GrpcClient(args) => (args.output.json, LevelFilter::WARN),
        Program::KafkaProducer(args) => (args.output.json, LevelFilter::WARN),
        Program::KafkaConsumer(args) => (args.output.json, args.log_level()),
        Program::Broker(args) => (args.output.json, LevelFilter::INFO),
    };
    let _logs = lab_lifecycle::start_logs(level);
    let done = match program {
        Program::RestServer(args) => lab_rest::server::serve(args).await,
        Program::RestClient(args) => lab_rest::client::run(args).await,
        Program::GrpcServer(args) => lab_grpc::server::serve(args).await,
        Program::GrpcClient(args) => lab_grpc::client::run(args).await,
        Program::KafkaProducer(args) => lab_kafka::producer::run(args).await,
        Program::KafkaConsumer(args) => lab_kafka::consumer::run(args).await,
        Program::Broker(args) => lab_broker::run(args).await,
    };
    lab_console::exit_code(done, json)
}

/// Adds the programs that somebody may have meant. clap finds `rest-server` for `rest`,
/// and nothing for `server`: so different a word is no typing error to it.
pub(crate) fn name_programs(mut error: clap::Error) -> clap::Error {
    let has_a_tip = error.get(ContextKind::SuggestedSubcommand).is_some();
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    if error.kind() != ErrorKind::InvalidSubcommand || has_a_tip {
        return error;
    }
    let meant: Vec<String> = programs(&typed.to_ascii_lowercase());
    if !meant.is_empty() {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(meant));
    }
    error
}

/// The programs with this word in their names, as what to type next.
fn programs(word: &str) -> Vec<String> {
    let command = Cli::command();
    let run = command.find_subcommand("run").expect("it is one of ours");
    let names = run.get_subcommands().map(clap::Command::get_name);
    let meant = names.filter(|name| *name == word || name.split('-').any(|part| part == word));
    let before = if std::env::args_os().nth(1).is_some_and(|first| first == "run") { "" } else { "run " };
    meant.map(|name| format!("{before}{name}")).collect()
}
