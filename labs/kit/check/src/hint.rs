//! `cargo lab hint`: one more each time, from a nudge to nearly the code.

use lab_console::{Failure, Output, print};
use serde::Serialize;

use crate::config::HintArgs;
use crate::course::COURSE;
use crate::exercise::Exercise;
use crate::progress::ProgressFile;
use crate::report::paragraph;

/// `--json`. The names stay.
#[derive(Serialize)]
struct Hint {
    exercise: &'static str,
    /// From 1; `null` when there are no more.
    hint: Option<usize>,
    of: usize,
    text: String,
}

/// Prints the next hint.
///
/// # Errors
///
/// When there is no such exercise.
pub async fn hint(args: HintArgs) -> Result<(), Failure> {
    let file = ProgressFile::ours();
    let exercise = COURSE.chosen(args.exercise.as_deref(), &file.read())?;
    let hint = next(exercise, &file);
    if args.output.json {
        return Output::new(true).record(&hint, "");
    }
    print(&text(&hint))
}

/// The next hint, as it is shown; it is noted that it was.
pub(crate) fn next_text(exercise: &'static Exercise, file: &ProgressFile) -> String {
    text(&next(exercise, file))
}

fn next(exercise: &'static Exercise, file: &ProgressFile) -> Hint {
    let hints = exercise.data().hints;
    let shown = file.change(|progress| {
        let work = progress.touch(exercise);
        let shown = work.hints;
        work.hints = shown.saturating_add(1).min(hints.len());
        shown
    });
    let (of, exercise) = (hints.len(), exercise.id);
    match hints.get(shown) {
        Some(text) => Hint { exercise, hint: Some(shown + 1), of, text: text.clone() },
        None => {
            let text =
                format!("Those were all the hints. The solution comes next: `cargo lab solution {exercise} --yes`");
            Hint { exercise, hint: None, of, text }
        }
    }
}

fn text(hint: &Hint) -> String {
    let mut screen = String::new();
    match hint.hint {
        Some(number) => paragraph(&mut screen, &format!("{number} of {}  ", hint.of), &hint.text),
        None => paragraph(&mut screen, "", &hint.text),
    }
    screen
}
