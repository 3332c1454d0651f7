//! `cargo lab watch`: leads along the path, and checks at each save.
//!
//! It stops after each pass: the learner's solution beside ours, the explanation, a
//! question, and only after Enter the next exercise. Whatever is under way when a file is
//! saved again, or Ctrl-C is pressed, is given up, with every process that belongs to it.

mod passed;
mod stamp;

pub(crate) use self::passed::difference;

use std::fs::File;

use jiff::Timestamp;
use lab_console::{Exit, Failure, print, printable, reason};
use tokio::select;

use self::stamp::{Files, Stamp};
use crate::ask::Answers;
use crate::bench::Subject;
use crate::config::WatchArgs;
use crate::course::COURSE;
use crate::exercise::Exercise;
use crate::progress::ProgressFile;
use crate::start::with_a_program_of_ones_own;
use crate::trial::tried;
use crate::{hint, show};

/// Of a line between two checks.
const WIDTH: usize = 80;
/// What can be typed while it waits.
const KEYS: &str = "Save your file, and it is checked. Or type, and press Enter:\n\
                    h for a hint, s for the task, c to check again, q to quit.\n";

/// How the work on an exercise ended.
enum End {
    Passed,
    Quit,
}

struct Watch {
    file: ProgressFile,
    answers: Answers,
    program: Option<String>,
    json: bool,
}

/// Runs until the path is done, `q`, or Ctrl-C.
///
/// # Errors
///
/// Exit code 1 when another one runs already.
pub async fn watch(args: WatchArgs) -> Result<(), Failure> {
    let file = ProgressFile::ours();
    let first = match COURSE.next(&file.read()) {
        None if args.exercise.is_none() => {
            return print("All exercises of your path are done. `cargo lab` says what comes after them.\n");
        }
        _ => COURSE.chosen(args.exercise.as_deref(), &file.read())?,
    };
    let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
    let _lock = lock(&file)?;
    let answers = if args.output.json { Answers::none() } else { Answers::new()? };
    let mut watch = Watch { file, answers, program: args.program, json: args.output.json };
    // What is under way is dropped with everything that it has started.
    select! {
        biased;
        () = stop.cancelled() => Ok(()),
        done = watch.along(first) => done,
    }
}

/// One at a time: two would show the same things twice, and fight for stdin and for cargo.
fn lock(file: &ProgressFile) -> Result<File, Failure> {
    let path = file.beside("watch.lock");
    let broken = |error| Failure::missing(format!("can't make {} ({})", path.display(), reason(&error)));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(broken)?;
    }
    let lock = File::options().create(true).append(true).open(&path).map_err(broken)?;
    match lock.try_lock() {
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(Failure::refused("watched", "another `cargo lab watch` runs already: go on there, or end it with q"))
        }
        // Where the file system has no locks, nobody is kept from working.
        _ => Ok(lock),
    }
}

impl Watch {
    /// From exercise to exercise.
    async fn along(&mut self, first: &'static Exercise) -> Result<(), Failure> {
        let mut next = Some(first);
        while let Some(exercise) = next {
            if let End::Quit = self.work(exercise).await? {
                return Ok(());
            }
            next = COURSE.next(&self.file.read()).filter(|_| self.program.is_none());
            if self.json {
                continue;
            }
            self.passed(exercise).await?;
            if let Some(next) = next
                && !self.goes_on(next).await?
            {
                return Ok(());
            }
        }
        let says = match self.program {
            Some(_) => match COURSE.next(&self.file.read()) {
                Some(next) => with_a_program_of_ones_own(next) + "\n",
                None => "All exercises of your path are done. `cargo lab` says what comes after them.\n".to_owned(),
            },
            None => COURSE
                .end(&self.file.read())
                .unwrap_or("Your path is done. `cargo lab quiz` asks questions, `cargo lab path all` has more.\n")
                .to_owned(),
        };
        self.say(&says)
    }

    /// Checks at each save, up to a pass.
    async fn work(&mut self, exercise: &'static Exercise) -> Result<End, Failure> {
        let files = Files::of(exercise, self.program.as_deref())?;
        self.begin(exercise, &files)?;
        loop {
            let before = files.stamp();
            let subject = self.program.clone().map(Subject::Typed);
            let tried = select! {
                tried = tried(exercise, subject) => tried,
                () = files.saved_since(&before) => continue,
            };
            match tried {
                Ok(tried) => {
                    tried.note(exercise, &self.file);
                    self.rule(&format!("{} at {}", exercise.id, Timestamp::now().strftime("%H:%M:%S UTC")))?;
                    tried.show(exercise, self.json)?;
                    if tried.passed() {
                        return Ok(End::Passed);
                    }
                }
                // A manifest half written, a file just moved: the next save may mend it.
                Err(failure) if failure.exit == Exit::Missing => {
                    self.say(&format!("{}\n", printable(&failure.message)))?
                }
                Err(failure) => return Err(failure),
            }
            self.say("Save your file again, or h for a hint, s for the task, c to check, q to quit.\n")?;
            if let Some(end) = self.wait(exercise, &files, &before).await? {
                return Ok(end);
            }
        }
    }

    /// For a save, or a word. `None`: it is time to check again.
    async fn wait(
        &mut self,
        exercise: &'static Exercise,
        files: &Files,
        before: &Stamp,
    ) -> Result<Option<End>, Failure> {
        loop {
            select! {
                () = files.saved_since(before) => return Ok(None),
                line = self.answers.line(), if !self.answers.ended() => match line.as_deref() {
                    Some("q" | "quit" | "exit") => return Ok(Some(End::Quit)),
                    Some("c" | "") => return Ok(None),
                    Some("h" | "hint") => self.say(&hint::next_text(exercise, &self.file))?,
                    Some("s" | "show") => self.say(&show::task(exercise))?,
                    Some(_) => self.say(KEYS)?,
                    None => {}
                },
            }
        }
    }

    fn begin(&self, exercise: &'static Exercise, files: &Files) -> Result<(), Failure> {
        let is_new = self.file.change(|progress| {
            let is_new = progress.work(exercise).begun_at.is_none();
            progress.touch(exercise);
            is_new
        });
        if is_new {
            self.rule("the task")?;
            self.say(&show::task(exercise))?;
        }
        self.say(&format!("\nWatching {} for {}.\n{KEYS}", printable(&files.names()), exercise.id))
    }

    /// A line across the screen: what stands below is new.
    fn rule(&self, title: &str) -> Result<(), Failure> {
        let rest = "━".repeat(WIDTH.saturating_sub(title.len() + 4));
        self.say(&format!("\n━━ {title} {rest}\n\n"))
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { print(text) }
    }
}
