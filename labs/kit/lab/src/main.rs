//! `cargo lab`: one command line for every program.

mod doctor;
mod front;
mod run;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lab_console::Failure;

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
    /// Grade an exercise over the wire
    Check(lab_check::CheckArgs),
    /// Look whether all is there that the lab needs, and say what mends it
    Doctor(doctor::DoctorArgs),
}

fn main() -> ExitCode {
    let cli: Cli = lab_console::parse();
    let json = cli.command.as_ref().is_some_and(Command::json);
    let done = lab_lifecycle::run(async {
        match cli.command {
            None => front::show(),
            Some(Command::Tour(args)) => lab_tour::run(args).await,
            Some(Command::Run(args)) => run::run(args).await,
            Some(Command::Check(args)) => lab_check::check(args).await,
            Some(Command::Doctor(args)) => doctor::run(args).await,
        }
    });
    lab_console::exit_code(done.unwrap_or_else(|why| Err(Failure::missing(why))), json)
}

impl Command {
    /// Whether an error is to be JSON.
    fn json(&self) -> bool {
        match self {
            Self::Tour(args) => args.json,
            Self::Run(args) => args.json(),
            Self::Check(args) => args.output.json,
            Self::Doctor(args) => args.output.json,
        }
    }
}
