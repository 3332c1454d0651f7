//! `cargo lab`: one command line for every program.

mod doctor;
mod front;
mod run;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The order system over REST, gRPC and Kafka, side by side
#[derive(Debug, Parser)]
#[command(name = "lab", bin_name = "cargo lab", max_term_width = 80)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// See the same order over REST, gRPC and Kafka, side by side
    Tour(lab_tour::TourArgs),
    /// Run one of the programs: servers, clients, a broker
    Run(run::RunArgs),
    /// Look whether all is there that the lab needs, and say what mends it
    Doctor(doctor::DoctorArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| run::name_programs(error).exit());
    match cli.command {
        None => lab_console::exit_code(front::show(), false),
        Some(Command::Tour(args)) => lab_console::exit_code(lab_tour::run(args).await, args.json),
        Some(Command::Run(args)) => run::run(args).await,
        Some(Command::Doctor(args)) => doctor::run(args).await,
    }
}
