//! Starters as the repository has them, whatever a learner has made of theirs.
//!
//! They come from git. Built into the checker they could not be: its source would be the
//! very file that the learner edits. And it isn't `HEAD` that has them, when a learner
//! commits: it is the newest commit of somebody else; or of anybody who changes the
//! solutions or the checker, in which a learner has nothing to do.

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
    let path = repository::starter(exercise).display().to_string();
    let at = |commit: &str| git(&["show", &format!("{commit}:{path}")]);
    match newest_of_ours(exercise, reference, &path)? {
        None => at(reference),
        // An exercise may be newer than the last change of another's solution.
        Some(commit) => at(&commit).or_else(|_| at(reference)),
    }
}

/// The newest commit that isn't a learner's work.
fn newest_of_ours(exercise: &Exercise, reference: &str, starter: &str) -> Result<Option<String>, Failure> {
    let solutions = format!("labs/{}/solutions", exercise.lab());
    // All of it: a merge in which the learner's side has won is no reason to pass over the other.
    let ours = git(&["log", "--full-history", "--format=%H", reference, "--", "labs/kit/check", &solutions])?;
    // Who can't be asked for a name has made no commit.
    let me = git(&["config", "user.email"]).unwrap_or_default();
    let paths = [starter, "labs/kit/check", &solutions];
    let all = git(&[&["log", "--full-history", "--format=%H %ae", reference, "--"][..], &paths].concat())?;
    let is_ours = |&(commit, author): &(&str, &str)| {
        !me.trim().is_empty() && author != me.trim() || ours.lines().any(|line| line == commit)
    };
    let found = all.lines().filter_map(|line| line.split_once(' ')).find(is_ours);
    Ok(found.map(|(commit, _)| commit.to_owned()))
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
