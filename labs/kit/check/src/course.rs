//! The way through the exercises: stages, and shorter paths. All of it is data.

use std::sync::LazyLock;

use lab_console::Failure;
use serde::Deserialize;

use crate::catalogue::{EXERCISES, find, id_of};
use crate::exercise::Exercise;
use crate::progress::Progress;

/// What `course.toml` holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Course {
    #[serde(rename = "stage")]
    stages: Vec<Stage>,
    #[serde(rename = "path")]
    pub(crate) paths: Vec<Path>,
}

/// What belongs together, over more than one transport.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    pub(crate) title: String,
    /// Ids, of exercises that may yet have to be written.
    pub(crate) exercises: Vec<String>,
    /// Asked when all of them are done that are there: what differed.
    pub(crate) quiz: Option<String>,
}

/// A choice of exercises, in the order of the stages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Path {
    pub(crate) name: String,
    pub(crate) about: String,
    exercises: Vec<String>,
}

/// The course.
pub(crate) static COURSE: LazyLock<Course> =
    LazyLock::new(|| toml::from_str(include_str!("course.toml")).expect("a test reads it"));

impl Course {
    /// The stages with what this path takes of each; `all`, or any other name, takes everything.
    pub(crate) fn stages(&self, path: &str) -> Vec<Stage> {
        let path = self.paths.iter().find(|known| known.name == path);
        let is_taken = |id: &String| path.is_none_or(|path| path.exercises.contains(id));
        let mut stages: Vec<Stage> = self.stages.clone();
        stages.iter_mut().for_each(|stage| stage.exercises.retain(is_taken));
        if path.is_none() {
            let known: Vec<&String> = self.stages.iter().flat_map(|stage| &stage.exercises).collect();
            let more = EXERCISES.iter().map(|exercise| exercise.id.to_owned()).filter(|id| !known.contains(&id));
            stages.push(Stage { title: "and on from there".to_owned(), exercises: more.collect(), quiz: None });
        }
        stages.retain(|stage| !stage.exercises.is_empty());
        stages
    }

    /// The exercises of a path that are there.
    pub(crate) fn exercises(&self, path: &str) -> Vec<&'static Exercise> {
        self.stages(path).iter().flat_map(|stage| &stage.exercises).filter_map(|id| by_id(id)).collect()
    }

    /// The quiz of the stage that this one belongs to on the path, if all of the stage is done.
    pub(crate) fn closed(&self, exercise: &Exercise, progress: &Progress) -> Option<String> {
        let stages = self.stages(&progress.path).into_iter();
        let stage = stages.into_iter().find(|stage| stage.exercises.iter().any(|id| id == exercise.id))?;
        let is_closed = stage.exercises.iter().filter_map(|id| by_id(id)).all(|exercise| progress.is_done(exercise));
        stage.quiz.filter(|_| is_closed)
    }

    /// The first that isn't done yet.
    pub(crate) fn next(&self, progress: &Progress) -> Option<&'static Exercise> {
        self.exercises(&progress.path).into_iter().find(|exercise| !progress.is_done(exercise))
    }

    /// What is said to whoever has done all of it.
    pub(crate) fn end(&self, progress: &Progress) -> Option<&'static str> {
        let is_whole = self.paths.iter().all(|path| path.name != progress.path);
        (is_whole && self.next(progress).is_none()).then_some(include_str!("end.txt"))
    }

    /// As `rest/04`; without a word the next that isn't done.
    pub(crate) fn chosen(&self, typed: Option<&str>, progress: &Progress) -> Result<&'static Exercise, Failure> {
        let Some(typed) = typed else {
            return self.next(progress).ok_or_else(|| {
                Failure::usage(
                    "all exercises of your path are done: say which one, as rest/04; `cargo lab path` lists them",
                )
            });
        };
        let is_to_come = |id: &String| self.stages.iter().any(|stage| stage.exercises.contains(id));
        find(typed).ok_or_else(|| match id_of(typed).filter(is_to_come) {
            Some(id) => Failure::usage(format!("{id} is yet to be written; `cargo lab path` lists what is there")),
            None => Failure::usage(not_one(typed)),
        })
    }
}

/// What is said of a name that none has; a number alone may be that of several.
fn not_one(typed: &str) -> String {
    let number = typed.trim().parse::<u8>().map_or(String::new(), |number| format!("/{number:02}"));
    let meant: Vec<&str> = EXERCISES.iter().map(|exercise| exercise.id).filter(|id| id.ends_with(&number)).collect();
    match (&*number, &meant[..]) {
        ("", _) | (_, []) => format!("there is no exercise {typed}; `cargo lab path` lists them"),
        (_, [one]) => format!("there is no exercise {typed}, but there is {one}"),
        (_, [some @ .., last]) => format!("{typed} is the number of {} and {last}: say which one", some.join(", ")),
    }
}

/// The exercise of this id, if it is there.
pub(crate) fn by_id(id: &str) -> Option<&'static Exercise> {
    EXERCISES.iter().copied().find(|exercise| exercise.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_made_of_exercises_of_the_stages() {
        let all: Vec<String> = COURSE.stages("all").into_iter().flat_map(|stage| stage.exercises).collect();
        for path in &COURSE.paths {
            assert!(path.exercises.iter().all(|id| all.contains(id)), "{path:?}");
        }
        assert!(EXERCISES.iter().all(|exercise| all.contains(&exercise.id.to_owned())));
    }

    #[test]
    fn a_number_alone_is_answered_by_the_ids_that_it_may_mean() {
        assert_eq!(not_one("03"), "03 is the number of rest/03, grpc/03 and kafka/03: say which one");
        assert_eq!(not_one("3"), "3 is the number of rest/03, grpc/03 and kafka/03: say which one");
        for typed in ["99", "rest", ""] {
            assert!(not_one(typed).starts_with(&format!("there is no exercise {typed};")), "{typed}");
        }
    }

    #[test]
    fn a_stage_is_closed_by_the_last_of_its_exercises() {
        let mut progress = Progress::default();
        let stage = COURSE.stages("all").remove(0);
        let exercises: Vec<&Exercise> = stage.exercises.iter().filter_map(|id| by_id(id)).collect();
        for exercise in &exercises {
            assert_eq!(COURSE.closed(exercise, &progress), None);
            progress.attempt(exercise, None);
        }
        assert!(stage.quiz.is_some() && COURSE.closed(exercises[0], &progress) == stage.quiz);
    }

    #[test]
    fn who_has_done_all_of_it_is_told_what_comes_then() {
        let mut progress = Progress::default();
        assert_eq!(COURSE.end(&progress), None);
        COURSE.exercises("all").into_iter().for_each(|exercise| progress.attempt(exercise, None));
        let end = COURSE.end(&progress).expect("nothing is left");
        assert!(end.lines().all(|line| line.chars().count() <= 80), "{end}");
        let named = end.split_whitespace().filter(|word| word.starts_with("labs/"));
        assert!(named.clone().count() > 3 && named.clone().all(|path| crate::repository::root().join(path).exists()));
        "quick".clone_into(&mut progress.path);
        assert_eq!(COURSE.end(&progress), None, "there is more than this path");
    }

    #[test]
    fn the_next_one_is_the_first_that_is_not_done() {
        let mut progress = Progress::default();
        assert_eq!(COURSE.next(&progress).map(|exercise| exercise.id), Some("rest/01"));
        progress.attempt(EXERCISES[0], None);
        assert_ne!(COURSE.next(&progress).map(|exercise| exercise.id), Some("rest/01"));
    }
}
