//! `cargo lab reset`: begin again, and lose nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lab_console::{Failure, Output, reason};
use serde::Serialize;

use crate::config::ResetArgs;
use crate::course::COURSE;
use crate::progress::{ProgressFile, replace};
use crate::repository;
use crate::starter::{HERE, starter};

/// `--json`. The names stay.
#[derive(Serialize)]
struct Reset {
    exercise: &'static str,
    file: String,
    /// Where the old file is now; `null` when it was the starter, or not there.
    kept: Option<String>,
}

/// Puts the starter back. What was there stays beside it, under a name of its own.
///
/// # Errors
///
/// When git doesn't have it, or a file can't be written: then nothing was changed.
pub async fn reset(args: ResetArgs) -> Result<(), Failure> {
    let exercise = COURSE.chosen(args.exercise.as_deref(), &ProgressFile::ours().read())?;
    let file = repository::starter(exercise);
    let path = repository::root().join(&file);
    let new = starter(exercise, HERE)?;
    let broken = |error: io::Error| Failure::missing(format!("{} stays as it is: {}", file.display(), reason(&error)));
    let old = match fs::read(&path) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(broken(error)),
    };
    let is_new = old.as_ref().is_none_or(|old| old != new.as_bytes());
    let kept = match old.filter(|_| is_new) {
        Some(old) => Some(keep(&path, &old).map_err(broken)?),
        None => None,
    };
    if is_new {
        replace(&path, new.as_bytes()).map_err(broken)?;
    }
    let kept = kept.and_then(|kept| Some(file.with_file_name(kept.file_name()?).display().to_string()));
    let file = file.display().to_string();
    let line = match (&kept, is_new) {
        (Some(kept), _) => format!("{file} is the starter again.\nWhat you had is in {kept}"),
        (None, true) => format!("{file} is there again, as the starter."),
        (None, false) => format!("{file} is the starter already, and stays as it is."),
    };
    Output::new(args.output.json).record(&Reset { exercise: exercise.id, file, kept }, &line)
}

/// Writes it beside the file, where nothing is yet: `…rs.mine-1`, and so on.
fn keep(path: &Path, old: &[u8]) -> io::Result<PathBuf> {
    for number in 1..=u32::MAX {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".mine-{number}"));
        match File::create_new(&name) {
            Ok(mut file) => {
                file.write_all(old)?;
                file.sync_all()?;
                return Ok(name.into());
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
