//! The checker is checked: each starter fails, each solution passes, each wrong
//! program fails on the check that is named for it, and no check is left that no
//! program trips.

mod differences;
mod messages;
mod programs;
mod workspace;

use std::time::Instant;

use clap::Args;
use futures_util::{StreamExt, stream};
use lab_console::{Failure, Output, OutputArgs};
use serde::Serialize;

use crate::bench::Subject;
use crate::broker::Broker;
use crate::catalogue::{EXERCISES, find};
use crate::compile::{Built, Target, build_in};
use crate::exercise::{Exercise, Wrong};
use crate::grade::grade_on;
use crate::matrix::programs::{Program, RunAs, programs};
use crate::matrix::workspace::Workspace;
use crate::repository;
use crate::verdict::{CheckResult, Failed, Verdict};

/// Programs that are graded at once: most of the time they wait.
const AT_ONCE: usize = 3;
/// Of what was sent and what came, where a row is off.
const SHOWN: usize = 300;
/// After so many turns each wrong program has had its own.
const TURNS: usize = 16;

/// The options of the matrix.
#[derive(Args, Clone, Debug)]
pub struct MatrixArgs {
    /// Only these, as rest/04
    pub exercises: Vec<String>,
    /// How often each program is graded
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub runs: u32,
    /// Of the wrong programs every sixteenth, beginning with the N-th modulo 16
    #[arg(long, value_name = "N")]
    pub turn: Option<usize>,
    /// Keep the messages as they are now, in labs/kit/check/messages
    #[arg(long)]
    pub keep_messages: bool,
    /// Grade the programs of the Kafka lab on this broker as well: every check must come out the same
    #[arg(long, value_name = "HOST:PORT")]
    pub also_on: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
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
    /// On the other broker.
    #[serde(skip_serializing_if = "Option::is_none")]
    also_took_ms: Option<u64>,
    /// What came, where that isn't as it must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    came: Option<String>,
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
        faults.extend(of_exercise(exercise, &args, &mut output).await?);
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Failure::refused("matrix", format!("not as it must be: {}", faults.join("; "))))
    }
}

fn chosen(typed: &[String]) -> Result<Vec<&'static Exercise>, Failure> {
    if typed.is_empty() {
        return Ok(EXERCISES.to_vec());
    }
    let known = |typed: &String| find(typed).ok_or_else(|| Failure::usage(format!("there is no exercise {typed}")));
    typed.iter().map(known).collect()
}

async fn of_exercise(
    exercise: &'static Exercise,
    args: &MatrixArgs,
    output: &mut Output,
) -> Result<Vec<String>, Failure> {
    let data = exercise.data();
    let mut faults = untripped(exercise, &data.wrong);
    let has_turn = |number: usize| args.turn.is_none_or(|turn| number % TURNS == turn % TURNS);
    let wrong: Vec<&Wrong> =
        (0..).zip(&data.wrong).filter(|(number, _)| has_turn(*number)).map(|(_, one)| one).collect();
    let programs = programs(exercise, &wrong);
    let workspace = Workspace::new(exercise, &wrong)?;
    let trials = if exercise.role.runs() { trials(&programs, &workspace).await? } else { files(&programs, &workspace) };
    let runs = (1..=args.runs).flat_map(|run| trials.iter().map(move |trial| (run, trial)));
    let mut rows = stream::iter(runs.map(|(run, (program, subject))| one_run(exercise, program, subject, run, args)))
        .buffered(AT_ONCE);
    while let Some(row) = rows.next().await.transpose()? {
        output.record(&row, &line(&row))?;
        if row.came.is_some() {
            faults.push(format!("{} {}", exercise.id, row.program.program));
        }
    }
    Ok(faults)
}

/// The checks on which no wrong program is said to fail. That each fails as is said, the rows show.
fn untripped(exercise: &Exercise, wrong: &[Wrong]) -> Vec<String> {
    let names = exercise.checks.iter().map(|&(name, _)| name);
    let untripped = names.filter(|name| wrong.iter().all(|wrong| wrong.fails != *name));
    untripped.map(|name| format!("{}: no wrong program trips {name}", exercise.id)).collect()
}

/// What is read needs no building.
fn files<'a>(programs: &'a [Program], workspace: &Workspace) -> Vec<(&'a Program, Subject)> {
    let file = |program: &Program| match (&program.run_as, &*program.program) {
        (RunAs::Wrong(number), _) => workspace.file(*number),
        (_, "starter") => repository::root().join(repository::starter(program.exercise)),
        _ => repository::root().join(repository::solution(program.exercise)),
    };
    programs.iter().map(|program| (program, Subject::File(file(program)))).collect()
}

/// Builds the programs: each with how it is run.
async fn trials<'a>(programs: &'a [Program], workspace: &Workspace) -> Result<Vec<(&'a Program, Subject)>, Failure> {
    let mut targets: Vec<Target> = programs.iter().map(|program| program.target.clone()).collect();
    targets.dedup();
    let built = build_in(workspace.path(), programs[0].exercise.lab(), &targets).await?;
    let mut trials = Vec::new();
    for program in programs {
        let built = targets.iter().zip(&built).find(|(target, _)| **target == program.target);
        let path = match built.expect("each target was built").1 {
            Built::Program(path) => path,
            Built::Error { rendered, .. } => {
                let what = format!("{} {} doesn't compile: {rendered}", program.exercise.id, program.program);
                return Err(Failure::refused("matrix", what));
            }
        };
        trials.push((program, program.subject(path, workspace)?));
    }
    Ok(trials)
}

async fn one_run<'a>(
    exercise: &'static Exercise,
    program: &'a Program,
    subject: &Subject,
    run: u32,
    args: &MatrixArgs,
) -> Result<Row<'a>, Failure> {
    let other = args.also_on.as_ref().filter(|_| exercise.lab() == "kafka");
    // Both at the same time: they wait for most of it.
    let (here, there) =
        futures_util::join!(timed(exercise, subject, Broker::named()), elsewhere(exercise, subject, other));
    let ((verdict, took_ms), there) = (here?, there?);
    let mut as_it_must = is_as_it_must(program, &verdict);
    let (failed, mut came) = (verdict.failed(), what_came(&verdict));
    if let Some(difference) = there.as_ref().and_then(|(there, _)| differences::between(&verdict, there)) {
        (as_it_must, came) = (false, format!("{difference} on the other broker; {came}"));
    }
    let also_took_ms = there.map(|(_, took)| took);
    if as_it_must
        && program.message
        && let Some(fault) = messages::kept(exercise, &program.program, verdict, args.keep_messages)?
    {
        (as_it_must, came) = (false, fault);
    }
    let came = (!as_it_must).then_some(came);
    Ok(Row { program, run, failed, as_it_must, took_ms, also_took_ms, came })
}

async fn elsewhere(
    exercise: &'static Exercise,
    subject: &Subject,
    brokers: Option<&String>,
) -> Result<Option<(Verdict, u64)>, Failure> {
    let Some(brokers) = brokers else { return Ok(None) };
    timed(exercise, subject, Some(brokers.clone())).await.map(Some)
}

/// The verdict, and the milliseconds that it took.
async fn timed(
    exercise: &'static Exercise,
    subject: &Subject,
    brokers: Option<String>,
) -> Result<(Verdict, u64), Failure> {
    let begin = Instant::now();
    let verdict = grade_on(exercise, subject.clone(), brokers).await?;
    Ok((verdict, begin.elapsed().as_millis() as u64))
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
        CheckResult::Failed { failed, .. } => {
            let Failed { sent, expected, came_back, program, .. } = failed;
            let sent = sent.chars().take(SHOWN).collect::<String>();
            let came_back = came_back.chars().take(SHOWN).collect::<String>();
            Some(format!("{}: {sent:?}; expected {expected:?}; came {came_back:?}, {program:?}", check.name))
        }
        _ => None,
    });
    failed.unwrap_or("every check passes".to_owned())
}

fn line(row: &Row<'_>) -> String {
    let mark = if row.as_it_must { "✓" } else { "✗" };
    let failed = row.failed.map_or("passes".to_owned(), |name| format!("fails {name}"));
    let also = row.also_took_ms.map(|took| format!(", {took} on the other broker")).unwrap_or_default();
    let came = row.came.as_ref().map(|came| format!("\n  {came}")).unwrap_or_default();
    format!("{mark} {} {:28} {failed} ({} ms{also}){came}", row.program.exercise.id, row.program.program, row.took_ms)
}
