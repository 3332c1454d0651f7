//! A program and what it is told.

use std::ffi::OsString;
use std::path::Path;

use super::line::without_comment;

/// A command line that can be started.
pub(crate) struct Command {
    pub(super) words: Vec<OsString>,
    pub(super) env: Vec<(String, String)>,
    pub(super) stdin: Option<String>,
}

impl Command {
    pub(crate) fn new(program: &Path) -> Self {
        Self { words: vec![program.into()], env: Vec::new(), stdin: None }
    }

    /// A line as one types it.
    pub(crate) fn shell(line: &str) -> Self {
        // What is added by `args` stands behind the line; a line break would end it before. SIGTERM
        // goes to the shell too, which would end at once and tell nothing of the program's end.
        let line = without_comment(line.trim());
        let words = ["sh".into(), "-c".into(), format!("trap : TERM\n{line} \"$@\"").into(), "sh".into()];
        Self { words: words.to_vec(), env: Vec::new(), stdin: None }
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.words.extend(args.iter().map(Into::into));
        self
    }

    /// What it can read, as from a file: so nobody waits for a program that doesn't.
    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.stdin = Some(text.to_owned());
        self
    }
}
