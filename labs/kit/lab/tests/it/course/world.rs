//! A learner with a repository, a file and progress of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Output, Process, folder, lab_words};

pub(super) const STARTER: &str = "// The starter.\n";
/// The solution of grpc/02.
const CONTRACT: &str = "grpc/solutions/02_change_a_contract.proto";
const FILE: &str = "labs/rest/exercises/01_health.rs";

pub(super) struct Learner(TempDir);

impl Learner {
    /// With the starter of each exercise in git, and `app.sh`, which ends at once.
    pub(super) fn new() -> Self {
        let learner = Self(folder());
        let labs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for file in ["rest/solutions/01_health.rs", "rest/exercises/python/01_health.py", CONTRACT] {
            let to = learner.path("labs").join(file);
            fs::create_dir_all(to.parent().expect("a folder")).expect("made");
            fs::copy(labs.join(file), to).expect("copied");
        }
        for exercise in lab_check::EXERCISES {
            let file = format!("labs/{}/exercises/{}", exercise.lab(), exercise.file_name());
            fs::create_dir_all(learner.path(&file).parent().expect("a folder")).expect("made");
            learner.write(&file, STARTER);
        }
        learner.write("app.sh", "exit 1\n");
        learner.git(&["init", "--quiet"]);
        learner.git(&["config", "user.email", "learner@localhost"]);
        learner.commit_as("lab@localhost");
        learner
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// A program that does what rest/01 asks for: the lab's own server.
    pub(super) fn write_a_right_program(&self) {
        let lab = env!("CARGO_BIN_EXE_lab");
        self.write("app.sh", &format!("exec '{lab}' run rest-server --in-memory\n"));
    }

    /// The contract that grpc/02 asks for.
    pub(super) fn right_contract(&self) -> String {
        fs::read_to_string(self.path("labs").join(CONTRACT)).expect("readable")
    }

    /// Saves the learner's file of rest/01.
    pub(super) fn edit(&self, text: &str) {
        self.write(FILE, text);
    }

    pub(super) fn read(&self, end: &str) -> String {
        fs::read_to_string(self.path(&format!("{FILE}{end}"))).expect("readable")
    }

    /// The learner's own.
    pub(super) fn commit(&self) {
        self.commit_as("learner@localhost");
    }

    pub(super) fn commit_as(&self, email: &str) {
        self.git(&["add", "labs"]);
        let email = format!("user.email={email}");
        self.git(&["-c", "user.name=L", "-c", &email, "commit", "--quiet", "-m", "x"]);
    }

    pub(super) fn git(&self, args: &[&str]) {
        let mut git = Command::new("git");
        git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
        assert!(git.arg("-C").arg(self.0.path()).args(args).status().expect("git starts").success());
    }

    pub(super) fn command(&self, words: &[&str]) -> tokio::process::Command {
        let mut command = lab_words(self.0.path(), words);
        command.env("LAB_REPOSITORY", self.0.path());
        command
    }

    /// Starts it; nobody types.
    pub(super) fn spawn(&self, words: &[&str]) -> Process {
        Process::spawn(self.command(words))
    }

    pub(super) async fn run(&self, words: &[&str]) -> Output {
        self.spawn(words).end().await
    }

    /// Runs it to its end with this in its stdin.
    pub(super) async fn run_with(&self, words: &[&str], stdin: &str) -> Output {
        self.write("stdin", stdin);
        let mut command = self.command(words);
        command.stdin(Stdio::from(fs::File::open(self.path("stdin")).expect("it is there")));
        Process::spawn(command).end().await
    }

    /// Grades `app.sh` as rest/01.
    pub(super) async fn check(&self) -> Output {
        self.run(&["check", "rest/01", "--program", "sh app.sh"]).await
    }

    /// What `progress --json` says of rest/01.
    pub(super) async fn progress(&self) -> Value {
        let output = self.run(&["progress", "--json"]).await.expect(0);
        output.json_lines().into_iter().find(|line| line["exercise"] == "rest/01").expect("it is listed")
    }
}

/// The names of an object, in order.
pub(super) fn names(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Reads up to the line that contains this.
pub(super) async fn read_until(process: &mut Process, part: &str) -> String {
    let mut all = String::new();
    loop {
        let line = process.line().await.unwrap_or_else(|| panic!("no {part} in {all}"));
        all.extend([&line, "\n"]);
        if line.contains(part) {
            return all;
        }
    }
}
