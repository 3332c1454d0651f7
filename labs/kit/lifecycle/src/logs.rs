//! Logs: one line an event, on stderr, because stdout is for data.

use std::env;
use std::io::{self, IsTerminal};

use tracing::warn;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{EnvFilter, LevelFilter, ParseError};

const QUEUED_LINES: usize = 10_000;

/// Starts logging to stderr, filtered by `RUST_LOG`; without it by `default`: a
/// server tells what it does (`info`), a client speaks by its output (`warn`).
///
/// Colour only when stderr is a terminal and `NO_COLOR` is unset or empty
/// (<https://no-color.org>). A `RUST_LOG` that can't be read is reported in the
/// log, and the default holds. A second call changes nothing.
///
/// A thread of its own writes, from a queue of 10,000 lines; what doesn't fit is
/// dropped. Otherwise a stderr that nobody reads would stop a server at its next
/// line. Keep the guard until the end of `main`: it writes what is queued.
#[must_use = "the queue is written when the guard is dropped"]
pub fn start_logs(default: LevelFilter) -> WorkerGuard {
    let wanted = env::var_os("RUST_LOG").unwrap_or_default();
    let wanted = wanted.to_string_lossy();
    let (filter, fault) = match filter(&wanted, default) {
        Ok(filter) => (filter, None),
        Err(fault) => (EnvFilter::new(default.to_string()), Some(fault)),
    };
    let colour = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());

    let (queue, guard) = NonBlockingBuilder::default().buffered_lines_limit(QUEUED_LINES).finish(io::stderr());
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(queue)
        .with_ansi(colour)
        // It would report a failed write with `eprintln!`, which panics when
        // stderr is the closed pipe that the write failed on.
        .log_internal_errors(false)
        .try_init();
    if let (Ok(()), Some(fault)) = (started, fault) {
        warn!(RUST_LOG = ?wanted, %fault, "RUST_LOG is not a filter; logging at {default}");
    }
    guard
}

/// An empty text means the default, as unset does.
pub(crate) fn filter(text: &str, default: LevelFilter) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().with_default_directive(default.into()).parse(text)
}
