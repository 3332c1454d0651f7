//! The command lines of both programs.

use clap::Parser;
use lab_console::{DatabaseArgs, OutputArgs, TimeoutArgs, Verb, host_port};

const DEFAULT_ADDRESS: &str = "127.0.0.1:8080";

/// The order system over REST
#[derive(Clone, Debug, Parser)]
#[command(
    max_term_width = 80,
    after_help = "Environment:\n  RUST_LOG  What to log: error, warn, info, debug, trace [default: info]"
)]
pub struct ServerArgs {
    /// Where to listen; port 0 takes one that is free
    #[arg(long, env = "LAB_REST_ADDR", default_value = DEFAULT_ADDRESS, value_name = "HOST:PORT", value_parser = host_port)]
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

/// Places, reads, changes and watches orders over REST
#[derive(Clone, Debug, Parser)]
#[command(
    max_term_width = 80,
    after_help = "Environment:\n  RUST_LOG  What to log: error, warn, info, debug, trace [default: warn]"
)]
pub struct ClientArgs {
    /// Where the server listens
    #[arg(long, env = "LAB_REST_ADDR", default_value = DEFAULT_ADDRESS, value_name = "HOST:PORT", value_parser = host_port)]
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
    pub verb: Verb,
}
