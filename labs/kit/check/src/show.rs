//! `cargo lab show`: the task, from the lab's README.

use lab_console::{Failure, Output, print};
use serde::Serialize;

use crate::config::ShowArgs;
use crate::course::COURSE;
use crate::exercise::Exercise;
use crate::markdown;
use crate::progress::ProgressFile;
use crate::{repository, start};

/// `--json`. The names stay.
#[derive(Serialize)]
struct Shown {
    exercise: &'static str,
    title: String,
    file: String,
    section: &'static str,
    done_when: Vec<String>,
}

/// Prints the section of one exercise.
///
/// # Errors
///
/// When there is no such exercise.
pub async fn show(args: ShowArgs) -> Result<(), Failure> {
    let file = ProgressFile::ours();
    let exercise = COURSE.chosen(args.exercise.as_deref(), &file.read())?;
    file.change(|progress| progress.touch(exercise).begun_at);
    if args.output.json {
        let shown = Shown {
            exercise: exercise.id,
            title: exercise.title(),
            file: repository::starter(exercise).display().to_string(),
            section: exercise.section(),
            done_when: exercise.sentences(),
        };
        return Output::new(true).record(&shown, "");
    }
    print(&task(exercise))
}

/// The section, and where the work begins.
pub(crate) fn task(exercise: &Exercise) -> String {
    let section = markdown::plain(exercise.section(), &format!("labs/{}", exercise.lab()));
    let python = start::is_there(exercise).then(|| format!("In Python: cargo lab start {} --python\n", exercise.id));
    format!("{section}\nYour file: {}\n{}", repository::starter(exercise).display(), python.unwrap_or_default())
}
