//! `cargo lab`: one command line for every program.

mod doctor;
mod front;
mod run;
mod usage;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// The order system over REST, gRPC and Kafka, side by side
#[derive(Debug, Parser)]
#[command(name = "lab", bin_name = "cargo lab", max_term_width = 80)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one of the programs: servers, clients, a broker
    Run(run::RunArgs),
    /// Look whether all is there that the lab needs, and say what mends it
    Doctor(doctor::DoctorArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    let given = usage::wrapped(Cli::command()).try_get_matches().and_then(|given| Cli::from_arg_matches(&given));
    match given.unwrap_or_else(|error| run::name_programs(error).exit()).command {
        None => lab_console::exit_code(front::show(), false),
        Some(Command::Run(args)) => run::run(args).await,
        Some(Command::Doctor(args)) => doctor::run(args).await,
    }
}
