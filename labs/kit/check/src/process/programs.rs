//! How programs are started: in a process group of their own, watched, and with what they read.

use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use lab_broker::watchdog::Watchdog;
use lab_console::Failure;
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::family::Family;
use super::{Command, Output, Process};
use crate::verdict::Failed;

/// Starts them, and sees to it that none outlives the checker.
pub(crate) struct Programs {
    watchdog: Arc<Mutex<Watchdog>>,
    family: Family,
    /// For what they read from stdin.
    folder: TempDir,
}

impl Programs {
    pub(crate) fn new() -> Result<Self, Failure> {
        let family = Family::new();
        let missing = |what: &str, error: std::io::Error| {
            Failure::missing(format!("can't {what}: {}", lab_console::reason(&error)))
        };
        let folder = tempfile::tempdir().map_err(|error| missing("make a temporary folder", error))?;
        let watchdog = Watchdog::of_family(family.mark(), Some(folder.path()));
        let watchdog = watchdog.map_err(|error| missing("start sh", error))?;
        Ok(Self { watchdog: Arc::new(Mutex::new(watchdog)), family, folder })
    }

    pub(crate) fn start(&self, command: Command) -> Result<Process, Failed> {
        let cannot = |error: std::io::Error| {
            Failed::new("(started the program)", "a process", format!("({})", lab_console::reason(&error))).advise(
                "Without a process there is nothing to be graded.",
                "Put what you have typed into a script, and name that; and look whether the system has room for \
                 another process.",
            )
        };
        let mut plain = std::process::Command::new(&command.words[0]);
        plain.args(&command.words[1..]);
        let (began, family) = (Instant::now(), self.family.branch());
        let (mark, value) = family.variable();
        plain.envs(command.env).env(mark, value);
        // Whoever forgets to flush, or relies on a hash that differs with each start, has to be seen
        // on each machine.
        plain.env_remove("PYTHONUNBUFFERED").env_remove("PYTHONHASHSEED");
        // All that is called here is on this machine. A proxy knows nothing of it.
        plain.env("NO_PROXY", "127.0.0.1,localhost").env("no_proxy", "127.0.0.1,localhost");
        let stdin = self.stdin(command.stdin.as_deref()).map_err(cannot)?;
        let watchdog = self.watchdog.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = watchdog.watched_with(&plain, &stdin).map_err(cannot)?;
        drop(watchdog);
        let mut watched = tokio::process::Command::from(watched);
        watched.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = blocking(|| watched.spawn()).map_err(cannot)?;
        let pid = child.id().expect("it was not waited for");
        let stdout = child.stdout.take().expect("piped");
        Ok(Process {
            pipe: stdout.as_fd().try_clone_to_owned().map_err(cannot)?,
            stdout: Output::first(stdout),
            stderr: Output::last(child.stderr.take().expect("piped")),
            group: Pid::from_raw(pid as i32),
            child,
            watchdog: Arc::clone(&self.watchdog),
            family,
            began,
            over: false,
        })
    }

    /// A file with that text.
    fn stdin(&self, text: Option<&str>) -> std::io::Result<PathBuf> {
        let Some(text) = text else { return Ok("/dev/null".into()) };
        let path = self.folder.path().join(uuid::Uuid::new_v4().to_string());
        std::fs::write(&path, text)?;
        Ok(path)
    }
}

/// Does what may take long on a busy machine, as a start does, which ends when the new process has
/// had a processor, and a look at all processes. No answer of the checker's has to wait for that.
pub(super) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
