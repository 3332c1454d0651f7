//! One run of a program on a broker, whatever it does there.

use crate::bench::Bench;
use crate::broker::{Broker, Relay};
use crate::process::{Claim, Process, Ran, describe, free_address, last_lines};
use crate::verdict::{Event, Failed, Who};

/// Where a program finds its broker.
pub(crate) enum At<'a> {
    /// At the broker itself.
    Broker,
    /// Behind a relay.
    Relay(&'a Relay),
    /// Nowhere.
    Nobody,
}

/// How it was told, and how it ended.
pub(super) struct Run {
    told: String,
    pub(super) ran: Ran,
    ladder: Vec<Event>,
}

impl Bench {
    /// The broker of an exercise of the Kafka lab.
    pub(crate) fn kafka(&self) -> &Broker {
        self.kafka.as_ref().expect("an exercise of the Kafka lab has a broker")
    }

    /// Runs the program to its end with these variables, and perhaps a stdin; kills it when
    /// `enough` returns.
    pub(super) async fn run_at(
        &self,
        at: At<'_>,
        variables: &[(&str, &str)],
        stdin: Option<&str>,
        enough: impl Future<Output = ()>,
    ) -> Result<Run, Failed> {
        // Nobody takes the port as long as it is claimed.
        let (brokers, _claim) = self.address_of(&at)?;
        let ran = self.start_at(&brokers, variables, stdin)?.run_to_end(enough).await;
        let ladder = match at {
            At::Relay(relay) => whole_ladder(relay, &ran),
            At::Broker | At::Nobody => Vec::new(),
        };
        let told = told(&at, &brokers, variables);
        let told = match stdin {
            Some(_) => told.replacen(')', ", and on its stdin)", 1),
            None => told,
        };
        Ok(Run { told, ran, ladder })
    }

    /// Starts the program there.
    pub(super) fn start_at(
        &self,
        brokers: &str,
        variables: &[(&str, &str)],
        stdin: Option<&str>,
    ) -> Result<Process, Failed> {
        let command = variables.iter().fold(self.command(brokers), |command, (name, value)| command.env(name, *value));
        self.start(stdin.into_iter().fold(command, |command, text| command.stdin(text)))
    }

    pub(super) fn address_of(&self, at: &At<'_>) -> Result<(String, Option<Claim>), Failed> {
        let nobody = |why: String| Failed::new("(looked for a free port)", "one", why);
        Ok(match at {
            At::Broker => (self.kafka().address().to_owned(), None),
            At::Relay(relay) => (relay.address().to_string(), None),
            At::Nobody => free_address().map(|(address, claim)| (address.to_string(), Some(claim))).map_err(nobody)?,
        })
    }
}

/// How it was started.
pub(super) fn told(at: &At<'_>, brokers: &str, variables: &[(&str, &str)]) -> String {
    let variables: String = variables.iter().map(|(name, value)| format!(", {name}={value}")).collect();
    let told = format!("(ran the program with KAFKA_BROKERS={brokers}{variables})");
    if matches!(at, At::Nobody) { format!("{told}\n(nobody listens at that address)") } else { told }
}

impl Run {
    /// It ended by itself with this code.
    pub(super) fn has_exit(&self, code: i32) -> bool {
        self.ran.status.and_then(|status| status.code()) == Some(code)
    }

    /// It isn't what was expected. What was given to it and what came are said after how it was
    /// started, and how it ended.
    pub(super) fn wrong(&self, given: &str, expected: impl Into<String>, came: &str) -> Failed {
        let failed = Failed::new(format!("{}\n{given}", self.told), expected, format!("{}\n{came}", self.end()));
        Failed { program: last_lines(&self.ran.stderr), ladder: self.ladder.clone(), ..failed }
    }

    fn end(&self) -> String {
        match self.ran.status {
            Some(status) => format!("({})", describe(status)),
            None => {
                let after = self.ran.ended.duration_since(self.ran.began).as_secs_f32();
                format!("(it still ran after {after:.0} s, and was killed)")
            }
        }
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
