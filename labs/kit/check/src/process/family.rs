//! All processes that come from one that was started here.
//!
//! A process can leave its group (`setsid`), and then a signal to the group misses it.
//! It can't leave its environment: a variable with a random value marks them all. Linux
//! shows it in `/proc`; elsewhere the group must do.

use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const VARIABLE: &str = "LAB_CHECK_FAMILY";

/// The mark.
#[derive(Clone)]
pub(crate) struct Family(String);

impl Family {
    pub(crate) fn new() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// A mark for one process and its children, which are of this family as well: several can
    /// run at once, and the end of one isn't the end of the others.
    pub(crate) fn branch(&self) -> Self {
        Self(format!("{}.{}", self.0, uuid::Uuid::new_v4().simple()))
    }

    /// What is found in the environment of each.
    pub(crate) fn mark(&self) -> &str {
        &self.0
    }

    /// The variable that marks what is started.
    pub(crate) fn variable(&self) -> (&'static str, &str) {
        (VARIABLE, &self.0)
    }

    /// The processes that bear the mark.
    pub(crate) fn members(&self) -> Vec<Pid> {
        let Ok(processes) = Path::new("/proc").read_dir() else { return Vec::new() };
        let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let bears = |pid: &i32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.windows(self.0.len()).any(|window| window == self.0.as_bytes())
        };
        pids.filter(bears).map(Pid::from_raw).collect()
    }

    /// Kills them, also those that they start meanwhile. Returns whether there were any.
    pub(crate) fn kill(&self) -> bool {
        let mut any = false;
        // A few rounds end all but a fork bomb, which needs a system that bounds processes.
        for _ in 0..10 {
            let members = self.members();
            if members.is_empty() {
                break;
            }
            any = true;
            for pid in members {
                let _ = kill(pid, Signal::SIGKILL);
            }
        }
        any
    }
}
