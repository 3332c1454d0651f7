//! `producer import`, and what it says of each record, held against the topic.

use std::collections::{HashMap, HashSet};
use std::io::PipeWriter;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::requests::command;
use crate::kafka::support::Kafka;
use crate::support::{Output, Process, within};

/// An import that runs; its reports are read as they come, so that it never waits for us.
pub(super) struct Import {
    pid: Pid,
    lines: mpsc::UnboundedReceiver<String>,
    reports: Vec<Value>,
    end: JoinHandle<Output>,
}

/// The end of an import.
pub(super) struct Ended {
    pub(super) output: Output,
    pub(super) reports: Vec<Value>,
}

impl Import {
    /// `producer import --json ARGS…`
    pub(super) fn start(kafka: &Kafka, args: &[&str]) -> Self {
        Self::spawn(command(kafka, "kafka-producer", &[&["import", "--json"], args].concat()))
    }

    /// The same, from a pipe of which this is the other end.
    pub(super) fn from_stdin(kafka: &Kafka, args: &[&str]) -> (Self, PipeWriter) {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut command = command(kafka, "kafka-producer", &[&["import", "--json", "-"], args].concat());
        command.stdin(Stdio::from(reader));
        (Self::spawn(command), writer)
    }

    fn spawn(command: tokio::process::Command) -> Self {
        let mut process = Process::spawn(command);
        let pid = process.pid();
        let (send, lines) = mpsc::unbounded_channel();
        let end = tokio::spawn(async move {
            while let Some(line) = process.line().await {
                let _ = send.send(line);
            }
            process.end().await
        });
        Self { pid, lines, reports: Vec::new(), end }
    }

    /// Waits until there are so many reports more.
    pub(super) async fn reported(&mut self, more: usize) {
        let target = self.reports.len() + more;
        while self.reports.len() < target {
            let line = within("reports of records", self.lines.recv()).await.expect("it runs");
            self.reports.push(serde_json::from_str(&line).expect("JSON"));
        }
    }

    pub(super) fn terminate(&self) {
        assert!(!self.end.is_finished(), "the import has ended before it was told to");
        kill(self.pid, Signal::SIGTERM).expect("it runs");
    }

    /// Waits for its end.
    pub(super) async fn end(mut self) -> Ended {
        let output = within("the import's end", self.end).await.expect("it is read");
        while let Some(line) = self.lines.recv().await {
            self.reports.push(serde_json::from_str(&line).expect("JSON"));
        }
        Ended { output, reports: self.reports }
    }
}

impl Ended {
    /// Those with this outcome.
    pub(super) fn named(&self, outcome: &str) -> HashSet<String> {
        let ours = self.reports.iter().filter(|report| report["outcome"] == outcome);
        ours.map(|report| report["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// Delivered ⊆ topic ⊆ delivered ∪ unknown, each at the place that was named; every
    /// record has one report. How many keys the topic has twice is for the caller to judge.
    pub(super) async fn doubles(&self, kafka: &Kafka) -> usize {
        let (delivered, unknown) = (self.named("delivered"), self.named("unknown"));
        let not_sent = self.named("not_sent");
        assert_eq!(
            delivered.len() + unknown.len() + not_sent.len(),
            self.reports.len(),
            "a report for each, and one only"
        );
        let topic = within("the topic", kafka.read(&kafka.requests())).await;
        let mut places = HashMap::<&str, Vec<(i64, i64)>>::new();
        for record in &topic {
            places.entry(record.key()).or_default().push((record.partition.into(), record.offset));
        }
        for report in self.reports.iter().filter(|report| report["outcome"] == "delivered") {
            let id = report["id"].as_str().expect("an id");
            let place = (report["partition"].as_i64().expect("a number"), report["offset"].as_i64().expect("a number"));
            let there = places.get(id).unwrap_or_else(|| panic!("said to be delivered, and not there: {report}"));
            assert!(there.contains(&place), "{report}, and it is at {there:?}");
        }
        for key in places.keys() {
            assert!(delivered.contains(*key) || unknown.contains(*key), "{key} is there, and nobody has said so");
        }
        places.values().map(|places| places.len() - 1).sum()
    }
}
