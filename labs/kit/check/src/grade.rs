//! Runs an exercise's checks against a program, up to the first that fails.

use lab_console::Failure;

use crate::bench::{Bench, Subject};
use crate::broker::Broker;
use crate::exercise::Exercise;
use crate::verdict::{CheckResult, Checked, Verdict};

/// Grades a program.
///
/// # Errors
///
/// When the checker itself can't work: no process can be made. Whatever the program
/// does is a verdict.
pub async fn grade(exercise: &'static Exercise, subject: Subject) -> Result<Verdict, Failure> {
    grade_on(exercise, subject, Broker::named()).await
}

/// Grades a program that works against this broker, if it works against one; `None` is an embedded one.
pub(crate) async fn grade_on(
    exercise: &'static Exercise,
    subject: Subject,
    brokers: Option<String>,
) -> Result<Verdict, Failure> {
    let (data, sentences) = (exercise.data(), exercise.sentences());
    let mut bench = Bench::new(exercise.role, &data.calls, subject)?;
    if exercise.lab() == "kafka" {
        bench.kafka = Some(Broker::start(brokers).await?);
    }
    let mut checks = Vec::new();
    let mut passed = true;
    for ((&(name, check), sentence), remark) in exercise.checks.iter().zip(sentences).zip(data.checks) {
        let result = if !passed {
            CheckResult::NotReached
        } else if let Err(failed) = check(&mut bench).await {
            passed = false;
            let (why, r#try) = match failed.advice {
                Some(advice) => (advice.why.to_owned(), advice.r#try.to_owned()),
                None => (remark.why, remark.r#try),
            };
            CheckResult::Failed { failed: bench.with_last_words(failed), why, r#try }
        } else {
            CheckResult::Passed
        };
        checks.push(Checked { name, sentence, result });
    }
    let shown = if passed { std::mem::take(&mut bench.shown) } else { Vec::new() };
    bench.end().await;
    Ok(Verdict { exercise: exercise.id, passed, checks, shown })
}
