//! The checker is checked: each starter fails, each solution passes, each wrong
//! program fails on the check that is named for it, and no check is left that no
//! program trips.

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
use crate::repository;
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
    arguments: String,
    /// The check that must fail first; of a starter it may be any.
    must_fail: Option<String>,
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
    let workspace = workspace(exercise, &programs, &data.wrong)?;
    let targets: Vec<Target> = programs.iter().map(|program| program.target.clone()).collect();
    let built = build_in(workspace.path().to_owned(), exercise.lab(), &targets).await?;
    for (program, built) in programs.iter().zip(built) {
        let path = match built {
            Built::Program(path) => path,
            Built::Error { rendered, .. } => {
                faults.push(format!("{} {} doesn't compile: {rendered}", exercise.id, program.program));
                continue;
            }
        };
        for run in 1..=runs {
            let begin = Instant::now();
            let verdict = grade(exercise, program.subject(&path)).await?;
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

fn programs(exercise: &Exercise, wrong: &[Wrong]) -> Vec<Program> {
    let program = |program: &str, target, must_fail: Option<&str>| Program {
        exercise: exercise.id,
        program: program.to_owned(),
        target,
        arguments: String::new(),
        must_fail: must_fail.map(str::to_owned),
    };
    let mut programs = vec![
        program("starter", Target::Example(exercise.example()), None),
        program("solution", Target::Example(format!("{}_solution", exercise.example())), None),
    ];
    for (number, wrong) in wrong.iter().enumerate() {
        let typed = wrong.program.as_deref().map(|typed| typed.split_once(' ').unwrap_or((typed, "")));
        let (target, arguments) = match typed {
            Some((bin, arguments)) => (Target::Bin(bin.to_owned()), arguments),
            None => (Target::Example(format!("{}_wrong_{number}", exercise.example())), ""),
        };
        let wrong = program(&wrong.name, target, Some(&wrong.fails));
        programs.push(Program { arguments: arguments.to_owned(), ..wrong });
    }
    programs
}

impl Program {
    fn subject(&self, path: &Path) -> Subject {
        match &*self.arguments {
            "" => Subject::Built(path.to_owned()),
            arguments => Subject::Typed(format!("'{}' {arguments}", path.display())),
        }
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

/// A copy of the workspace in which the wrong programs are examples as well. What is built for
/// the learner serves here too: cargo tells packages apart by their path in the workspace.
fn workspace(exercise: &Exercise, programs: &[Program], wrong: &[Wrong]) -> Result<tempfile::TempDir, Failure> {
    let broken = |error: std::io::Error| Failure::missing(format!("can't copy the workspace: {error}"));
    let copy = tempfile::tempdir().map_err(broken)?;
    let root = repository::root();
    for part in ["Cargo.toml", "Cargo.lock", "labs", "proto"] {
        let copied = std::process::Command::new("cp").arg("-Rp").arg(root.join(part)).arg(copy.path()).status();
        copied.map_err(broken)?;
    }
    let lab = copy.path().join("labs").join(exercise.lab());
    let mut manifest = std::fs::read_to_string(lab.join("Cargo.toml")).map_err(broken)?;
    let solution = std::fs::read_to_string(root.join(repository::solution(exercise))).map_err(broken)?;
    for (program, wrong) in programs.iter().skip(2).zip(wrong) {
        let Target::Example(name) = &program.target else { continue };
        std::fs::write(lab.join(format!("{name}.rs")), changed(&solution, wrong, exercise)?).map_err(broken)?;
        manifest +=
            &format!("\n[[example]]\nname = \"{name}\"\npath = \"{name}.rs\"\nrequired-features = [\"exercises\"]\n");
    }
    std::fs::write(lab.join("Cargo.toml"), manifest).map_err(broken)?;
    Ok(copy)
}

/// The solution with the mistake.
fn changed(solution: &str, wrong: &Wrong, exercise: &Exercise) -> Result<String, Failure> {
    let mut changed = solution.to_owned();
    for replacement in &wrong.replace {
        if changed.matches(&replacement.find).count() != 1 {
            let what = format!("{} `{}`: {:?} is not there once", exercise.id, wrong.name, replacement.find);
            return Err(Failure::refused("matrix", what));
        }
        changed = changed.replace(&replacement.find, &replacement.with);
    }
    Ok(changed)
}
