//! Why a command ends before its work is done, and its exit code.

use std::borrow::Cow;
use std::io::{self, Write};
use std::process::ExitCode;

use lab_orders::OrderError;
use serde::Serialize;

use crate::text::{columns, json_line, printable, reason, wrap_words};

/// What a program answers to whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Nothing is wrong; it ends early because nobody reads what it prints.
    Done = 0,
    /// The job failed: an order was refused, not found, not delivered.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// What it needs is not there: a server, a port, a file, a database.
    Missing = 3,
}

/// The end of a command, as one sentence for a person and one word for a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// `OrderError`'s code, `unavailable`, `unreachable`, or `usage`.
    pub code: Cow<'static, str>,
    /// What failed, on what, and what to do. Kept as it came: what prints it makes it safe.
    pub message: String,
    /// What the program answers.
    pub exit: Exit,
}

impl Failure {
    /// The server was there and said no; `code` is the one that it said, or that stands for it.
    pub fn refused(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(code, message, Exit::Failed)
    }

    /// The server was there and can't do it now, or didn't answer in time.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new("unavailable", message, Exit::Failed)
    }

    /// The server isn't there. Say how to start it.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new("unreachable", message, Exit::Missing)
    }

    /// Something else that the job needs isn't there: a file, a port, a database.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new("unavailable", message, Exit::Missing)
    }

    /// The command line is wrong in a way that clap can't see.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new("usage", message, Exit::Usage)
    }

    /// The system lets nobody wait for Ctrl-C and SIGTERM, so the program could not be stopped in order.
    pub fn no_signals(error: io::Error) -> Self {
        Self::missing(format!("can't wait for Ctrl-C and SIGTERM: {}", reason(&error)))
    }

    /// The system doesn't say where a socket listens.
    pub fn no_address(error: io::Error) -> Self {
        Self::missing(format!("can't tell which address the server got: {}", reason(&error)))
    }

    /// stdout can't be written. A reader that has gone, such as `head`, has seen
    /// what it wanted, and that is no error.
    pub fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new("output", "nobody reads the output", Exit::Done),
            _ => Self::new("output", format!("can't write the output: {}", reason(error)), Exit::Failed),
        }
    }

    fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>, exit: Exit) -> Self {
        Self { code: code.into(), message: message.into(), exit }
    }

    /// One line; on a terminal of this width as many as it takes, broken between words.
    fn line(&self, json: bool, width: Option<usize>) -> String {
        if json {
            return json_line(&ErrorLine { error: self.into() });
        }
        let line = format!("error: {}", printable(&self.message));
        let lines = width.map_or_else(|| vec![line.clone()], |width| wrap_words(&line, width));
        lines.join("\n") + "\n"
    }
}

impl From<OrderError> for Failure {
    fn from(error: OrderError) -> Self {
        Self::refused(error.code(), error.to_string())
    }
}

/// Says what went wrong, on stderr, and gives the program's exit code.
///
/// `error: …` for a person; `{"error":{"code","message"}}` on one line with `json`.
pub fn exit_code(result: Result<(), Failure>, json: bool) -> ExitCode {
    let Err(failure) = result else { return ExitCode::SUCCESS };
    if failure.exit != Exit::Done {
        // `eprintln!` panics when stderr is closed. Then nobody wants to know.
        let _ = io::stderr().write_all(failure.line(json, columns()).as_bytes());
    }
    ExitCode::from(failure.exit as u8)
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    error: ErrorJson<'a>,
}

/// An error's JSON form, also within a line about something else.
#[derive(Serialize)]
pub(crate) struct ErrorJson<'a> {
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
}

impl<'a> From<&'a Failure> for ErrorJson<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self { code: &failure.code, message: &failure.message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_the_contract() {
        let code = |failure: Failure| failure.exit as u8;
        assert_eq!(exit_code(Ok(()), false), ExitCode::SUCCESS);
        assert_eq!(code(Failure::output(&io::ErrorKind::BrokenPipe.into())), 0);
        assert_eq!(code(Failure::output(&io::ErrorKind::StorageFull.into())), 1);
        assert_eq!(code(Failure::refused("not_found", "")), 1);
        assert_eq!(code(Failure::unavailable("")), 1);
        assert_eq!(code(Failure::usage("")), 2);
        assert_eq!(code(Failure::missing("")), 3);
        assert_eq!(code(Failure::unreachable("")), 3);
    }

    #[test]
    fn a_closed_stdout_ends_the_command_as_done() {
        let closed = Failure::output(&io::ErrorKind::BrokenPipe.into());
        assert_eq!(exit_code(Err(closed), false), ExitCode::SUCCESS);
    }

    #[test]
    fn an_order_error_keeps_its_code() {
        let failure = Failure::from(OrderError::ConditionMissing);
        assert_eq!((&*failure.code, failure.exit), ("condition_missing", Exit::Failed));
    }

    #[test]
    fn an_error_is_one_line_for_a_person_and_one_object_for_a_program() {
        let failure = Failure::refused("not_found", "there is no \"order\" x\n\u{1b}[2Jnor \u{9b}31m y\u{202e}");
        assert_eq!(
            failure.line(false, None),
            "error: there is no \"order\" x\u{fffd}\u{fffd}[2Jnor \u{fffd}31m y\u{fffd}\n"
        );
        let expected =
            r#"{"error":{"code":"not_found","message":"there is no \"order\" x\n\u001b[2Jnor \u009b31m y\u202e"}}"#;
        assert_eq!(failure.line(true, None), format!("{expected}\n"));
    }
}
