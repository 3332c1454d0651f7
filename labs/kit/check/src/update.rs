//! `cargo lab update`: what is new in the starters, and what you have made of them.
//!
//! It only looks. git does the rest, and refuses by itself to write over an edited file.

use std::fmt::Write as _;
use std::fs;

use lab_console::{Failure, Output, print};
use serde::Serialize;

use crate::catalogue::EXERCISES;
use crate::config::UpdateArgs;
use crate::course::COURSE;
use crate::exercise::Exercise;
use crate::progress::ProgressFile;
use crate::repository;
use crate::starter::{FETCHED, HERE, starter};
use crate::watch::difference;

const HOW: &str = "\n`git fetch` looks for more. `git pull --autostash` brings it: git puts what you have\n\
                   edited on top, and marks where both have changed the same lines. Or take the new\n\
                   starter afterwards with `cargo lab reset`, which keeps yours beside it.\n";

/// A starter and what became of it.
struct Looked {
    exercise: &'static Exercise,
    here: String,
    /// What the repository has newest.
    newest: String,
    mine: Option<String>,
}

/// A line of `--json`. The names stay.
#[derive(Serialize)]
struct Line {
    exercise: &'static str,
    file: String,
    edited: bool,
    /// One was fetched that is not merged.
    newer_starter: bool,
}

/// Compares the learner's files with the starters in git.
///
/// # Errors
///
/// When git doesn't have them.
pub async fn update(args: UpdateArgs) -> Result<(), Failure> {
    let one = match &args.exercise {
        Some(typed) => Some(COURSE.chosen(Some(typed), &ProgressFile::ours().read())?),
        None => None,
    };
    let chosen = EXERCISES.iter().copied().filter(|exercise| one.is_none_or(|one| one.id == exercise.id));
    let looked: Vec<Looked> = chosen.map(look).collect::<Result<_, _>>()?;
    if args.output.json {
        let mut output = Output::new(true);
        return looked.iter().try_for_each(|looked| output.record(&looked.line(), ""));
    }
    let mut screen = String::new();
    for looked in &looked {
        looked.show(one.is_some(), &mut screen);
    }
    if screen.is_empty() {
        screen += "Nothing is edited, and no newer starter was fetched.\n";
    }
    print(&(screen + HOW))
}

fn look(exercise: &'static Exercise) -> Result<Looked, Failure> {
    let here = starter(exercise, HERE)?;
    // Without a remote there is nothing newer.
    let newest = starter(exercise, FETCHED).unwrap_or_else(|_| here.clone());
    let mine = fs::read_to_string(repository::root().join(repository::starter(exercise))).ok();
    Ok(Looked { exercise, here, newest, mine })
}

impl Looked {
    fn is_edited(&self) -> bool {
        self.mine.as_ref().is_none_or(|mine| *mine != self.here && *mine != self.newest)
    }

    fn is_newer(&self) -> bool {
        self.newest != self.here && self.mine.as_ref() != Some(&self.newest)
    }

    fn line(&self) -> Line {
        Line {
            exercise: self.exercise.id,
            file: repository::starter(self.exercise).display().to_string(),
            edited: self.is_edited(),
            newer_starter: self.is_newer(),
        }
    }

    fn show(&self, whole: bool, screen: &mut String) {
        let id = self.exercise.id;
        let says = match (self.mine.is_some(), self.is_edited(), self.is_newer()) {
            (false, ..) => "is not there; `cargo lab reset` brings it back",
            (_, true, true) => "is edited, and there is a newer starter",
            (_, true, false) => "is edited",
            (_, false, true) => "is as it came, and there is a newer starter",
            (_, false, false) if whole => "is as it came",
            (_, false, false) => return,
        };
        let _ = writeln!(screen, "{id} {says}");
        let mine = self.mine.as_deref().unwrap_or_default();
        if self.is_newer() || whole {
            let _ = writeln!(screen, "\n{}", difference("yours", mine, "the newest starter", &self.newest));
        }
    }
}
