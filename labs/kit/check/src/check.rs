//! `cargo lab check`: builds the learner's file, grades it, and says what came of it.

use lab_console::{Failure, Output, print, wrap_words};
use serde::Serialize;

use crate::bench::Subject;
use crate::catalogue::{EXERCISES, find};
use crate::compile::{Built, build};
use crate::config::CheckArgs;
use crate::exercise::{Exercise, Role};
use crate::grade::grade;
use crate::report;

/// Grades what the arguments name.
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
    let exercise = chosen(args.exercise.as_deref())?;
    let subject = match (args.program, args.at) {
        (Some(line), _) if line.trim().is_empty() => {
            return Err(Failure::usage("--program needs a command line, as \"python3 app.py\""));
        }
        (Some(line), _) => Subject::Typed(line),
        (None, Some(_)) if exercise.role != Role::RestServer => {
            return Err(Failure::usage(format!("--at is for servers, and {} asks for a client", exercise.id)));
        }
        (None, Some(address)) => {
            if !args.output.json {
                print(&where_it_calls(exercise))?;
            }
            Subject::At(address)
        }
        (None, None) => match build(exercise.lab(), &exercise.example()).await? {
            Built::Program(path) => Subject::Built(path),
            Built::Error { rendered, remark } => {
                return does_not_compile(exercise, &rendered, remark, args.output.json);
            }
        },
    };
    let verdict = grade(exercise, subject).await?;
    if args.output.json {
        Output::new(true).record(&verdict, "")?;
    } else {
        print(&report::verdict(exercise, &verdict))?;
    }
    match verdict.failed() {
        None => Ok(()),
        Some(_) => Err(Failure::refused("check_failed", format!("{} isn't done yet", exercise.id))),
    }
}

/// A program that runs already was told by hand where to call.
fn where_it_calls(exercise: &Exercise) -> String {
    let calls = exercise.data().calls;
    calls.iter().map(|called| format!("The checker answers at {}={}\n", called.variable, called.with_at)).collect()
}

fn chosen(typed: Option<&str>) -> Result<&'static Exercise, Failure> {
    let Some(typed) = typed else { return Ok(EXERCISES[0]) };
    find(typed).ok_or_else(|| Failure::usage(format!("there is no exercise {typed}; `cargo lab path` lists them")))
}

#[derive(Serialize)]
struct CompileError<'a> {
    exercise: &'a str,
    passed: bool,
    compile_error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'a str>,
}

fn does_not_compile(exercise: &Exercise, rendered: &str, remark: Option<&str>, json: bool) -> Result<(), Failure> {
    if json {
        let line = CompileError { exercise: exercise.id, passed: false, compile_error: rendered, remark };
        Output::new(true).record(&line, "")?;
    } else {
        let remark = remark.map(|remark| format!("\n{}\n", wrap_words(remark, 80).join("\n"))).unwrap_or_default();
        print(&format!("{rendered}\n{remark}"))?;
    }
    Err(Failure::refused("not_compiled", format!("{} doesn't compile yet", exercise.id)))
}
