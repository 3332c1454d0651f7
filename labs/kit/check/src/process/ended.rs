//! How a program ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Instant;

use nix::sys::signal::Signal;

/// A program that was stopped.
#[derive(Debug)]
pub(crate) struct Ended {
    /// It was gone before it was asked to.
    pub(crate) by_itself: bool,
    /// It took no notice of SIGTERM.
    pub(crate) stayed: bool,
    /// It had children outside of its group.
    pub(crate) left: bool,
    pub(crate) status: Option<ExitStatus>,
}

/// A program that ran to its end.
#[derive(Debug)]
pub(crate) struct Ran {
    /// `None`: it didn't end in time, and was killed.
    pub(crate) status: Option<ExitStatus>,
    /// 1 MiB at most.
    pub(crate) stdout: String,
    /// It printed more than that.
    pub(crate) too_much: bool,
    /// The last 16 KiB.
    pub(crate) stderr: String,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
}

/// `exit code 1`, `SIGSEGV`
pub(crate) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal().map(Signal::try_from)) {
        (Some(127), _) => "exit code 127: the shell didn't find the program".to_owned(),
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(Ok(signal))) => signal.to_string(),
        (None, _) => "a signal".to_owned(),
    }
}
