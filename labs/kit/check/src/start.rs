//! `cargo lab start rest/04 --python`: a first file in another language.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lab_console::{Failure, Output, reason};
use serde::Serialize;

use crate::config::StartArgs;
use crate::course::COURSE;
use crate::exercise::Exercise;
use crate::progress::ProgressFile;
use crate::repository;

/// How a starter says what it needs.
const NEEDS: &str = "# pip install ";

/// `--json`. The names stay.
#[derive(Serialize)]
struct Started {
    exercise: &'static str,
    file: String,
    install: Option<String>,
    check: String,
    watch: String,
}

/// Writes a starter into a folder of the learner's own, and over nothing.
///
/// # Errors
///
/// When there is none for this exercise, or the file is there already.
pub async fn start(args: StartArgs) -> Result<(), Failure> {
    let file = ProgressFile::ours();
    let exercise = COURSE.chosen(args.exercise.as_deref(), &file.read())?;
    let path = repository::starter(exercise);
    if !exercise.role.runs() {
        let what = format!("{} asks for a file that is the same for every language: {}", exercise.id, path.display());
        return Err(Failure::usage(what));
    }
    if !args.python {
        return Err(Failure::usage(format!(
            "{} is there in Rust: {}. For another language: --python",
            exercise.id,
            path.display()
        )));
    }
    let text = template(exercise)?;
    let path = args.to.join(format!("{}.py", exercise.example()));
    let started = started(exercise, &path, &text);
    write_new(&path, &text).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::refused(
            "is_there",
            format!("{} is there already, and stays as it is. Check it: {}", path.display(), started.check),
        ),
        _ => Failure::missing(format!("can't make {} ({})", path.display(), reason(&error))),
    })?;
    file.change(|progress| progress.touch(exercise).begun_at);
    if args.output.json {
        return Output::new(true).record(&started, "");
    }
    let Started { file, install, check, watch, .. } = started;
    let install = install.map(|install| format!("It needs:            {install}\n")).unwrap_or_default();
    lab_console::print(&format!(
        "{file} is yours. The task: `cargo lab show {}`\n{install}Check it:            {check}\nOr at each save:     {watch}\n",
        exercise.id
    ))
}

/// What comes next for whoever has just passed with one.
pub(crate) fn with_a_program_of_ones_own(next: &Exercise) -> String {
    let (id, title) = (next.id, next.title());
    if is_there(next) {
        format!("Next: {id} {title}. In Python: `cargo lab start {id} --python`; `cargo lab show {id}` has its task")
    } else {
        format!("Next: {id} {title}; `cargo lab show {id}` has its task")
    }
}

/// Whether there is a starter in Python.
pub(crate) fn is_there(exercise: &Exercise) -> bool {
    template(exercise).is_ok()
}

/// The one with the exercise's number, whatever the rest of its name.
fn template(exercise: &Exercise) -> Result<String, Failure> {
    let number = exercise.id.split_once('/').map_or("", |(_, number)| number);
    let folder = repository::root().join("labs").join(exercise.lab()).join("exercises/python");
    let files = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&format!("{number}_")) && name.ends_with(".py")
    };
    let none = || format!("there is no starter in Python for {}: its task tells what a program must know", exercise.id);
    let path = files.into_iter().find(is_it).ok_or_else(|| Failure::missing(none()))?;
    fs::read_to_string(&path).map_err(|error| Failure::missing(format!("{}: {}", path.display(), reason(&error))))
}

fn started(exercise: &'static Exercise, path: &Path, text: &str) -> Started {
    let program = format!("python3 {}", path.display());
    let install = text.lines().find_map(|line| line.strip_prefix(NEEDS));
    Started {
        exercise: exercise.id,
        file: path.display().to_string(),
        install: install.map(|what| format!("pip install {what}")),
        check: format!("cargo lab check {} --program \"{program}\"", exercise.id),
        watch: format!("cargo lab watch {} --program \"{program}\"", exercise.id),
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create_new(path)?.write_all(text.as_bytes())
}
