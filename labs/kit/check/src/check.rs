//! `cargo lab check`: builds the learner's file, grades it, and says what came of it.

use lab_console::{Failure, print};

use crate::bench::Subject;
use crate::config::CheckArgs;
use crate::course::COURSE;
use crate::exercise::{Exercise, Role};
use crate::progress::ProgressFile;
use crate::quiz::of_stage;
use crate::report::paragraph;
use crate::repository;
use crate::start::with_a_program_of_ones_own;
use crate::trial::{NOT_COMPILED, Tried, tried};

/// Grades what the arguments name, and remembers what came of it.
///
/// # Errors
///
/// Exit code 1 when it doesn't compile or a check fails, 2 when there is no such exercise.
///
/// Ctrl-C and SIGTERM end it at once, with all that it has started.
pub async fn check(args: CheckArgs) -> Result<(), Failure> {
    let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
    tokio::select! {
        checked = to_the_end(args) => checked,
        () = stop.cancelled() => Err(Failure::refused("stopped", "stopped before the end")),
    }
}

async fn to_the_end(args: CheckArgs) -> Result<(), Failure> {
    let file = ProgressFile::ours();
    let exercise = COURSE.chosen(args.exercise.as_deref(), &file.read())?;
    let subject = match (args.program, args.at) {
        (Some(line), _) if line.trim().is_empty() => {
            return Err(Failure::usage("--program needs a command line, as \"python3 app.py\""));
        }
        (None, Some(_)) if !exercise.role.may_run_already() => {
            return Err(Failure::usage(format!(
                "--at is for servers, and {} asks for {}",
                exercise.id,
                other(exercise)
            )));
        }
        (Some(line), _) => Some(Subject::Typed(line)),
        (None, at) => {
            if at.is_some() && !args.output.json {
                print(&where_it_calls(exercise))?;
            }
            at.map(Subject::At)
        }
    };
    file.change(|progress| progress.touch(exercise).begun_at);
    let (is_typed, is_the_file) = (matches!(subject, Some(Subject::Typed(_))), subject.is_none());
    let tried = tried(exercise, subject).await?;
    tried.note(exercise, &file);
    tried.show(exercise, args.output.json)?;
    match &tried {
        Tried::NotCompiled { .. } => {
            Err(Failure::refused(NOT_COMPILED, format!("{} doesn't compile yet", exercise.id)))
        }
        Tried::Graded(verdict) if !verdict.passed => {
            let was_done = file.read().is_done(exercise);
            let file = repository::starter(exercise).display().to_string();
            let how = match (was_done, is_the_file) {
                (false, _) => "isn't done yet".to_owned(),
                (true, false) => "was done before, and fails now".to_owned(),
                (true, true) => format!("was done before, and {file} fails now; for a program of yours: --program"),
            };
            Err(Failure::refused("check_failed", format!("{} {how}", exercise.id)))
        }
        Tried::Graded(_) if args.output.json => Ok(()),
        Tried::Graded(_) => print(&on(exercise, &file, is_typed)),
    }
}

/// What can't run already.
fn other(exercise: &Exercise) -> &'static str {
    match exercise.role {
        Role::Schema => "a file",
        Role::KafkaServer => "one that the checker starts, because it must know the checker's broker: use --program",
        _ => "a client",
    }
}

/// A program that runs already was told by hand where to call.
fn where_it_calls(exercise: &Exercise) -> String {
    let calls = exercise.data().calls;
    calls.iter().map(|called| format!("The checker answers at {}={}\n", called.variable, called.with_at)).collect()
}

/// What to do after a pass.
fn on(exercise: &Exercise, file: &ProgressFile, is_typed: bool) -> String {
    let (id, progress) = (exercise.id, file.read());
    let mut screen = String::from("\n");
    let mut say = |text: String| paragraph(&mut screen, "", &text);
    say(format!("Done. `cargo lab solution {id}` shows ours, and `cargo lab quiz {id}` asks a question."));
    if let Some((name, questions)) = of_stage(exercise, &progress) {
        let count = questions.len();
        say(format!("It was the last of its stage: `cargo lab quiz {name}` asks {count} on what differed."));
    }
    match COURSE.next(&progress) {
        Some(next) if is_typed => say(with_a_program_of_ones_own(next)),
        Some(next) => say(format!("Next: {} {}, with `cargo lab watch`", next.id, next.title())),
        None => say("All exercises of your path are done: `cargo lab` says what comes after them.".to_owned()),
    }
    screen
}
