//! All processes that come from one that was started here.
//!
//! A process can leave its group (`setsid`), and then a signal to the group misses it.
//! Nearly none leaves its environment: a variable with a random value marks them all. One
//! that has thrown it away is found as well, as long as the checker lives: it becomes the
//! checker's own child when its parent ends. Linux has both; elsewhere the group must do.

use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

const VARIABLE: &str = "LAB_CHECK_FAMILY";

/// The mark.
#[derive(Clone)]
pub(crate) struct Family(String);

impl Family {
    pub(crate) fn new() -> Self {
        // Where it isn't allowed, those that have thrown away their environment are not found.
        #[cfg(target_os = "linux")]
        let _ = nix::sys::prctl::set_child_subreaper(true);
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
        pids.filter(|pid| bears(pid) || is_orphan(*pid)).map(Pid::from_raw).collect()
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
                if is_orphan(pid.as_raw()) {
                    // Nobody else waits for it.
                    let _ = waitpid(pid, None);
                }
            }
        }
        any
    }
}

/// Whether its parent has left it to the checker. It is in another session: that is what
/// tells it apart from those that the checker has started itself.
fn is_orphan(pid: i32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // `12 (its name) S`, parent, group, session, …
    let Some((_, rest)) = stat.rsplit_once(')') else { return false };
    let mut numbers = rest.split_whitespace().skip(1).map(str::parse::<i32>);
    let (parent, session) = (numbers.next(), numbers.nth(1));
    let ours = nix::unistd::getsid(None).map_or(0, Pid::as_raw);
    parent == Some(Ok(std::process::id() as i32)) && session.is_some_and(|session| session != Ok(ours))
}
