//! One broker of Apache Kafka: its files, its JVM.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::ApacheError;
use super::jars::Jars;
use crate::watchdog::Watchdog;

/// Kafka writes warnings and what went wrong; there is no end to what it has to say else.
const LOG4J: &str = r#"Configuration:
  status: ERROR
  Appenders:
    Console:
      name: STDOUT
      PatternLayout: {pattern: "%d{HH:mm:ss.SSS} %p %m (%c)%n%throwable{4}"}
  Loggers:
    Root:
      level: WARN
      AppenderRef: {ref: STDOUT}
"#;
/// What the image does before it starts the broker: variables to properties, and formatting.
const SETUP: &str = "kafka.docker.KafkaDockerWrapper";
const SERVER: &str = "kafka.Kafka";
/// Java options, not a setting of Kafka's.
const HEAP: &str = "KAFKA_HEAP_OPTS";
/// The JVM's first compiler only: it takes 1.9 s of CPU time to start and not 3.3 s. A
/// broker under load for hours would want the second one too.
pub(super) const QUICK: &str = "-XX:TieredStopAtLevel=1";
/// Where it keeps its data, as seen from its own folder: a whole path may have a
/// comma in it, which separates several for Kafka.
pub(super) const DATA: &str = "data";
const SETUP_ENDS: Duration = Duration::from_secs(60);
const LAST_LINES: usize = 12;

/// A broker; it runs, or has run and may again.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) address: SocketAddr,
    folder: PathBuf,
    environment: BTreeMap<String, String>,
    jars: Jars,
    process: Option<Child>,
}

impl Node {
    /// Writes its configuration and formats its data, unless they are formatted. `folder` is its own.
    pub(super) async fn prepare(
        name: &str,
        address: SocketAddr,
        folder: &Path,
        environment: BTreeMap<String, String>,
        jars: &Jars,
    ) -> Result<Self, ApacheError> {
        let (folder, jars) = (folder.to_owned(), jars.clone());
        let node = Self { name: name.to_owned(), address, folder, environment, jars, process: None };
        node.write_files().map_err(|error| ApacheError::folder(&node.folder, &error))?;
        let mut setup = node.jars.command(&["-Xmx128m", QUICK], SETUP);
        setup.args(["setup", "-D", "defaults", "-M", "mounted", "-F", "config"]);
        setup.current_dir(&node.folder).envs(&node.environment).stdin(Stdio::null());
        let output = timeout(SETUP_ENDS, setup.output()).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let output = output.map_err(|error| ApacheError::folder(&node.folder, &error))?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        // The image's own script takes this for success as well: the data are from last time.
        if output.status.success() || said.contains("already formatted") {
            return Ok(node);
        }
        Err(ApacheError::Setup { broker: node.name, log: last_lines(&said) })
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.join(DATA)
    }

    fn write_files(&self) -> io::Result<()> {
        for folder in ["defaults", "mounted", "config", DATA] {
            fs::create_dir_all(self.folder.join(folder))?;
        }
        // The image has defaults here, which any variable replaces. We have variables.
        for empty in ["server.properties", "tools-log4j2.yaml"] {
            fs::write(self.folder.join("defaults").join(empty), "")?;
        }
        fs::write(self.folder.join("defaults/log4j2.yaml"), LOG4J)?;
        fs::write(self.folder.join("log4j2.yaml"), LOG4J)
    }

    /// Starts its JVM. It isn't ready then: ask it.
    pub(super) fn start(&mut self, watchdog: &Watchdog) -> io::Result<()> {
        let heap = self.environment.get(HEAP).map(String::as_str).unwrap_or_default();
        let mut jvm = vec![QUICK, "-Djava.awt.headless=true", "-Dlog4j2.configurationFile=log4j2.yaml"];
        jvm.extend(heap.split_whitespace());
        let mut server = self.jars.command(&jvm, SERVER);
        server.arg("config/server.properties");
        let log = File::create(self.log())?;
        let mut watched = Command::from(watchdog.watched(server.as_std())?);
        watched.current_dir(&self.folder).stdout(log.try_clone()?).stderr(log);
        self.process = Some(watched.spawn()?);
        Ok(())
    }

    /// Its process; `None` when it doesn't run.
    pub(super) fn pid(&self) -> Option<u32> {
        self.process.as_ref()?.id()
    }

    pub(super) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            // Not waited for yet, so the number is its own. It may have ended: then nothing is to be done.
            let _ = kill(Pid::from_raw(pid as i32), signal);
        }
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) {
        if let Some(process) = &mut self.process {
            // It can't fail: the process is our child.
            let _ = process.wait().await;
        }
    }

    /// Its number if it has ended since the last look.
    pub(super) fn has_ended(&mut self) -> Option<u32> {
        let pid = self.pid()?;
        let process = self.process.as_mut()?;
        process.try_wait().ok().flatten().map(|_| pid)
    }

    /// What to say when it has ended by itself.
    pub(super) fn failure(&self) -> ApacheError {
        let (broker, log) = (self.name.clone(), self.last_lines());
        if self.log_text().contains("Address already in use") {
            return ApacheError::Port { broker, log };
        }
        ApacheError::Ended { broker, log }
    }

    pub(super) fn last_lines(&self) -> Vec<String> {
        last_lines(&self.log_text())
    }

    fn log_text(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log()).unwrap_or_default()).into_owned()
    }

    fn log(&self) -> PathBuf {
        self.folder.join("broker.log")
    }
}

/// The end of a log, without the lines that name places in Kafka's code.
fn last_lines(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("\tat ")).collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].iter().map(|&line| line.to_owned()).collect()
}
