//! `lab-compare`: measurements side by side, on the reader's own machine.
//!
//! Run it: `cargo run --release -p lab-compare -- peers`. What it measures and
//! how to read it is in README.md. Read in this order:
//! 1. [`peers`]: the experiment; a row after the other.
//! 2. [`rows`]: what each row compares, and its goal.
//! 3. [`servers`]: the peers, each as little as does the job.
//! 4. [`work`] and [`performance`]: with Kafka it is clients that are compared.
//! 5. [`child`] and [`load`]: servers in processes of their own, and who asks them.
//! 6. [`report`] and [`machine`]: what comes out.

mod child;
mod load;
mod machine;
mod peers;
mod performance;
mod report;
mod rows;
mod servers;
mod work;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures the labs side by side with their peers
#[derive(Debug, Parser)]
#[command(name = "lab-compare", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The labs' servers against the least that could do their job
    Peers(peers::PeersArgs),
    /// Be one of the servers; started by the others
    #[command(hide = true)]
    Serve {
        /// A `Server` in JSON
        server: String,
    },
    /// Be one of the Kafka clients; started by the others
    #[command(hide = true)]
    Work {
        /// A `Work` in JSON
        work: String,
    },
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Peers(args) => {
            let json = args.output.json;
            lab_console::exit_code(peers::run(&args), json)
        }
        Command::Serve { server } => child_exit_code(servers::serve(&server)),
        Command::Work { work } => child_exit_code(work::work(&work)),
    }
}

fn child_exit_code(done: anyhow::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where the parent listens.
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
