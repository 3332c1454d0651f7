//! `cargo lab check`: builds the learner's file, grades it, and says what came of it.

use lab_console::{Failure, Output, print};
use serde::Serialize;

use crate::bench::Subject;
use crate::compile::{Built, build};
use crate::config::CheckArgs;
use crate::course::COURSE;
use crate::exercise::{Exercise, Role};
use crate::grade::grade;
use crate::progress::ProgressFile;
use crate::report;

/// In progress and in errors, for a check that could not begin.
pub(crate) const NOT_COMPILED: &str = "not_compiled";

/// Grades what the arguments name, and remembers what came of it.
///
/// # Errors
///
/// Exit code 1 when it doesn't compile or a check fails, 2 when there is no such exercise.
pub async fn check(args: CheckArgs) -> Result<(), Failure> {
    let file = ProgressFile::ours();
    let exercise = COURSE.chosen(args.exercise.as_deref(), &file.read())?;
    let subject = match (args.program, args.at) {
        (Some(line), _) => Subject::Typed(line),
        (None, Some(_)) if exercise.role != Role::RestServer => {
            return Err(Failure::usage(format!("--at is for servers, and {} asks for a client", exercise.id)));
        }
        (None, Some(address)) => Subject::At(address),
        (None, None) => match build(exercise.lab(), &exercise.example()).await? {
            Built::Program(path) => Subject::Built(path),
            Built::Error { rendered, remark } => {
                file.change(|progress| progress.attempt(exercise, Some(NOT_COMPILED)));
                return does_not_compile(exercise, &rendered, remark, args.output.json);
            }
        },
    };
    let verdict = grade(exercise, subject).await?;
    file.change(|progress| progress.attempt(exercise, verdict.failed()));
    if args.output.json {
        Output::new(true).record(&verdict, "")?;
    } else {
        print(&report::verdict(exercise, &verdict))?;
        if verdict.passed {
            print(&on(exercise))?;
        }
    }
    match verdict.failed() {
        None => Ok(()),
        Some(_) => Err(Failure::refused("check_failed", format!("{} isn't done yet", exercise.id))),
    }
}

#[derive(Serialize)]
struct CompileError<'a> {
    exercise: &'a str,
    passed: bool,
    compile_error: &'a str,
}

fn does_not_compile(exercise: &Exercise, rendered: &str, remark: Option<&str>, json: bool) -> Result<(), Failure> {
    if json {
        let line = CompileError { exercise: exercise.id, passed: false, compile_error: rendered };
        Output::new(true).record(&line, "")?;
    } else {
        let remark = remark.map(|remark| format!("\n{remark}\n")).unwrap_or_default();
        print(&format!("{rendered}\n{remark}"))?;
    }
    Err(Failure::refused(NOT_COMPILED, format!("{} doesn't compile yet", exercise.id)))
}

/// What to do after a pass.
fn on(exercise: &Exercise) -> String {
    let id = exercise.id;
    let next = COURSE.next(&ProgressFile::ours().read());
    let next = next.map(|next| format!("\nNext: {} {}, with `cargo lab watch`", next.id, next.title()));
    format!("Done. `cargo lab solution {id}` shows ours, `cargo lab quiz {id}` asks a question.{}\n", next.unwrap_or_default())
}
