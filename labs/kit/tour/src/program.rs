//! The programs that the tour runs: each is this one again, as `cargo lab run …`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lab_console::Failure;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// For anything that a program does here; all of it takes milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How programs are started.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    /// This program.
    lab: PathBuf,
    /// Where they write what they log.
    logs: PathBuf,
    /// All that were started, ended ones among them.
    started: Arc<Mutex<Vec<Pid>>>,
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

impl Programs {
    pub(crate) fn new(logs: &Path) -> io::Result<Self> {
        Ok(Self { lab: std::env::current_exe()?, logs: logs.to_owned(), started: Arc::default() })
    }

    /// All that were started. Those that have ended and were waited for are nobody any more.
    pub(crate) fn started(&self) -> Vec<Pid> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts a program that runs until it is stopped. It goes when its handle is dropped.
    pub(crate) fn start(&self, program: &'static str, args: &[&str]) -> Result<Program, Failure> {
        let log = self.logs.join(format!("{program}.log"));
        let started = File::create(&log).and_then(|file| {
            let mut command = Command::new(&self.lab);
            command.args(["run", program, "--json"]).args(args);
            command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
            command.kill_on_drop(true).spawn()
        });
        let mut child = started.map_err(|error| Failure::missing(format!("can't start {program}: {error}")))?;
        self.started.lock().unwrap_or_else(PoisonError::into_inner).extend(pid(&child));
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Ok(Program { name: program, child, lines, log })
    }

    /// Runs a client to its end. `place` says where what it calls is: the options for that are not
    /// shown, because a reader has no need of them.
    pub(crate) async fn run(&self, program: &'static str, place: &[&str], args: &[&str]) -> Result<Ran, Failure> {
        let mut client = self.start(program, &[place, args].concat())?;
        let mut lines = Vec::new();
        while let Some(line) = client.next_line().await? {
            lines.push(line);
        }
        client.end(typed(program, args), lines).await
    }
}

/// A program under way.
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
}

impl Program {
    /// Its next line of JSON; `None` when it prints no more.
    pub(crate) async fn next_line(&mut self) -> Result<Option<Value>, Failure> {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let line = line.map_err(|_| self.failed("was silent for too long"))?;
        let line = line.map_err(|error| self.failed(&format!("printed what can't be read: {error}")))?;
        line.map(|line| serde_json::from_str(&line).map_err(|_| self.failed("printed something other than JSON")))
            .transpose()
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self, typed: String, lines: Vec<Value>) -> Result<Ran, Failure> {
        let status = self.wait(PATIENCE).await?;
        Ok(Ran { typed, lines, error: self.error(), succeeded: status.success() })
    }

    /// Asks it to stop, as Ctrl-C would, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        if let Some(pid) = pid(&self.child) {
            // It may have gone by itself.
            let _ = kill(pid, Signal::SIGTERM);
        }
        self.wait(PATIENCE).await.map(drop)
    }

    async fn wait(&mut self, patience: Duration) -> Result<ExitStatus, Failure> {
        let status = timeout(patience, self.child.wait()).await.map_err(|_| self.failed("doesn't end"))?;
        status.map_err(|error| self.failed(&format!("can't be waited for: {error}")))
    }

    /// The last thing that it said on stderr, if that was an error.
    fn error(&self) -> Option<String> {
        let said = std::fs::read_to_string(&self.log).ok()?;
        let last: Value = serde_json::from_str(said.lines().last()?).ok()?;
        last["error"]["message"].as_str().map(ToOwned::to_owned)
    }

    pub(crate) fn failed(&self, what: &str) -> Failure {
        let said = self.error().map(|error| format!(": {error}")).unwrap_or_default();
        Failure::unavailable(format!("{} {what}{said}; try the tour again", self.name))
    }
}

/// `None` when it has ended and was waited for.
fn pid(child: &Child) -> Option<Pid> {
    child.id().and_then(|pid| pid.try_into().ok()).map(Pid::from_raw)
}

/// As a reader would type it: without what only the tour needs.
pub(crate) fn typed(program: &str, args: &[&str]) -> String {
    format!("cargo lab run {program} {}", args.join(" ")).trim_end().to_owned()
}
