//! What is graded: the starter, the solution, and each wrong program.

use std::path::Path;

use lab_console::Failure;
use serde::Serialize;

use super::workspace::Workspace;
use crate::bench::Subject;
use crate::compile::Target;
use crate::exercise::{Exercise, Wrong};

/// A program of the matrix, and what must come of it.
#[derive(Clone, Serialize)]
pub(super) struct Program {
    #[serde(serialize_with = "by_id")]
    pub(super) exercise: &'static Exercise,
    /// `starter`, `solution`, or the wrong program's name.
    pub(super) program: String,
    /// What it is built of.
    #[serde(skip)]
    pub(super) target: Target,
    /// How it is run.
    #[serde(skip)]
    pub(super) run_as: RunAs,
    /// The check that must fail first; of a starter it may be any.
    pub(super) must_fail: Option<String>,
    /// Whether its message is kept as a file.
    #[serde(skip)]
    pub(super) message: bool,
}

fn by_id<S: serde::Serializer>(exercise: &Exercise, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(exercise.id)
}

/// How a program is run.
#[derive(Clone, Debug)]
pub(super) enum RunAs {
    Itself,
    /// By this number, as one of the wrong programs in one.
    Wrong(usize),
    /// With these arguments.
    With(String),
}

pub(super) fn programs(exercise: &'static Exercise, wrong: &[&Wrong]) -> Vec<Program> {
    let program = |program: &str, target, run_as, must_fail| Program {
        exercise,
        program: program.to_owned(),
        target,
        run_as,
        must_fail,
        message: false,
    };
    let example = |end: &str| Target::Example(format!("{}{end}", exercise.example()));
    let mut programs = vec![
        program("starter", example(""), RunAs::Itself, None),
        program("solution", example("_solution"), RunAs::Itself, None),
    ];
    for (number, wrong) in wrong.iter().enumerate() {
        let typed = wrong.program.as_deref().map(|typed| typed.split_once(' ').unwrap_or((typed, "")));
        let (target, run_as) = match typed {
            Some((bin, arguments)) => (Target::Bin(bin.to_owned()), RunAs::With(arguments.to_owned())),
            None => (example("_wrong"), RunAs::Wrong(number)),
        };
        let program = program(&wrong.name, target, run_as, Some(wrong.fails.clone()));
        programs.push(Program { message: wrong.message, ..program });
    }
    programs
}

impl Program {
    pub(super) fn subject(&self, path: &Path, workspace: &Workspace) -> Result<Subject, Failure> {
        Ok(match &self.run_as {
            RunAs::Itself => Subject::Built(path.to_owned()),
            RunAs::Wrong(number) => Subject::Built(workspace.called(path, *number)?),
            RunAs::With(arguments) => Subject::Typed(format!("'{}' {arguments}", path.display())),
        })
    }
}
