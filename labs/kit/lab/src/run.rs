//! `cargo lab run`: every program by its name.

use std::ffi::OsString;

use clap::{Args, Subcommand};
use lab_console::Failure;
use lab_lifecycle::LevelFilter;

use crate::front;

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
    /// Your own program: `cargo lab run rest/04`
    #[command(hide = true)]
    Exercise(lab_check::PlayArgs),
}

/// `run rest/04` is `run exercise rest/04`: an exercise is no program that is known here.
pub(crate) fn exercise_named(mut words: Vec<OsString>) -> Vec<OsString> {
    let is_exercise =
        |word: &OsString| word.to_str().is_some_and(|word| word.contains('/') || lab_check::find(word).is_some());
    if words.get(1).is_some_and(|word| word == "run") && words.get(2).is_some_and(is_exercise) {
        words.insert(2, "exercise".into());
    }
    words
}

impl RunArgs {
    /// Whether to print JSON.
    pub(crate) fn json(&self) -> bool {
        self.program.as_ref().is_some_and(|program| match program {
            Program::RestServer(args) => args.output.json,
            Program::RestClient(args) => args.output.json,
            Program::GrpcServer(args) => args.output.json,
            Program::GrpcClient(args) => args.output.json,
            Program::KafkaProducer(args) => args.output.json,
            Program::KafkaConsumer(args) => args.output.json,
            Program::Broker(args) => args.output.json,
            Program::Exercise(_) => false,
        })
    }
}

/// Servers tell what they do, clients what goes wrong.
fn log_level(program: &Program) -> LevelFilter {
    match program {
        Program::RestServer(_) | Program::GrpcServer(_) | Program::Broker(_) => LevelFilter::INFO,
        Program::KafkaConsumer(args) => args.log_level(),
        Program::RestClient(_) | Program::GrpcClient(_) | Program::KafkaProducer(_) => LevelFilter::WARN,
        Program::Exercise(_) => LevelFilter::WARN,
    }
}

/// Runs the program; without one, lists them.
pub(crate) async fn run(args: RunArgs) -> Result<(), Failure> {
    let Some(program) = args.program else { return front::show_programs() };
    let _logs = lab_lifecycle::start_logs(log_level(&program));
    match program {
        Program::RestServer(args) => lab_rest::server::serve(args).await,
        Program::RestClient(args) => lab_rest::client::run(args).await,
        Program::GrpcServer(args) => lab_grpc::server::serve(args).await,
        Program::GrpcClient(args) => lab_grpc::client::run(args).await,
        Program::KafkaProducer(args) => lab_kafka::producer::run(args).await,
        Program::KafkaConsumer(args) => lab_kafka::consumer::run(args).await,
        Program::Broker(args) => lab_broker::run(args).await,
        Program::Exercise(args) => lab_check::play(args).await,
    }
}
