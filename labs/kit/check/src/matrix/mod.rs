//! The checker is checked: each starter fails, each solution passes, each wrong
//! program fails on the check that is named for it, and no check is left that no
//! program trips.

mod workspace;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use clap::Args;
use lab_console::{Failure, Output, OutputArgs};
use serde::Serialize;

use crate::bench::Subject;
use crate::catalogue::{EXERCISES, find};
use crate::compile::{Built, Target, build_in};
use crate::exercise::{Exercise, Wrong};
use crate::grade::grade;
use crate::matrix::workspace::Workspace;
use crate::verdict::{CheckResult, Verdict};

/// The options of the matrix.
#[derive(Args, Clone, Debug)]
pub struct MatrixArgs {
    /// Only these, as rest/04
    pub exercises: Vec<String>,
    /// How often each program is graded
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub runs: u32,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
}

/// A program of the matrix, and what must come of it.
#[derive(Clone, Debug, Serialize)]
struct Program {
    exercise: &'static str,
    /// `starter`, `solution`, or the wrong program's name.
    program: String,
    /// What it is built of.
    #[serde(skip)]
    target: Target,
    /// How it is run.
    #[serde(skip)]
    run_as: RunAs,
    /// The check that must fail first; of a starter it may be any.
    must_fail: Option<String>,
}

/// How a program is run.
#[derive(Clone, Debug)]
enum RunAs {
    Itself,
    /// By this number, as one of the wrong programs in one.
    Wrong(usize),
    /// With these arguments.
    With(String),
}

/// One run of it.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    program: &'a Program,
    run: u32,
    failed: Option<&'static str>,
    as_it_must: bool,
    took_ms: u64,
}

/// Builds all programs, grades each, and prints a row for each run.
///
/// # Errors
///
/// When any row isn't as it must be, a replacement doesn't fit, or a check is left untripped.
pub async fn matrix(args: MatrixArgs) -> Result<(), Failure> {
    let mut faults = Vec::new();
    let mut output = Output::new(args.output.json);
    for exercise in chosen(&args.exercises)? {
        faults.extend(of_exercise(exercise, args.runs, &mut output).await?);
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::refused("matrix", faults.join("; "))) }
}

fn chosen(typed: &[String]) -> Result<Vec<&'static Exercise>, Failure> {
    if typed.is_empty() {
        return Ok(EXERCISES.to_vec());
    }
    let known = |typed: &String| find(typed).ok_or_else(|| Failure::usage(format!("there is no exercise {typed}")));
    typed.iter().map(known).collect()
}

async fn of_exercise(exercise: &'static Exercise, runs: u32, output: &mut Output) -> Result<Vec<String>, Failure> {
    let data = exercise.data();
    let mut untripped: BTreeSet<&str> = exercise.checks.iter().map(|&(name, _)| name).collect();
    let mut faults = Vec::new();
    let programs = programs(exercise, &data.wrong);
    let workspace = Workspace::new(exercise, &data.wrong)?;
    let mut targets: Vec<Target> = programs.iter().map(|program| program.target.clone()).collect();
    targets.dedup();
    let built = build_in(workspace.path(), exercise.lab(), &targets).await?;
    for program in &programs {
        let built = targets.iter().zip(&built).find(|(target, _)| **target == program.target);
        let path = match built.expect("each target was built").1 {
            Built::Program(path) => path,
            Built::Error { rendered, .. } => {
                let what = format!("{} {} doesn't compile: {rendered}", exercise.id, program.program);
                return Err(Failure::refused("matrix", what));
            }
        };
        let subject = program.subject(path, &workspace)?;
        for run in 1..=runs {
            let begin = Instant::now();
            let verdict = grade(exercise, subject.clone()).await?;
            let failed = verdict.failed();
            let as_it_must = is_as_it_must(program, &verdict);
            if program.program != "starter" {
                untripped.remove(failed.unwrap_or_default());
            }
            let took_ms = begin.elapsed().as_millis() as u64;
            let row = Row { program, run, failed, as_it_must, took_ms };
            output.record(&row, &line(&row))?;
            if !as_it_must {
                faults.push(format!("{} {}: {}", exercise.id, program.program, what_came(&verdict)));
            }
        }
    }
    faults.extend(untripped.iter().map(|name| format!("{}: no wrong program trips {name}", exercise.id)));
    Ok(faults)
}

fn programs(exercise: &'static Exercise, wrong: &[Wrong]) -> Vec<Program> {
    let program = |program: &str, target, run_as, must_fail| Program {
        exercise: exercise.id,
        program: program.to_owned(),
        target,
        run_as,
        must_fail,
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
        programs.push(program(&wrong.name, target, run_as, Some(wrong.fails.clone())));
    }
    programs
}

impl Program {
    fn subject(&self, path: &Path, workspace: &Workspace) -> Result<Subject, Failure> {
        Ok(match &self.run_as {
            RunAs::Itself => Subject::Built(path.to_owned()),
            RunAs::Wrong(number) => Subject::Built(workspace.called(path, *number)?),
            RunAs::With(arguments) => Subject::Typed(format!("'{}' {arguments}", path.display())),
        })
    }
}

fn is_as_it_must(program: &Program, verdict: &Verdict) -> bool {
    match (&*program.program, verdict.failed()) {
        // It fails honestly: somebody who has done nothing yet sees no panic.
        ("starter", failed) => failed.is_some() && !what_came(verdict).contains("panicked"),
        (_, failed) => failed == program.must_fail.as_deref(),
    }
}

fn what_came(verdict: &Verdict) -> String {
    let failed = verdict.checks.iter().find_map(|check| match &check.result {
        CheckResult::Failed { failed, .. } => Some(format!("{} fails: {failed:?}", check.name)),
        _ => None,
    });
    failed.unwrap_or("every check passes".to_owned())
}

fn line(row: &Row<'_>) -> String {
    let mark = if row.as_it_must { "✓" } else { "✗" };
    let failed = row.failed.map_or("passes".to_owned(), |name| format!("fails {name}"));
    format!("{mark} {} {:28} {failed} ({} ms)", row.program.exercise, row.program.program, row.took_ms)
}
