//! What a learner has done so far.
//!
//! `file` keeps it, so that neither a crash nor a second program loses a pass; `table` shows it.

mod file;
mod table;

pub use table::{end_of_course, next_step, progress};

pub(crate) use file::{ProgressFile, replace};

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::exercise::Exercise;

/// A longer time without a sign of life is a pause, and no work.
const PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// Attempts whose times are kept, of each exercise.
const ATTEMPTS: usize = 500;
/// How many passes later a question comes back that was missed.
const LATER: u32 = 2;

/// All of it. What a newer lab has added is kept as it is.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Progress {
    version: u32,
    /// `quick`, `lesson` or `all`.
    #[serde(default = "whole_course")]
    pub(crate) path: String,
    /// How many exercises were passed, each counted once.
    #[serde(default)]
    pub(crate) passes: u32,
    #[serde(default)]
    exercises: BTreeMap<String, Work>,
    #[serde(default)]
    questions: BTreeMap<String, Answered>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// On one exercise.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Work {
    pub(crate) begun_at: Option<Timestamp>,
    last_at: Option<Timestamp>,
    worked_seconds: i64,
    pub(crate) attempts: Vec<Attempt>,
    /// Of all attempts, also those that are no longer kept.
    pub(crate) tries: u32,
    pub(crate) passed_at: Option<Timestamp>,
    /// The later exercise whose pass stands for one of this.
    pub(crate) cleared_by: Option<String>,
    pub(crate) hints: usize,
    pub(crate) solution_shown_at: Option<Timestamp>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// One check of a program.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Attempt {
    pub(crate) at: Timestamp,
    /// The check that failed first, or `not_compiled`; `None`: a pass.
    pub(crate) failed: Option<String>,
}

/// One question.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Answered {
    times: u32,
    right: bool,
    /// The number of passes at which it is asked again.
    due: Option<u32>,
}

fn whole_course() -> String {
    "all".to_owned()
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            version: 1,
            path: whole_course(),
            passes: 0,
            exercises: BTreeMap::new(),
            questions: BTreeMap::new(),
            other: Map::new(),
        }
    }
}

impl Progress {
    pub(crate) fn work(&self, exercise: &Exercise) -> Work {
        self.exercises.get(exercise.id).cloned().unwrap_or_default()
    }

    /// Passed, or cleared by a later one.
    pub(crate) fn is_done(&self, exercise: &Exercise) -> bool {
        self.exercises.get(exercise.id).is_some_and(|work| work.passed_at.is_some() || work.cleared_by.is_some())
    }

    /// Nothing is known of this learner.
    pub(crate) fn is_new(&self) -> bool {
        self.exercises.is_empty()
    }

    /// The learner does something about it now.
    pub(crate) fn touch(&mut self, exercise: &Exercise) -> &mut Work {
        let now = Timestamp::now();
        // Who goes to and fro between exercises works on one at a time.
        let last = self.exercises.values().filter_map(|work| work.last_at).max();
        let work = self.exercises.entry(exercise.id.to_owned()).or_default();
        work.begun_at.get_or_insert(now);
        let since = work.last_at.replace(now).max(last).filter(|_| work.begun_at != Some(now));
        let gap = now.duration_since(since.unwrap_or(now));
        // A clock that was set back gives no work.
        if work.passed_at.is_none() && gap.is_positive() && gap < PAUSE {
            work.worked_seconds += gap.as_secs();
        }
        work
    }

    /// Notes a check. A pass stays one, whatever comes later.
    pub(crate) fn attempt(&mut self, exercise: &Exercise, failed: Option<&str>) {
        let work = self.touch(exercise);
        let at = Timestamp::now();
        work.tries = work.tries.saturating_add(1);
        work.attempts.push(Attempt { at, failed: failed.map(str::to_owned) });
        let excess = work.attempts.len().saturating_sub(ATTEMPTS);
        work.attempts.drain(..excess);
        if failed.is_some() || work.passed_at.is_some() {
            return;
        }
        work.passed_at = Some(at);
        self.passes = self.passes.saturating_add(1);
        for earlier in exercise.data().implies {
            let work = self.exercises.entry(earlier).or_default();
            work.cleared_by.get_or_insert(exercise.id.to_owned());
        }
    }

    /// Notes an answer. What was missed comes back.
    pub(crate) fn answered(&mut self, question: &str, right: bool) {
        let due = self.passes.saturating_add(LATER);
        let answered = self.questions.entry(question.to_owned()).or_default();
        answered.times = answered.times.saturating_add(1);
        answered.right = right;
        answered.due = (!right).then_some(due);
    }

    /// Somebody has answered it, rightly or not.
    pub(crate) fn is_answered(&self, question: &str) -> bool {
        self.questions.contains_key(question)
    }

    /// The questions that were missed; those alone that are due now, or all of them.
    pub(crate) fn missed(&self, all: bool) -> Vec<String> {
        let missed = |answered: &Answered| answered.due.is_some_and(|due| all || due <= self.passes);
        self.questions.iter().filter(|(_, answered)| missed(answered)).map(|(name, _)| name.clone()).collect()
    }
}

impl Work {
    /// Rounded up, without pauses; up to the pass.
    pub(crate) fn minutes(&self) -> i64 {
        (self.worked_seconds + 59) / 60
    }
}

#[cfg(test)]
mod tests;
