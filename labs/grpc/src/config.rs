//! The command lines of both programs.

use clap::{Args, Parser, Subcommand};
use lab_console::{DatabaseArgs, OutputArgs, TimeoutArgs, Verb, host_port, parse_count};

const DEFAULT_ADDRESS: &str = "127.0.0.1:50051";

/// The order system over gRPC
#[derive(Clone, Debug, Parser)]
#[command(
    max_term_width = 80,
    after_help = "Environment:\n  RUST_LOG  What to log: error, warn, info, debug, trace [default: info]"
)]
pub struct ServerArgs {
    /// Where to listen; port 0 takes one that is free
    #[arg(long, env = "LAB_GRPC_ADDR", default_value = DEFAULT_ADDRESS, value_name = "HOST:PORT", value_parser = host_port)]
    pub listen: String,
    /// Where the orders are kept.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Listen on an address that other machines reach, though anybody may then do anything
    #[arg(long)]
    pub insecure: bool,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Places, reads, changes and watches orders over gRPC
#[derive(Clone, Debug, Parser)]
#[command(
    max_term_width = 80,
    after_help = "Environment:\n  RUST_LOG  What to log: error, warn, info, debug, trace [default: warn]"
)]
pub struct ClientArgs {
    /// Where the server listens
    #[arg(long, env = "LAB_GRPC_ADDR", default_value = DEFAULT_ADDRESS, value_name = "HOST:PORT", value_parser = host_port)]
    #[arg(global = true)]
    pub server: String,
    /// How long to wait.
    #[command(flatten)]
    pub timeout: TimeoutArgs,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
    /// What to do.
    #[command(subcommand)]
    pub verb: GrpcVerb,
}

/// The verbs of every client, and one that takes a stream in both directions.
#[derive(Clone, Debug, Subcommand)]
pub enum GrpcVerb {
    /// What the other labs do too.
    #[command(flatten)]
    Order(Verb),
    /// Work on queued orders: take each, and complete it, until Ctrl-C
    Process(ProcessArgs),
}

/// `process`
#[derive(Args, Clone, Debug)]
pub struct ProcessArgs {
    /// End after this many orders; without it, when told to
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub count: Option<u64>,
}
