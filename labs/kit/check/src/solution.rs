//! `cargo lab solution`: ours, and why it is so.

use std::io::{self, IsTerminal};

use jiff::Timestamp;
use lab_console::{Failure, Output, print};
use serde::Serialize;

use crate::ask::Answers;
use crate::config::SolutionArgs;
use crate::course::COURSE;
use crate::exercise::Exercise;
use crate::progress::ProgressFile;
use crate::report::paragraph;
use crate::repository;

/// `--json`. The names stay.
#[derive(Serialize)]
struct Solution {
    exercise: &'static str,
    file: String,
    solution: String,
    explanation: String,
    /// The file of the one in Python.
    python: Option<String>,
}

/// Prints the solution; before a pass only to somebody who says that it is wanted.
///
/// # Errors
///
/// Exit code 1 when it isn't wanted after all.
pub async fn solution(args: SolutionArgs) -> Result<(), Failure> {
    let file = ProgressFile::ours();
    let progress = file.read();
    let exercise = COURSE.chosen(args.exercise.as_deref(), &progress)?;
    if !args.yes && !progress.is_done(exercise) && !is_wanted(exercise, args.output.json).await? {
        let what = format!("{} isn't done yet: `--yes` shows its solution all the same", exercise.id);
        return Err(Failure::refused("not_done", what));
    }
    let solution = read(exercise)?;
    file.change(|progress| progress.touch(exercise).solution_shown_at.get_or_insert(Timestamp::now()).to_owned());
    let (path, explanation) = (repository::solution(exercise).display().to_string(), exercise.data().explanation);
    let python = repository::solution_in_python(exercise).map(|path| path.display().to_string());
    if args.output.json {
        let shown = Solution { exercise: exercise.id, file: path, solution, explanation, python };
        return Output::new(true).record(&shown, "");
    }
    let python = python.map(|path| format!("\nIn Python: {path}\n")).unwrap_or_default();
    print(&format!("{path}\n\n{solution}\n{}{python}", explained(exercise)))
}

/// Our program's text.
pub(crate) fn read(exercise: &Exercise) -> Result<String, Failure> {
    let path = repository::root().join(repository::solution(exercise));
    std::fs::read_to_string(&path)
        .map_err(|error| Failure::missing(format!("can't read {} ({})", path.display(), lab_console::reason(&error))))
}

/// Its explanation, on lines that fit.
pub(crate) fn explained(exercise: &Exercise) -> String {
    let mut screen = String::new();
    paragraph(&mut screen, "", &exercise.data().explanation.replace('\n', " "));
    screen
}

async fn is_wanted(exercise: &Exercise, json: bool) -> Result<bool, Failure> {
    if json || !io::stdin().is_terminal() {
        return Ok(false);
    }
    print(&format!("{} isn't done yet. Show its solution all the same? [y/N] ", exercise.id))?;
    let answer = Answers::new()?.line().await.unwrap_or_default();
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
