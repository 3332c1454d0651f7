//! One trial of a program: built, graded, noted, shown.

use lab_console::{Failure, Output, print};
use serde::Serialize;

use crate::bench::Subject;
use crate::compile::{Built, build};
use crate::exercise::Exercise;
use crate::grade::grade;
use crate::progress::ProgressFile;
use crate::report;
use crate::repository::{root, starter};
use crate::verdict::Verdict;

/// In progress and in errors, for a trial that could not begin.
pub(crate) const NOT_COMPILED: &str = "not_compiled";

/// What came of it.
pub(crate) enum Tried {
    /// It ran.
    Graded(Verdict),
    /// It doesn't compile.
    NotCompiled {
        /// As rustc shows it.
        rendered: String,
        remark: Option<&'static str>,
    },
}

#[derive(Serialize)]
struct CompileError<'a> {
    exercise: &'a str,
    passed: bool,
    compile_error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'a str>,
}

/// Builds the learner's file, if no other `subject` is given, and grades it.
pub(crate) async fn tried(exercise: &'static Exercise, subject: Option<Subject>) -> Result<Tried, Failure> {
    let subject = match subject {
        Some(subject) => subject,
        None if !exercise.role.runs() => Subject::File(root().join(starter(exercise))),
        None => match build(exercise.lab(), &exercise.example()).await? {
            Built::Program(path) => Subject::Built(path),
            Built::Error { rendered, remark } => return Ok(Tried::NotCompiled { rendered, remark }),
        },
    };
    grade(exercise, subject).await.map(Tried::Graded)
}

impl Tried {
    pub(crate) fn passed(&self) -> bool {
        matches!(self, Self::Graded(verdict) if verdict.passed)
    }

    /// What a learner's progress keeps of it.
    pub(crate) fn note(&self, exercise: &'static Exercise, file: &ProgressFile) {
        let failed = match self {
            Self::Graded(verdict) => verdict.failed(),
            Self::NotCompiled { .. } => Some(NOT_COMPILED),
        };
        file.change(|progress| progress.attempt(exercise, failed));
    }

    /// For a person, or as a line of JSON.
    pub(crate) fn show(&self, exercise: &Exercise, json: bool) -> Result<(), Failure> {
        match (self, json) {
            (Self::Graded(verdict), true) => Output::new(true).record(verdict, ""),
            (Self::Graded(verdict), false) => print(&report::verdict(exercise, verdict)),
            (Self::NotCompiled { rendered, remark }, true) => {
                let (exercise, remark) = (exercise.id, *remark);
                let line = CompileError { exercise, passed: false, compile_error: rendered, remark };
                Output::new(true).record(&line, "")
            }
            (Self::NotCompiled { rendered, remark }, false) => {
                let mut screen = format!("{rendered}\n\n");
                if let Some(remark) = remark {
                    report::paragraph(&mut screen, "", remark);
                }
                print(&screen)
            }
        }
    }
}
