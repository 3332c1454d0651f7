//! A server that sends to the broker what it is asked for over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Mutex;

use super::Record;
use super::look::listed;
use super::relay::Relay;
use crate::bench::Bench;
use crate::broker::Broker;
use crate::http::{Answer, Request, send};
use crate::process::{Process, Ran, last_lines};
use crate::server::Server;
use crate::verdict::{Failed, Who};

/// It runs until it is dropped.
pub(crate) struct Serving {
    pub(crate) relay: Arc<Relay>,
    pub(crate) topic: String,
    address: SocketAddr,
    server: Mutex<Server>,
    broker: Broker,
    began: Instant,
}

impl Bench {
    /// Starts the server behind that relay; what it accepts is to go to this topic.
    pub(crate) async fn serve(&self, relay: Arc<Relay>, topic: &str) -> Result<Serving, Failed> {
        let began = Instant::now();
        let told = [("KAFKA_BROKERS", relay.address().to_string()), ("LAB_TOPIC", topic.to_owned())];
        let server = self.start_server(&told).await?;
        let (address, broker) = (server.address, self.kafka().clone());
        Ok(Serving { relay, topic: topic.to_owned(), address, server: Mutex::new(server), broker, began })
    }
}

impl Serving {
    /// Sends a request on a connection of its own, and reads the whole answer.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Failed> {
        match send(self.address, request).await {
            Ok(answer) => Ok(answer),
            Err(failed) => Err(self.told(self.server.lock().await.explain(failed).await)),
        }
    }

    /// What is in its topic now.
    pub(crate) async fn records(&self) -> Result<Vec<Record>, Failed> {
        self.broker.read(&self.topic).await
    }

    /// Records that aren't as they should be after this answer.
    pub(crate) fn wrong_records(&self, answer: &Answer, expected: impl Into<String>, records: &[Record]) -> Failed {
        let failed = answer.wrong(expected);
        let records = match records.is_empty() {
            true => "(nothing is in the topic)".to_owned(),
            false => format!("(in the topic: place, key, value)\n{}", listed(records)),
        };
        Failed { came_back: format!("{}\n{records}", failed.came_back.trim_end()), ..failed }
    }

    /// Adds when what happened at the broker, and what the program said.
    pub(crate) fn told(&self, failed: Failed) -> Failed {
        let server = self.server.try_lock().ok();
        let words = server.and_then(|server| server.process.as_ref().map(Process::last_words));
        let program = if failed.program.is_empty() { words.unwrap_or_default() } else { failed.program };
        Failed { program, ladder: self.relay.ladder(self.began), ..failed }
    }

    /// Tells it to end.
    pub(crate) async fn terminate(&self) {
        self.relay.note(Who::Checker, "SIGTERM");
        if let Some(process) = &self.server.lock().await.process {
            process.terminate();
        }
    }

    /// Waits for its end, and no longer than for `enough`.
    pub(crate) async fn ended(self, enough: impl Future<Output = ()>) -> Option<Ran> {
        let process: Process = self.server.into_inner().process?;
        Some(process.run_to_end(enough).await)
    }
}

/// How a server ended, said where it isn't as expected.
pub(crate) fn wrong_end(did: &str, expected: &str, ran: &Ran) -> Failed {
    let came = match ran.status {
        Some(status) => format!("({})", crate::process::describe(status)),
        None => "(it still runs)".to_owned(),
    };
    Failed { program: last_lines(&ran.stderr), ..Failed::new(did, expected, came) }
}
