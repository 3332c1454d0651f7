//! The findings on the screen: a line each, 80 columns, colours for a person alone.

use std::io::{self, IsTerminal};

use lab_console::{Failure, Output, print, printable, wrap_words};

use super::finding::{Finding, State};

const WIDTH: usize = 80;
/// Where the words begin, after state and name.
const INDENT: usize = 17;

/// Prints findings as they come.
pub(super) struct Screen {
    json: bool,
    colours: bool,
}

impl Screen {
    pub(super) fn new(json: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, colours: io::stdout().is_terminal() && !no_color }
    }

    pub(super) fn finding(&self, finding: &Finding) -> Result<(), Failure> {
        if self.json {
            return Output::new(true).record(finding, "");
        }
        let state = self.coloured(finding.state, &format!("{:5}", finding.state.name()));
        let mut text = format!("{state}{:12}", finding.check);
        for (number, line) in wrap_words(&printable(&finding.found), WIDTH - INDENT).iter().enumerate() {
            let indent = if number == 0 { 0 } else { INDENT };
            text += &format!("{:indent$}{line}\n", "");
        }
        if let Some(mend) = &finding.mend {
            // On one line, however long, so that it can be copied.
            text += &format!("{:INDENT$}-> {}\n", "", printable(mend));
        }
        print(&text)
    }

    /// The last line, when nothing has failed.
    pub(super) fn good(&self, warnings: usize) -> Result<(), Failure> {
        match (self.json, warnings) {
            (true, _) => Ok(()),
            (_, 0) => print("\nAll is there.\n"),
            _ => print("\nNothing has failed. What is marked `warn` the lab can do without.\n"),
        }
    }

    fn coloured(&self, state: State, text: &str) -> String {
        let colour = match state {
            State::Ok => 32,
            State::Warn => 33,
            State::Fail => 31,
        };
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
