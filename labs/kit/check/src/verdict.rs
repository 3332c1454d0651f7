//! What came of a check.

use std::fmt;

use serde::Serialize;

/// A check passes, or says what it saw.
pub(crate) type Outcome = Result<(), Failed>;

/// What a learner needs in order to see it for themselves. What the exercise's data
/// says of the check, why it matters and what to try, is added where it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// What the checker sent or did, as it was on the wire.
    pub sent: String,
    /// What should have come.
    pub expected: String,
    /// What came, as it was on the wire.
    pub came_back: String,
    /// The program's last words on stderr, where it ended or said something.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub program: String,
    /// What happened when, where that matters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ladder: Vec<Event>,
    /// What to say instead of the check's own remark, where the check had nothing to look at:
    /// no server came up, or what it says isn't HTTP.
    #[serde(skip)]
    pub(crate) advice: Option<Advice>,
}

/// A remark on a failure that has nothing to do with the exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    pub(crate) why: &'static str,
    pub(crate) r#try: &'static str,
}

impl Failed {
    /// Nothing could be sent: what the checker did is a sentence.
    pub(crate) fn new(did: impl Into<String>, expected: impl Into<String>, came: impl Into<String>) -> Self {
        Self { sent: did.into(), expected: expected.into(), came_back: came.into(), ..Self::default() }
    }

    pub(crate) fn advise(self, why: &'static str, r#try: &'static str) -> Self {
        Self { advice: Some(Advice { why, r#try }), ..self }
    }
}

/// One moment of a check in which times matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Since the check began.
    pub at_ms: u64,
    /// Who did it.
    pub who: Who,
    /// What was done.
    pub what: String,
}

/// The lanes of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The learner's program.
    You,
    /// The checker, in whatever part it plays.
    Checker,
    /// A Kafka broker.
    Broker,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::You => "you",
            Self::Checker => "checker",
            Self::Broker => "broker",
        })
    }
}

/// One check of an exercise, done or not.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// Its name in the exercise's data.
    pub name: &'static str,
    /// Its sentence under "Done when", word for word.
    pub sentence: String,
    /// How it ended.
    #[serde(flatten)]
    pub result: CheckResult,
}

/// How a check ended.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CheckResult {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed {
        /// What was seen.
        #[serde(flatten)]
        failed: Failed,
        /// Why it matters.
        why: String,
        /// What to try.
        r#try: String,
    },
    /// One before it failed.
    NotReached,
}

/// All that was found out about a program.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// As `rest/04`.
    pub exercise: &'static str,
    /// Every check passed.
    pub passed: bool,
    /// In the order of the sentences.
    pub checks: Vec<Checked>,
    /// What there is to see after a pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<String>,
}

impl Verdict {
    /// The name of the check that failed.
    #[must_use]
    pub fn failed(&self) -> Option<&'static str> {
        self.checks.iter().find(|check| matches!(check.result, CheckResult::Failed { .. })).map(|check| check.name)
    }
}
