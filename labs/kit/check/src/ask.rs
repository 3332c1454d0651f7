//! What somebody types, a line at a time.

use std::io::{self, BufRead, IsTerminal};
use std::thread;

use lab_console::Failure;
use tokio::sync::mpsc;

/// The lines of stdin.
pub(crate) struct Answers {
    lines: mpsc::Receiver<String>,
    ended: bool,
    left: bool,
}

impl Answers {
    /// Reads from now on, on a thread that nobody waits for: a runtime can't give up a read, and
    /// Ctrl-C should end what waits for an answer.
    pub(crate) fn new() -> Result<Self, Failure> {
        let (line, lines) = mpsc::channel(1);
        let read = move || {
            let mut text = Vec::new();
            while io::stdin().lock().read_until(b'\n', &mut text).is_ok_and(|bytes| bytes > 0) {
                let said = String::from_utf8_lossy(&std::mem::take(&mut text)).trim().to_owned();
                if line.blocking_send(said).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("answers".into()).spawn(read);
        thread.map_err(|error| Failure::missing(format!("can't start a thread: {}", lab_console::reason(&error))))?;
        Ok(Self { lines, ended: false, left: false })
    }

    /// Nobody is asked.
    pub(crate) fn none() -> Self {
        Self { lines: mpsc::channel(1).1, ended: true, left: false }
    }

    /// The next line, without its break; `None` when nobody is there any more, or wants to answer.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let line = if self.left { None } else { self.lines.recv().await };
        self.ended |= line.is_none();
        line
    }

    /// Forgets what was typed before a question stood there. What comes from a file was meant.
    pub(crate) fn forget_typed_ahead(&mut self) {
        if io::stdin().is_terminal() {
            while self.lines.try_recv().is_ok() {}
        }
    }

    /// Whoever is there wants to answer nothing more.
    pub(crate) fn leave(&mut self) {
        self.left = true;
    }

    pub(crate) fn left(&self) -> bool {
        self.left
    }

    /// Nobody is there any more.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }
}
