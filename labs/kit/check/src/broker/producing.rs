//! One run of a producer: what it was given, what it did, what is in the topic then.

use std::time::Duration;

use tokio::time::sleep;

use super::look::shortened;
use super::{Record, Relay};
use crate::bench::Bench;
use crate::process::{Ran, describe, free_address, last_lines};
use crate::verdict::{Event, Failed, Outcome, Who};

/// Where a program finds its broker.
pub(crate) enum At<'a> {
    /// At the broker itself.
    Broker,
    /// Behind a relay.
    Relay(&'a Relay),
    /// Nowhere.
    Nobody,
}

/// What it did.
pub(crate) struct Producing {
    lines: Vec<String>,
    told: String,
    pub(crate) ran: Ran,
    /// What is in its topic after its end.
    pub(crate) records: Vec<Record>,
    ladder: Vec<Event>,
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
        let kafka = self.kafka.as_ref().expect("an exercise of the Kafka lab has a broker");
        let topic = kafka.topic().await?;
        let nobody = |why: String| Failed::new("(looked for a free port)", "one", why);
        // Nobody takes the port as long as it is claimed.
        let (brokers, _claim) = match at {
            At::Broker => (kafka.address().to_owned(), None),
            At::Relay(relay) => (relay.address().to_string(), None),
            At::Nobody => free_address().map(|(address, claim)| (address.to_string(), Some(claim))).map_err(nobody)?,
        };
        let command = self.command(&brokers).env("LAB_TOPIC", &*topic).stdin(stdin);
        let ran = self.run_command(command, enough).await?;
        let ladder = match at {
            At::Relay(relay) => whole_ladder(relay, &ran),
            At::Broker | At::Nobody => Vec::new(),
        };
        let told = format!("(ran the program with KAFKA_BROKERS={brokers}, LAB_TOPIC={topic}, and on its stdin)");
        let told = if matches!(at, At::Nobody) { format!("{told}\n(nobody listens at that address)") } else { told };
        let lines = stdin.lines().map(str::to_owned).collect();
        Ok(Producing { lines, told, ran, records: kafka.read(&topic).await?, ladder })
    }
}

/// As they stand in a file.
pub(crate) fn lines_of(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

impl Producing {
    /// It ended by itself with this code.
    pub(crate) fn expect_exit(&self, code: i32) -> Outcome {
        self.expect(&format!("exit code {code}"), self.ran.status.and_then(|status| status.code()) == Some(code))
    }

    /// Its words on stderr hold this, in whatever case, and nothing that would make it longer.
    pub(crate) fn expect_named(&self, words: &str) -> Outcome {
        self.expect(&format!("on stderr: {words}"), self.names(words))
    }

    /// Whether they do.
    pub(crate) fn names(&self, words: &str) -> bool {
        let (said, words) = (self.ran.stderr.to_lowercase(), words.to_lowercase());
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric());
        said.match_indices(&words).any(|(at, _)| ends(&said[at + words.len()..]))
    }

    /// Passes if it holds; `what` says what should.
    pub(crate) fn expect(&self, what: &str, holds: bool) -> Outcome {
        if holds { Ok(()) } else { Err(self.wrong(what)) }
    }

    /// This run isn't what was expected.
    pub(crate) fn wrong(&self, expected: impl Into<String>) -> Failed {
        let lines: Vec<String> = self.lines.iter().map(|line| shortened(line)).collect();
        let failed = Failed::new(format!("{}\n{}", self.told, lines.join("\n")), expected, self.did());
        Failed { program: last_lines(&self.ran.stderr), ladder: self.ladder.clone(), ..failed }
    }

    /// How it ended, and what is in its topic.
    fn did(&self) -> String {
        let end = match self.ran.status {
            Some(status) => format!("({})", describe(status)),
            None => {
                let after = self.ran.ended.duration_since(self.ran.began).as_secs_f32();
                format!("(it still ran after {after:.0} s, and was killed)")
            }
        };
        if self.records.is_empty() {
            return format!("{end}\n(nothing is in the topic)");
        }
        let records: Vec<String> = self.records.iter().map(ToString::to_string).collect();
        format!("{end}\n(in the topic: place, key, value)\n{}", records.join("\n"))
    }
}

/// What the relay saw, between the program's start and its end.
fn whole_ladder(relay: &Relay, ran: &Ran) -> Vec<Event> {
    let mut events = vec![Event { at_ms: 0, who: Who::You, what: "(started)".to_owned() }];
    events.extend(relay.ladder(ran.began));
    let end = match ran.status {
        Some(status) => format!("(the end: {})", describe(status)),
        None => "(it was killed)".to_owned(),
    };
    events.push(Event { at_ms: ran.ended.duration_since(ran.began).as_millis() as u64, who: Who::You, what: end });
    events.sort_by_key(|event| event.at_ms);
    events
}
