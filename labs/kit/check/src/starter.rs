//! Starters as the repository has them, whatever a learner has made of theirs.
//!
//! They come from git. Built into the checker they could not be: its source would be the
//! very file that the learner edits. And it isn't `HEAD` that has them, when a learner
//! commits: it is the newest commit in which the exercise's other files were changed,
//! the solutions or the checker, in which a learner has nothing to do.

use std::process::{Command, Stdio};

use lab_console::{Failure, reason};

use crate::exercise::Exercise;
use crate::repository;

/// What was checked out.
pub(crate) const HERE: &str = "HEAD";
/// What was fetched, and perhaps isn't merged yet.
pub(crate) const FETCHED: &str = "@{upstream}";

/// The starter, as it is at `reference` in git.
///
/// # Errors
///
/// When git or its history isn't there.
pub(crate) fn starter(exercise: &Exercise, reference: &str) -> Result<String, Failure> {
    let solutions = format!("labs/{}/solutions", exercise.lab());
    let commit = git(&["log", "-1", "--format=%H", reference, "--", "labs/kit/check", &solutions])?;
    let path = repository::starter(exercise).display().to_string();
    let at = |commit: &str| git(&["show", &format!("{commit}:{path}")]);
    match commit.trim() {
        "" => at(reference),
        // An exercise may be newer than the last change of another's solution.
        commit => at(commit).or_else(|_| at(reference)),
    }
}

fn git(args: &[&str]) -> Result<String, Failure> {
    let mut git = Command::new("git");
    // Not the repository of a hook or an alias that this is called from.
    git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    let output = git.arg("-C").arg(repository::root()).args(args).stdin(Stdio::null()).output();
    let missing = |why: &str| Failure::missing(format!("the starter comes from git, and git says: {why}"));
    let output = output.map_err(|error| missing(&reason(&error)))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(missing(String::from_utf8_lossy(&output.stderr).trim())),
    }
}
