//! What is shown when nothing is asked for: the front door, and the list of programs.

use std::fmt::Write as _;

use clap::CommandFactory;
use lab_console::{DatabaseArgs, Failure, print, printable};

use crate::Cli;

/// Of one exercise each: without a word the next that isn't done.
const OF_AN_EXERCISE: [&str; 8] = ["show", "hint", "check", "solution", "reset", "update", "start", "run"];
/// Columns, so that it fits on its line with what stands before it.
const LONGEST_PATH: usize = 40;

/// `cargo lab`: what this is, where one is, what comes next, what there is.
pub(crate) fn show() -> Result<(), Failure> {
    let mut screen = String::from(
        "One order system over REST, gRPC and Kafka: built once for each way in which\n\
         services talk to each other, so that only the way differs.\n\n",
    );
    line(&mut screen, &format!("You are in   {}", end_of(&folder())));
    line(&mut screen, &format!("Your orders  {}", orders()));
    let (course, next) = lab_check::next_step();
    line(&mut screen, &format!("Your course  {course}"));
    line(&mut screen, &format!("Next         {next}"));
    if let Some(end) = lab_check::end_of_course() {
        line(&mut screen, &format!("\n{}", end.trim_end()));
    }
    line(&mut screen, "\nThe commands, each after `cargo lab`:");
    let is_own = |name: &str| name == "run" || !OF_AN_EXERCISE.contains(&name);
    for (name, about) in subcommands(&Cli::command()).iter().filter(|(name, _)| is_own(name)) {
        line(&mut screen, &format!("  {name:10} {about}"));
    }
    line(&mut screen, &format!("Of an exercise: {}.", OF_AN_EXERCISE.join(", ")));
    line(&mut screen, "\n`--help` after any of them says more.");
    print(&screen)
}

/// `cargo lab run`: the programs.
pub(crate) fn show_programs() -> Result<(), Failure> {
    let command = Cli::command();
    let run = command.find_subcommand("run").expect("it is one of ours");
    let mut screen = String::from("The programs, each after `cargo lab run`:\n");
    for (name, about) in subcommands(run) {
        line(&mut screen, &format!("  {name:15} {about}"));
    }
    line(&mut screen, "\n`--help` after its name says what a program takes. Begin with rest-server,");
    line(&mut screen, "and in a second terminal: cargo lab run rest-client list");
    line(&mut screen, "Of an exercise, your own program: cargo lab run rest/01");
    print(&screen)
}

/// From clap itself, so that no command is forgotten here.
fn subcommands(command: &clap::Command) -> Vec<(String, String)> {
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    shown
        .map(|command| {
            (command.get_name().to_owned(), command.get_about().map(ToString::to_string).unwrap_or_default())
        })
        .collect()
}

fn folder() -> String {
    std::env::current_dir().map_or_else(|_| "a folder that is gone".to_owned(), |path| path.display().to_string())
}

fn orders() -> String {
    let file = DatabaseArgs::default().file().unwrap_or_default();
    let name = file.display().to_string();
    if file.exists() { format!("in {}", end_of(&name)) } else { format!("none yet; they will be in {}", end_of(&name)) }
}

/// The end of a long path is what tells it from others.
fn end_of(path: &str) -> String {
    let path = printable(path);
    match path.chars().count().checked_sub(LONGEST_PATH) {
        None | Some(0) => path.into_owned(),
        Some(excess) => format!("…{}", path.chars().skip(excess + 1).collect::<String>()),
    }
}

fn line(screen: &mut String, line: &str) {
    writeln!(screen, "{line}").expect("a String takes everything");
}
