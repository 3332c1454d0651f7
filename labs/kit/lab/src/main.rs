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
    /// Run one of the programs, or your own: run rest/04
    Run(run::RunArgs),
    /// Lead through the exercises, and check at each save
    Watch(lab_check::WatchArgs),
    /// Grade an exercise over the wire
    Check(lab_check::CheckArgs),
    /// Show an exercise's task
    Show(lab_check::ShowArgs),
    /// Help with an exercise, a little more each time
    Hint(lab_check::HintArgs),
    /// Show our solution of an exercise, and why it is so
    Solution(lab_check::SolutionArgs),
    /// Begin an exercise again; what you have is kept beside it
    Reset(lab_check::ResetArgs),
    /// Show how far you are
    Progress(lab_check::ProgressArgs),
    /// Show the way through the exercises, or take another
    Path(lab_check::PathArgs),
    /// Ask questions: lesson, postman, rest, choose
    Quiz(lab_check::QuizArgs),
    /// Show what is new in the starters, beside what you have made of them
    Update(lab_check::UpdateArgs),
    /// Begin an exercise in another language
    Start(lab_check::StartArgs),
    /// Look whether all is there that the lab needs, and say what mends it
    Doctor(doctor::DoctorArgs),
}

fn main() -> ExitCode {
    let cli: Cli = lab_console::parse_rewritten(run::exercise_named);
    let json = cli.command.as_ref().is_some_and(Command::json);
    let done = lab_lifecycle::run(async {
        match cli.command {
            None => front::show(),
            Some(Command::Tour(args)) => lab_tour::run(args).await,
            Some(Command::Run(args)) => run::run(args).await,
            Some(Command::Check(args)) => lab_check::check(args).await,
            Some(Command::Show(args)) => lab_check::show(args).await,
            Some(Command::Hint(args)) => lab_check::hint(args).await,
            Some(Command::Solution(args)) => lab_check::solution(args).await,
            Some(Command::Reset(args)) => lab_check::reset(args).await,
            Some(Command::Progress(args)) => lab_check::progress(args).await,
            Some(Command::Path(args)) => lab_check::path(args).await,
            Some(Command::Watch(args)) => lab_check::watch(args).await,
            Some(Command::Quiz(args)) => lab_check::quiz(args).await,
            Some(Command::Update(args)) => lab_check::update(args).await,
            Some(Command::Start(args)) => lab_check::start(args).await,
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
            Self::Show(args) => args.output.json,
            Self::Hint(args) => args.output.json,
            Self::Solution(args) => args.output.json,
            Self::Reset(args) => args.output.json,
            Self::Progress(args) => args.output.json,
            Self::Path(args) => args.output.json,
            Self::Watch(args) => args.output.json,
            Self::Quiz(args) => args.output.json,
            Self::Update(args) => args.output.json,
            Self::Start(args) => args.output.json,
            Self::Doctor(args) => args.output.json,
        }
    }
}
