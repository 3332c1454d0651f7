//! The lab's programs beyond what every test needs of them.

use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

use super::support::{Kafka, assigned};
use crate::support::{Lab, Output, Process, Server, lab, until, within};

impl Kafka {
    /// `kafka-consumer ARGS…` or `kafka-producer ARGS…` on this broker and these topics, yet to be started.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let options = ["--brokers", &self.brokers, "--topic-prefix", &self.prefix];
        lab(self.folder(), program, &[&options, args].concat())
    }

    /// Starts a verb of the consumer's that joins a group, and waits until it has partitions.
    pub(crate) async fn member(&self, args: &[&str]) -> Process {
        let mut command = self.command("kafka-consumer", args);
        command.env("RUST_LOG", "info");
        let process = Process::spawn(command);
        assigned(&process).await;
        process
    }

    /// Starts the consumer that takes requests, and says nothing of each: a pipe that nobody
    /// reads takes 64 KiB and no more, and then the consumer waits.
    pub(crate) async fn apply_quietly(&self, args: &[&str]) -> Process {
        let process = self.start_quietly(args);
        assigned(&process).await;
        process
    }

    /// The same without waiting: it may get no partition.
    pub(crate) fn start_quietly(&self, args: &[&str]) -> Process {
        let database = self.database.to_str().expect("temporary names are UTF-8");
        self.spawn_consumer(&[&["--database", database], args].concat())
    }

    /// A server on the consumer's database.
    pub(crate) async fn server(&self, which: Lab) -> Server {
        Server::on(which, &self.database).await
    }

    /// What `consumer get --json` prints of an order, once its last fact has this version.
    pub(crate) async fn get_at(&self, id: &str, version: u64) -> Value {
        let look = || async {
            let output = self.consumer(&["get", "--json", id]).await;
            let order: Option<Value> = serde_json::from_str(&output.stdout).ok();
            order.filter(|order| order["version"] == version)
        };
        until("a fact of this version", look).await
    }

    /// Places orders by one import; their ids.
    pub(crate) async fn import(&self, count: usize) -> Vec<String> {
        let file = self.folder().join("orders.ndjson");
        let line = |number| format!("{{\"created_by\":\"USER{number}\",\"equipment\":[\"MOUSE\"]}}\n");
        std::fs::write(&file, (0..count).map(line).collect::<String>()).expect("a file");
        let path = file.to_str().expect("temporary names are UTF-8");
        let output = self.producer(&["import", "--json", path]).await.expect(0);
        let id = |line: &Value| line["id"].as_str().expect("an id").to_owned();
        output.json_lines().iter().map(id).collect()
    }
}

/// Waits until a program has logged these words.
pub(crate) async fn says(process: &Process, words: &str) {
    until(words, || async { process.stderr().contains(words).then_some(()) }).await;
}

/// SIGTERM, and what it leaves behind: exit code 0.
pub(crate) async fn stop(process: Process) -> Output {
    process.signal(Signal::SIGTERM);
    process.end().await.expect(0)
}

/// Runs a program whose reader goes away after this many lines: its exit code, and what it said on stderr.
pub(crate) async fn read_only(mut command: Command, lines: usize) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    for _ in 0..lines {
        within("a line", stdout.next_line()).await.expect("text").expect("a line");
    }
    drop(stdout);
    let mut stderr = String::new();
    let mut pipe = child.stderr.take().expect("it is piped");
    within("its end", pipe.read_to_string(&mut stderr)).await.expect("text");
    (within("its end", child.wait()).await.expect("it can be waited for").code(), stderr)
}
