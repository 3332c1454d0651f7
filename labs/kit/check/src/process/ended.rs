//! How a program ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Instant;

use nix::sys::signal::Signal;

use crate::verdict::Advice;

/// A program that ran to its end.
#[derive(Debug)]
pub(crate) struct Ran {
    /// `None`: it didn't end in time, and was killed.
    pub(crate) status: Option<ExitStatus>,
    /// 3 MiB at most.
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
        (Some(code), _) => match Signal::try_from(code - 128) {
            // As a shell tells of what it has run.
            Ok(signal) => format!("exit code {code}: {signal}"),
            Err(_) => format!("exit code {code}"),
        },
        (None, Some(Ok(signal))) => signal.to_string(),
        (None, _) => "a signal".to_owned(),
    }
}

/// Of a server that has ended before it took a connection.
pub(super) fn advice(status: ExitStatus) -> Advice {
    let why = "A server that has ended answers nobody.";
    let r#try = match status.code() {
        Some(0) => {
            "Keep it running until SIGTERM comes: wait for its threads or tasks. A command that ends with `&` \
             leaves its program behind: leave the `&` out."
        }
        Some(126) => {
            "The file is there and can't be run: name the interpreter, as in `python3 app.py`, or `chmod +x` it."
        }
        Some(127) => {
            "Type the same command in this folder. If the file is there, its first line (`#!…`) may name a program \
             that isn't, or end with a line break of Windows."
        }
        _ => "Read what it said; start it by hand with the same variable set, and it will say the same.",
    };
    Advice { why, r#try }
}

pub(super) const WHILE_ANSWERING: Advice = Advice {
    why: "One request has ended it for everybody.",
    r#try: "Read what it said. No request may end a server: what is wrong with one is the answer to that one, and \
            nothing in a handler exits or aborts.",
};
