//! The programs that the tour runs: each is this one again, as `cargo lab run …`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lab_broker::watchdog::Watchdog;
use lab_console::Failure;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// For anything that a program does here; all of it takes milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How programs are started, and ended whatever becomes of the tour.
pub(crate) struct Programs {
    /// This program.
    lab: PathBuf,
    watchdog: Arc<Mutex<Watchdog>>,
    /// The first receiver that has ended by itself, and its last words.
    alarm: watch::Sender<Option<String>>,
}

/// What a client said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// As a reader would type it.
    pub(crate) typed: String,
    /// Its JSON lines.
    pub(crate) lines: Vec<Value>,
    /// The message of its error.
    pub(crate) error: Option<String>,
    /// Exit code 0.
    pub(crate) succeeded: bool,
}

impl Ran {
    /// The same, if it has done what it was asked for.
    pub(crate) fn done(self) -> Result<Self, Failure> {
        if self.succeeded {
            return Ok(self);
        }
        let why = self.error.as_deref().unwrap_or("it doesn't say why");
        Err(Failure::unavailable(format!("`{}` failed: {why}", self.typed)))
    }
}

impl Programs {
    /// `temporary` is removed in the end.
    pub(crate) fn new(temporary: &Path) -> io::Result<Self> {
        let watchdog = Arc::new(Mutex::new(Watchdog::start(Some(temporary))?));
        Ok(Self { lab: std::env::current_exe()?, watchdog, alarm: watch::Sender::new(None) })
    }

    /// Tells when a receiver has ended by itself.
    pub(crate) fn alarm(&self) -> watch::Receiver<Option<String>> {
        self.alarm.subscribe()
    }

    /// Starts a server or the consumer. Its end is an alarm, unless it was asked to stop.
    pub(crate) fn start_receiver(&self, program: &'static str, args: &[&str]) -> Result<Program, Failure> {
        self.start(program, args, Some(self.alarm.clone()))
    }

    /// Starts a client that runs until it is stopped.
    pub(crate) fn start_client(&self, program: &'static str, args: &[&str]) -> Result<Program, Failure> {
        self.start(program, args, None)
    }

    /// Runs a client to its end. `place` says where what it calls is: the options for that are not
    /// shown, because a reader has no need of them.
    pub(crate) async fn run(&self, program: &'static str, place: &[&str], args: &[&str]) -> Result<Ran, Failure> {
        let mut client = self.start_client(program, &[place, args].concat())?;
        let mut lines = Vec::new();
        while let Some(line) = client.next_line().await? {
            lines.push(line);
        }
        let status = client.wait().await?;
        Ok(Ran { typed: typed(program, args), lines, error: client.last_words().await, succeeded: status.success() })
    }

    fn start(&self, name: &'static str, args: &[&str], alarm: Option<Alarm>) -> Result<Program, Failure> {
        let mut command = std::process::Command::new(&self.lab);
        command.args(["run", name, "--json"]).args(args).env_remove("RUST_LOG");
        let watched = lock(&self.watchdog).watched(&command);
        let started = watched.and_then(|watched| {
            let mut watched = Command::from(watched);
            watched.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()
        });
        let mut child = started.map_err(|error| Failure::missing(format!("can't start {name}: {error}")))?;
        let stdout = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let stderr = child.stderr.take().expect("it is piped");
        let stopping = Arc::<AtomicBool>::default();
        let words = tokio::spawn(listen(name, stderr, alarm, Arc::clone(&stopping)));
        Ok(Program { name, child, stdout, words, stopping, watchdog: Arc::clone(&self.watchdog) })
    }
}

type Alarm = watch::Sender<Option<String>>;

/// Reads what a program logs, until it ends; returns the message of its error, if it ended with one.
async fn listen(
    name: &'static str,
    stderr: ChildStderr,
    alarm: Option<Alarm>,
    stopping: Arc<AtomicBool>,
) -> Option<String> {
    let (mut lines, mut last) = (BufReader::new(stderr).lines(), None);
    while let Ok(Some(line)) = lines.next_line().await {
        let error: Value = serde_json::from_str(&line).unwrap_or_default();
        last = error["error"]["message"].as_str().map(ToOwned::to_owned).or(last);
    }
    if let Some(alarm) = alarm.filter(|_| !stopping.load(Ordering::Relaxed)) {
        let words = last.as_deref().map(|words| format!(": {words}")).unwrap_or_default();
        // The first is the cause of what follows.
        alarm.send_if_modified(|told| {
            told.is_none() && {
                *told = Some(format!("{name} has ended by itself{words}"));
                true
            }
        });
    }
    last
}

/// A program under way.
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    words: JoinHandle<Option<String>>,
    stopping: Arc<AtomicBool>,
    watchdog: Arc<Mutex<Watchdog>>,
}

impl Program {
    /// Its next line of JSON; `None` when it prints no more.
    pub(crate) async fn next_line(&mut self) -> Result<Option<Value>, Failure> {
        let line = timeout(PATIENCE, self.stdout.next_line()).await;
        let line = line.map_err(|_| self.failed("was silent for too long"))?;
        let line = line.map_err(|error| self.failed(&format!("printed what can't be read: {error}")))?;
        line.map(|line| serde_json::from_str(&line).map_err(|_| self.failed("printed something other than JSON")))
            .transpose()
    }

    /// Asks it to stop, as Ctrl-C would, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        self.stopping.store(true, Ordering::Relaxed);
        if let Some(pid) = self.child.id() {
            // Not waited for yet, so the number is its own. It may have gone by itself.
            let _ = kill(Pid::from_raw(pid as i32), Signal::SIGTERM);
        }
        self.wait().await.map(drop)
    }

    async fn wait(&mut self) -> Result<ExitStatus, Failure> {
        let pid = self.child.id();
        let status = timeout(PATIENCE, self.child.wait()).await.map_err(|_| self.failed("doesn't end"))?;
        if let Some(pid) = pid {
            lock(&self.watchdog).is_over(pid);
        }
        status.map_err(|error| self.failed(&format!("can't be waited for: {error}")))
    }

    /// The message of the error that it ended with.
    async fn last_words(self) -> Option<String> {
        timeout(PATIENCE, self.words).await.ok()?.ok()?
    }

    pub(crate) fn failed(&self, what: &str) -> Failure {
        Failure::unavailable(format!("{} {what}", self.name))
    }
}

/// As a reader would type it: without what only the tour needs.
pub(crate) fn typed(program: &str, args: &[&str]) -> String {
    format!("cargo lab run {program} {}", args.join(" ")).trim_end().to_owned()
}

fn lock(watchdog: &Mutex<Watchdog>) -> std::sync::MutexGuard<'_, Watchdog> {
    watchdog.lock().unwrap_or_else(PoisonError::into_inner)
}
