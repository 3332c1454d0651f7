//! One run of a producer: what it was given, what it did, what is in the topic then.

use std::time::Duration;

use tokio::time::sleep;

use super::look::{listed, shortened};
use super::run::Run;
use super::{At, Record};
use crate::bench::Bench;
use crate::verdict::{Failed, Outcome};

/// Of its stdin, so many lines are shown; of more the first.
const MOST_LINES: usize = 12;

/// What it did.
pub(crate) struct Producing {
    lines: Vec<String>,
    run: Run,
    /// What is in its topic after its end.
    pub(crate) records: Vec<Record>,
}

impl Bench {
    /// Runs a producer to its end, on a topic of its own, with these lines on its stdin; kills it
    /// after `patience`.
    pub(crate) async fn produce(&self, at: At<'_>, lines: &[String], patience: Duration) -> Result<Producing, Failed> {
        self.produce_until(at, &lines_of(lines), sleep(patience)).await
    }

    /// The same, with this on its stdin; killed when `enough` returns.
    pub(crate) async fn produce_until(
        &self,
        at: At<'_>,
        stdin: &str,
        enough: impl Future<Output = ()>,
    ) -> Result<Producing, Failed> {
        let topic = self.kafka().topic().await?;
        let run = self.run_at(at, &[("LAB_TOPIC", &topic)], Some(stdin), enough).await?;
        let lines = stdin.lines().map(str::to_owned).collect();
        Ok(Producing { lines, run, records: self.kafka().read(&topic).await? })
    }
}

/// As they stand in a file.
pub(crate) fn lines_of(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

impl Producing {
    /// It ended by itself with this code.
    pub(crate) fn expect_exit(&self, code: i32) -> Outcome {
        self.expect(&format!("exit code {code}"), self.run.has_exit(code))
    }

    /// Its words on stderr hold this, in whatever case, and nothing that would make it longer.
    pub(crate) fn expect_named(&self, words: &str) -> Outcome {
        self.expect(&format!("on stderr, among words of yours: {words}"), self.names(words))
    }

    /// Whether they do.
    pub(crate) fn names(&self, words: &str) -> bool {
        let (said, words) = (self.run.ran.stderr.to_lowercase(), words.to_lowercase());
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric());
        said.match_indices(&words).any(|(at, _)| ends(&said[at + words.len()..]))
    }

    /// Passes if it holds; `what` says what should.
    pub(crate) fn expect(&self, what: &str, holds: bool) -> Outcome {
        if holds { Ok(()) } else { Err(self.wrong(what)) }
    }

    /// This run isn't what was expected: these records show it.
    pub(crate) fn wrong_about(&self, expected: &str, records: &[&Record]) -> Failed {
        let records: Vec<Record> = records.iter().map(|&record| record.clone()).collect();
        self.wrong_with(expected, &format!("(of what is in the topic: place, key, value)\n{}", listed(&records)))
    }

    fn wrong(&self, expected: &str) -> Failed {
        let records = match self.records.is_empty() {
            true => "(nothing is in the topic)".to_owned(),
            false => format!("(in the topic: place, key, value)\n{}", listed(&self.records)),
        };
        self.wrong_with(expected, &records)
    }

    fn wrong_with(&self, expected: &str, records: &str) -> Failed {
        let mut lines: Vec<String> = self.lines.iter().map(|line| shortened(line)).collect();
        if lines.len() > MOST_LINES {
            lines.truncate(1);
            lines.push(format!("(and {} more lines)", self.lines.len() - 1));
        }
        self.run.wrong(&lines.join("\n"), expected, records)
    }
}
