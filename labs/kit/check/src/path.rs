//! `cargo lab path`: the way through the exercises, and where on it one is.

use std::fmt::Write as _;

use lab_console::{Failure, Output, print};
use serde::Serialize;

use crate::config::PathArgs;
use crate::course::{COURSE, Stage, by_id};
use crate::progress::{Progress, ProgressFile};
use crate::report::paragraph;

/// A line of `--json`. The names stay.
#[derive(Serialize)]
struct Step<'a> {
    stage: &'a str,
    exercise: &'a str,
    /// `done`, `next`, `open` or `to_come`.
    state: &'static str,
    /// The minutes from the beginning of the path to the end of this one.
    until: Option<Until>,
    #[serde(skip)]
    title: String,
    /// Of the stage.
    #[serde(skip)]
    quiz: Option<&'a str>,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Until {
    fluent: u32,
    new: u32,
}

/// Shows the path; with a name, takes that one from now on.
///
/// # Errors
///
/// When stdout can't be written.
pub async fn path(args: PathArgs) -> Result<(), Failure> {
    let file = ProgressFile::ours();
    let progress = match args.path {
        None => file.read(),
        Some(path) => file.change(|progress| {
            path.name().clone_into(&mut progress.path);
            progress.clone()
        }),
    };
    let stages = COURSE.stages(&progress.path);
    let mut until = Until::default();
    let steps: Vec<Step<'_>> = stages
        .iter()
        .flat_map(|stage| stage.exercises.iter().map(move |id| (stage, id)))
        .map(|(stage, id)| step(stage, id, &progress, &mut until))
        .collect();
    if !args.output.json {
        return print(&screen(&progress.path, &steps));
    }
    let mut output = Output::new(true);
    steps.iter().try_for_each(|step| output.record(step, ""))
}

fn step<'a>(of: &'a Stage, id: &'a str, progress: &Progress, until: &mut Until) -> Step<'a> {
    let (stage, quiz) = (&*of.title, of.quiz.as_deref());
    let Some(exercise) = by_id(id) else {
        return Step { stage, exercise: id, state: "to_come", until: None, title: String::new(), quiz };
    };
    let (fluent, new) = exercise.minutes();
    *until = Until { fluent: until.fluent + fluent, new: until.new + new };
    let is_next = COURSE.next(progress).is_some_and(|next| next.id == id);
    let state = match progress.is_done(exercise) {
        true => "done",
        false if is_next => "next",
        false => "open",
    };
    Step { stage, exercise: id, state, until: Some(*until), title: exercise.title(), quiz }
}

fn screen(path: &str, steps: &[Step<'_>]) -> String {
    let known = COURSE.paths.iter().map(|known| (&*known.name, &*known.about)).chain([("all", "the whole course")]);
    let (yours, others): (Vec<_>, Vec<_>) = known.partition(|(name, _)| *name == path);
    let about = yours.first().map_or("the whole course", |(_, about)| about);
    let mut screen = String::new();
    paragraph(&mut screen, "", &format!("Your path: {path}, {about}. To take another:"));
    for (name, about) in others {
        paragraph(&mut screen, &format!("  cargo lab path {name:6}  "), about);
    }
    if let Some(Until { fluent, new }) = steps.iter().rev().find_map(|step| step.until) {
        let (fluent, new) = (hours(fluent), hours(new));
        paragraph(&mut screen, "", &format!("Its minutes add up to {fluent}, or to {new} if Rust is new to you."));
    }
    for stage in steps.chunk_by(|one, other| one.stage == other.stage) {
        let _ = writeln!(screen, "\n{}", stage[0].stage);
        for step in stage {
            let Some(Until { fluent, new }) = step.until else { continue };
            let mark = match step.state {
                "done" => "✓",
                "next" => "→",
                _ => "·",
            };
            let name = format!("{} {}", step.exercise, step.title);
            let _ =
                writeln!(screen, "  {mark} {name:36} until {:>5}, or {:>5} if Rust is new", clock(fluent), clock(new));
        }
        let to_come: Vec<&str> = stage.iter().filter(|step| step.until.is_none()).map(|step| step.exercise).collect();
        if !to_come.is_empty() {
            paragraph(&mut screen, "    to come: ", &to_come.join(", "));
        }
        if let Some(quiz) = stage[0].quiz {
            let _ = writeln!(screen, "    what differed: `cargo lab quiz {quiz}`");
        }
    }
    screen
}

/// Minutes as `2 hours`, or `5½ hours`: nobody takes exactly so long.
fn hours(minutes: u32) -> String {
    let halves = (minutes + 15) / 30;
    match (halves / 2, halves % 2) {
        (0, _) => "half an hour".to_owned(),
        (1, 0) => "an hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (hours, _) => format!("{hours}½ hours"),
    }
}

/// Minutes as `1:05`.
fn clock(minutes: u32) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}
