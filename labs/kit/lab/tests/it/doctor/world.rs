//! A folder of fake tools, and nothing else in PATH.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use tempfile::TempDir;

use crate::support::{Output, Process, folder, lab_words, words_under};

/// All that is looked at, in this order.
pub(super) const CHECKS: [&str; 15] = [
    "rust",
    "c",
    "c++",
    "make",
    "bash",
    "path",
    "disk",
    "database",
    "rest-port",
    "grpc-port",
    "kafka-port",
    "broker",
    "docker",
    "java",
    "maven",
];

/// Tools as they should be.
const TOOLS: [(&str, &str); 9] = [
    ("rustc", "echo 'rustc 1.99.0 (abcdef012 2026-01-01)'"),
    ("cargo", "echo 'cargo 1.99.0 (abcdef012 2026-01-01)'"),
    ("cc", "echo 'cc 12.2.0'"),
    ("c++", "echo 'c++ 12.2.0'"),
    ("make", "echo 'GNU Make 4.3'"),
    ("bash", "echo 'GNU bash, version 5.2'"),
    ("docker", "echo 28.2.2"),
    ("java", r#"echo 'openjdk version "17.0.15" 2025-04-15' >&2"#),
    ("mvn", "echo 'Apache Maven 3.8.7'"),
];

/// One line of the doctor's; no other field is expected.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Finding {
    pub(super) check: String,
    pub(super) state: String,
    pub(super) found: String,
    pub(super) mend: Option<String>,
}

/// What the doctor has found.
#[derive(Debug)]
pub(super) struct Checkup {
    pub(super) output: Output,
    pub(super) findings: Vec<Finding>,
}

impl Checkup {
    pub(super) fn finding(&self, check: &str) -> &Finding {
        let found = self.findings.iter().find(|finding| finding.check == check);
        found.unwrap_or_else(|| panic!("no {check} in {self:?}"))
    }

    /// The checks that are not ok.
    pub(super) fn not_ok(&self) -> Vec<&str> {
        self.findings.iter().filter(|finding| finding.state != "ok").map(|finding| &*finding.check).collect()
    }

    /// This one alone is not ok: it is in this state, says this, and names a command. The exit code fits.
    #[track_caller]
    pub(super) fn expect_only(&self, check: &str, state: &str, says: &str) -> &str {
        assert_eq!(self.not_ok(), [check], "{self:?}");
        let finding = self.finding(check);
        assert_eq!(finding.state, state, "{finding:?}");
        assert!(finding.found.contains(says), "no {says:?} in {finding:?}");
        assert_eq!(self.output.status, i32::from(state == "fail"), "{self:?}");
        if state == "fail" {
            assert_eq!(self.output.error_code(), "unavailable");
        }
        finding.mend.as_deref().expect("what to do")
    }
}

/// A folder to be in, and tools.
pub(super) struct World {
    tools: TempDir,
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl World {
    /// With all that the lab needs, and a package manager that is never asked.
    pub(super) fn new() -> Self {
        let world = Self { tools: self::folder(), folder: self::folder(), variables: Vec::new() };
        for (name, script) in TOOLS {
            world.fake(name, script);
        }
        world.fake("apt-get", "exit 9");
        // Whatever else runs on this machine: these are free, and nobody answers.
        let free = "127.0.0.1:0";
        world.with("LAB_REST_ADDR", free).with("LAB_GRPC_ADDR", free).with("KAFKA_BROKERS", free)
    }

    pub(super) fn with(mut self, variable: &str, value: impl AsRef<str>) -> Self {
        self.variables.push((variable.to_owned(), value.as_ref().to_owned()));
        self
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder()).expect("a folder");
        entries.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned()).collect()
    }

    /// Puts a script in place of a tool. A shell writes it: would this process, then a child
    /// that another test starts meanwhile might hold the file open, and it couldn't be run.
    pub(super) fn fake(&self, name: &str, script: &str) {
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod +x "$2""#;
        let file = self.tools.path().join(name);
        let status = Command::new("sh").args(["-c", write, "sh", script]).arg(file).status();
        assert!(status.expect("sh starts").success());
    }

    pub(super) fn remove(&self, name: &str) {
        std::fs::remove_file(self.tools.path().join(name)).expect("it is there");
    }

    pub(super) fn spawn(&self, args: &[&str]) -> Process {
        self.start(lab_words(self.folder(), &[&["doctor"], args].concat()))
    }

    pub(super) async fn run(&self, args: &[&str]) -> Output {
        self.spawn(args).end().await
    }

    pub(super) async fn checkup(&self) -> Checkup {
        checkup(self.run(&["--json"]).await)
    }

    /// Started by a program that becomes the doctor.
    pub(super) async fn checkup_under(&self, starter: &[&str]) -> Checkup {
        let mut starter = starter.to_vec();
        let tools = format!("PATH={}", self.tools.path().display());
        starter.extend(["/usr/bin/env", &tools]);
        let mut command = words_under(&starter, self.folder(), &["doctor", "--json"]);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        checkup(Process::spawn(command).end().await)
    }

    fn start(&self, mut command: tokio::process::Command) -> Process {
        for name in ["CC", "CXX", "JAVA_HOME", "CARGO_TARGET_DIR"] {
            command.env_remove(name);
        }
        command.env("PATH", self.tools.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        Process::spawn(command)
    }
}

fn checkup(output: Output) -> Checkup {
    let parse = |line| serde_json::from_value(line).expect("four fields");
    let findings = output.json_lines().into_iter().map(parse).collect();
    Checkup { output, findings }
}
