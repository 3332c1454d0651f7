//! `cargo lab progress`: how far one is, for the learner and for whoever teaches.

use std::fmt::Write as _;

use jiff::Timestamp;
use lab_console::{Failure, Output, print};
use serde::Serialize;

use super::{Attempt, Progress, ProgressFile, Work};
use crate::config::ProgressArgs;
use crate::course::COURSE;
use crate::exercise::Exercise;
use crate::quiz;

/// A line of `--json`. The names stay.
#[derive(Serialize)]
struct Row {
    exercise: &'static str,
    title: String,
    /// `new`, `begun`, `cleared` (by a later one) or `passed`.
    state: &'static str,
    begun_at: Option<Timestamp>,
    passed_at: Option<Timestamp>,
    cleared_by: Option<String>,
    tries: u32,
    hints: usize,
    solution_shown_at: Option<Timestamp>,
    minutes: Minutes,
    attempts: Vec<Timed>,
}

/// The time-table: what it took, and what it may take.
#[derive(Serialize)]
struct Minutes {
    worked: i64,
    fluent: u32,
    new: u32,
}

/// An attempt, by the minute since the exercise was begun, pauses included.
#[derive(Serialize)]
struct Timed {
    #[serde(flatten)]
    attempt: Attempt,
    minute: i64,
}

/// The last line of `--json`.
#[derive(Serialize)]
struct Summary<'a> {
    path: &'a str,
    done: usize,
    of: usize,
    minutes: i64,
    missed_questions: Vec<String>,
}

/// Prints a line for each exercise of the path.
///
/// # Errors
///
/// When stdout can't be written.
pub async fn progress(args: ProgressArgs) -> Result<(), Failure> {
    let progress = ProgressFile::ours().read();
    let path = COURSE.exercises(&progress.path);
    let is_on_path = |exercise: &Exercise| path.iter().any(|of_path| of_path.id == exercise.id);
    // What was begun is shown, on whatever path that was.
    let shown = COURSE.exercises("all").into_iter();
    let shown = shown.filter(|exercise| is_on_path(exercise) || progress.work(exercise).begun_at.is_some());
    let rows: Vec<Row> = shown.map(|exercise| row(exercise, progress.work(exercise))).collect();
    let done = path.iter().filter(|exercise| progress.is_done(exercise)).count();
    let minutes = rows.iter().map(|row| row.minutes.worked).sum();
    let missed_questions = progress.missed(true);
    let summary = Summary { path: &progress.path, done, of: path.len(), minutes, missed_questions };
    if !args.output.json {
        return print(&table(&rows, &summary));
    }
    let mut output = Output::new(true);
    rows.iter().try_for_each(|row| output.record(row, ""))?;
    output.record(&summary, "")
}

fn row(exercise: &'static Exercise, work: Work) -> Row {
    let (fluent, new) = exercise.minutes();
    let begun_at = work.begun_at;
    let minute = |attempt: &Attempt| begun_at.map_or(0, |begun| attempt.at.duration_since(begun).as_secs().max(0) / 60);
    Row {
        exercise: exercise.id,
        title: exercise.title(),
        state: match (work.passed_at, &work.cleared_by, begun_at) {
            (Some(_), _, _) => "passed",
            (None, Some(_), _) => "cleared",
            (None, None, Some(_)) => "begun",
            (None, None, None) => "new",
        },
        begun_at,
        passed_at: work.passed_at,
        cleared_by: work.cleared_by.clone(),
        tries: work.tries,
        hints: work.hints,
        solution_shown_at: work.solution_shown_at,
        minutes: Minutes { worked: work.minutes(), fluent, new },
        attempts: work
            .attempts
            .iter()
            .map(|attempt| Timed { attempt: attempt.clone(), minute: minute(attempt) })
            .collect(),
    }
}

fn table(rows: &[Row], summary: &Summary<'_>) -> String {
    let mut screen = String::from("EXERCISE                         STATE             TRIES HINTS MINUTES, AND PLAN\n");
    for row in rows {
        let name = format!("{} {}", row.exercise, row.title);
        let state = match (row.passed_at, &row.cleared_by) {
            (Some(at), _) => format!("passed {}", at.strftime("%Y-%m-%d")),
            (None, Some(later)) => format!("cleared by {later}"),
            (None, None) => row.state.to_owned(),
        };
        let about = format!("{}–{}", row.minutes.fluent, row.minutes.new);
        let (tries, hints, worked) = (row.tries, row.hints, row.minutes.worked);
        let _ = writeln!(screen, "{name:32} {state:18}{tries:>5} {hints:>5} {worked:>7}  {about}");
    }
    let Summary { path, done, of, minutes, .. } = summary;
    let _ = writeln!(screen, "\n{done} of {of} are done, on the path `{path}`, in {minutes} min without pauses.");
    match summary.missed_questions.len() {
        0 => {}
        1 => screen += "A question comes back: `cargo lab quiz again`\n",
        count => {
            let _ = writeln!(screen, "{count} questions come back: `cargo lab quiz again`");
        }
    }
    screen
}

/// What is said to whoever has done the whole course.
#[must_use]
pub fn end_of_course() -> Option<&'static str> {
    COURSE.end(&ProgressFile::ours().read())
}

/// One line about the course, and what to type next.
#[must_use]
pub fn next_step() -> (String, String) {
    let progress: Progress = ProgressFile::ours().read();
    let exercises = COURSE.exercises(&progress.path);
    let done = exercises.iter().filter(|exercise| progress.is_done(exercise)).count();
    let course = format!("{done} of {} exercises are done", exercises.len());
    match COURSE.next(&progress) {
        _ if progress.is_new() => (course, "cargo lab tour, and then cargo lab watch".to_owned()),
        Some(next) => (format!("{course}; {} {} is next", next.id, next.title()), "cargo lab watch".to_owned()),
        None => {
            let what = match quiz::next(&progress) {
                Some(name) => format!("cargo lab quiz {name}"),
                None if COURSE.end(&progress).is_none() => "cargo lab path all".to_owned(),
                None => "cargo run --release -p lab-compare -- peers".to_owned(),
            };
            (course, what)
        }
    }
}
