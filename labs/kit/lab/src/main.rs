//! `cargo lab`: one command line for every program.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use lab_lifecycle::LevelFilter;

mod usage;

#[derive(Debug, Parser)]
#[command(
    name = "lab",
    bin_name = "cargo lab",
    max_term_width = 80,
    about = "The order system over REST, gRPC and Kafka, side by side",
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one of the programs
    #[command(subcommand)]
    Run(Program),
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

#[tokio::main]
async fn main() -> ExitCode {
    let given = usage::wrapped(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&given).unwrap_or_else(|error| error.exit());
    let Command::Run(program) = cli.command;
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
