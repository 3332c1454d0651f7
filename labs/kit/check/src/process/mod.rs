//! Programs of whom nothing is known: each in a process group of its own, with bounded
//! output, and ended with all that it has started, whatever it thinks of that.

mod address;
mod command;
mod ended;
mod family;
mod line;
mod output;
mod programs;

pub(crate) use address::{Claim, free_address};
pub(crate) use command::Command;
pub(crate) use ended::{Ran, describe};
pub(crate) use output::{Output, Unread, last_lines};
pub(crate) use programs::Programs;

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lab_broker::watchdog::Watchdog;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::time::{sleep, timeout};

use self::family::Family;
use self::programs::blocking;
use crate::verdict::{Advice, Failed};

/// Until a server must take connections. Some frameworks take seconds.
const TO_START: Duration = Duration::from_secs(15);
/// Until it is told that it listens elsewhere: it may open another port before the one it is to.
const TO_OPEN_ANOTHER: Duration = Duration::from_secs(5);
/// Between SIGTERM and SIGKILL.
const TO_STOP: Duration = Duration::from_secs(2);
/// Of a pipe: no system's is smaller.
const A_LOT: u64 = 8 * 1024;
/// So long nothing more comes into a pipe that is full.
const STANDS: Duration = Duration::from_millis(200);
/// How often it is looked whether a server listens. There is nothing to be told by.
const LOOK: Duration = Duration::from_millis(10);

/// A program under way.
pub(crate) struct Process {
    child: Child,
    group: Pid,
    /// Another end of what `stdout` reads.
    pipe: OwnedFd,
    stdout: Output,
    stderr: Output,
    watchdog: Arc<Mutex<Watchdog>>,
    family: Family,
    began: Instant,
    over: bool,
}

impl Process {
    /// Returns when it takes connections at the address that `variable` told it.
    pub(crate) async fn wait_until_it_listens(&mut self, address: SocketAddr, variable: &str) -> Result<(), Failed> {
        let (begin, mut looks_elsewhere) = (Instant::now(), TO_OPEN_ANOTHER);
        let did = format!("(started the program with {variable}={address})");
        loop {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                let came = format!("(it ended at once, with {})", ended::describe(status));
                return Err(self.no_server(did, came, ended::advice(status)).await);
            }
            if begin.elapsed() > looks_elsewhere {
                looks_elsewhere += TO_OPEN_ANOTHER / 5;
                let elsewhere = address::elsewhere(address, &self.family).await;
                // Once more: it may have begun to listen here while it was looked there.
                if let Some(does) = elsewhere
                    && TcpStream::connect(address).await.is_err()
                {
                    return Err(self.no_server(did, format!("({does})"), address::ELSEWHERE).await);
                }
            }
            if begin.elapsed() > TO_START {
                let came = format!("(it runs, and listens nowhere after {} s)", TO_START.as_secs());
                return Err(self.no_server(did, came, address::NOWHERE).await);
            }
            sleep(LOOK).await;
        }
    }

    async fn no_server(&self, did: String, came: String, advice: Advice) -> Failed {
        let failed = Failed::new(did, "a server that takes connections there", came);
        Failed { program: self.said().await, advice: Some(advice), ..failed }
    }

    /// A failure that may be due to the program's end, which is then said.
    pub(crate) async fn explain(&mut self, failed: Failed) -> Failed {
        // One that panics or exits closes its connections a moment before it is gone.
        match timeout(Duration::from_millis(100), self.child.wait()).await {
            Ok(Ok(status)) => {
                let came = format!("{}\n(the program ended, with {})", failed.came_back, ended::describe(status));
                let advice = Some(ended::WHILE_ANSWERING);
                Failed { came_back: came.trim_start().to_owned(), program: self.said().await, advice, ..failed }
            }
            _ => failed,
        }
    }

    /// Its last lines on stderr, after a moment for them to arrive.
    async fn said(&self) -> String {
        self.stderr.settled().await;
        self.last_words()
    }

    /// Its last lines on stderr so far.
    pub(crate) fn last_words(&self) -> String {
        last_lines(&self.stderr.text())
    }

    /// What it prints.
    pub(crate) fn stdout(&self) -> Output {
        self.stdout.clone()
    }

    /// Returns when much stands in its pipe that nobody reads, and no more comes: it waits in the
    /// middle of a line. The caller sets the time.
    pub(crate) async fn waits_to_print(&self) {
        let (mut unread, mut since) = (0, Instant::now());
        loop {
            let now = rustix::io::ioctl_fionread(&self.pipe).unwrap_or_default();
            if now != unread {
                (unread, since) = (now, Instant::now());
            } else if now > A_LOT && since.elapsed() > STANDS {
                return;
            }
            sleep(LOOK).await;
        }
    }

    /// What it says besides.
    pub(crate) fn stderr(&self) -> Output {
        self.stderr.clone()
    }

    /// SIGTERM to all of it.
    pub(crate) fn terminate(&self) {
        if !self.over {
            let _ = killpg(self.group, Signal::SIGTERM);
        }
    }

    /// Waits for its end, and for what it has printed; what is left of it is killed then.
    pub(crate) async fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.wait().await.ok();
        self.kill().await;
        status
    }

    /// SIGKILL to all of it.
    pub(crate) async fn kill(&mut self) {
        self.kill_all_beside().await;
        let _ = self.child.wait().await;
        self.stdout.settled().await;
        self.stderr.settled().await;
    }

    /// SIGTERM; SIGKILL to all of it if it stays.
    pub(crate) async fn stop(mut self) {
        self.terminate();
        let _ = timeout(TO_STOP, self.child.wait()).await;
        self.kill_all_beside().await;
        let _ = self.child.wait().await;
    }

    /// Waits for its end, and no longer than for `enough`; what is left of it is killed then.
    pub(crate) async fn run_to_end(mut self, enough: impl Future<Output = ()>) -> Ran {
        let status = tokio::select! {
            status = self.child.wait() => status.ok(),
            () = enough => None,
        };
        let ended = Instant::now();
        self.kill().await;
        Ran {
            status,
            stdout: self.stdout.text(),
            too_much: self.stdout.is_more(),
            stderr: self.stderr.text(),
            began: self.began,
            ended,
        }
    }

    /// Kills the group, and whoever has left it; on another thread, for it looks at every process of
    /// the machine, and no answer of the checker's has to wait for that.
    async fn kill_all_beside(&mut self) {
        // It goes to its end, also when nobody waits for it any more.
        if let Some(kill_all) = self.kill_all() {
            let _ = tokio::task::spawn_blocking(kill_all).await;
        }
    }

    /// What kills them; once.
    fn kill_all(&mut self) -> Option<impl FnOnce() + Send + 'static> {
        if std::mem::replace(&mut self.over, true) {
            return None;
        }
        // While the child is not waited for, or one of its group lives, the number is theirs.
        let _ = killpg(self.group, Signal::SIGKILL);
        let (family, watchdog, group) = (self.family.clone(), Arc::clone(&self.watchdog), self.group);
        Some(move || {
            family.kill();
            watchdog.lock().unwrap_or_else(PoisonError::into_inner).is_over(group.as_raw() as u32);
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Many are dropped at once where a grading ends early, and another may go on beside it.
        if let Some(kill_all) = self.kill_all() {
            blocking(kill_all);
        }
        let _ = self.child.try_wait();
    }
}
