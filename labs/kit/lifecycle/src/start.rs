//! What a program stands on: file descriptors, and a runtime.

use std::io;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::runtime::Builder;
use tracing::debug;

/// What every program here gets along with, a few connections included. With fewer it
/// would start, and fail later at something else each time: a server that listens and
/// answers nobody is worse than none.
const FEWEST: u64 = 64;
/// For what is under way when the program has ended, such as a child that is to go with it.
const LAST: Duration = Duration::from_millis(200);

/// Runs a program to its end on a runtime of several threads. The error is a sentence:
/// the program was not started, because the system doesn't give what it needs.
///
/// `#[tokio::main]` would panic then. And it would wait for blocking calls that nobody
/// waits for any more, such as one for the lock of a database, when Ctrl-C has ended
/// the program: here they end with the process.
///
/// # Errors
///
/// When fewer than 64 files may be open at once, or the runtime can't be made.
pub fn run<T>(program: impl Future<Output = T>) -> Result<T, String> {
    need_open_files(FEWEST)?;
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error: io::Error| format!("the system lets no program start: {error}"))?;
    let done = runtime.block_on(program);
    runtime.shutdown_timeout(LAST);
    Ok(done)
}

/// Makes sure that so many files may be open at once, connections included.
///
/// # Errors
///
/// A sentence, when the system allows fewer.
pub fn need_open_files(needed: u64) -> Result<(), String> {
    match open_files(needed) {
        Some(limit) if limit < needed => Err(format!(
            "only {limit} files may be open at once here, connections included, and this program needs {needed}: \
             raise the limit with `ulimit -n 1024`"
        )),
        _ => Ok(()),
    }
}

/// How many files may be open at once; `None` when the system doesn't say. Raises the
/// soft limit to the hard one if it is below `wanted`: it is low on many systems for
/// the sake of programs that use `select(2)`, which these are not.
pub(crate) fn open_files(wanted: u64) -> Option<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    if soft >= wanted {
        return Some(soft);
    }
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => Some(hard),
        Err(error) => {
            debug!(%error, soft, hard, "the limit on open files stays");
            Some(soft)
        }
    }
}
