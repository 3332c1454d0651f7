//! What runs while the tour is given: a broker, the three programs that receive, on
//! one temporary database, and the relays.
//!
//! ```text
//! rest-client ────── relay ── rest-server ──────────────────────────┐
//! grpc-client ────── relay ── grpc-server ────────────────────────┐ │
//! kafka-producer ─┬─ relay ── broker ── relay ── kafka-consumer ─ orders.db
//! kafka-consumer ─┘ (get, list, watch, process)
//! ```

use std::io;
use std::net::SocketAddr;

use lab_broker::embedded::Embedded;
use lab_console::Failure;
use lab_wiretap::{Bytes, Call, Tap, Wire};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::lane::Transport;
use crate::program::{PATIENCE, Program, Programs, Ran};

pub(crate) const REQUESTS: &str = "lab.order-requests.v1";
pub(crate) const FACTS: &str = "lab.orders.v1";
pub(crate) const DEAD_LETTERS: &str = "lab.order-requests.dlq.v1";

/// The programs that receive, and what stands before them.
struct Receivers {
    rest: Program,
    grpc: Program,
    consumer: Program,
    taps: [Tap; 2],
    /// Between the consumer and the broker.
    work: Tap,
}

/// The broker outlives the receivers.
struct Broker {
    embedded: Embedded,
    /// Between Kafka's clients and the broker.
    tap: Tap,
}

/// Dropping it ends everything at once, and removes the database.
pub(crate) struct Stage {
    // In this order: the receivers, then what kills whoever is left and removes the folder.
    receivers: Option<Receivers>,
    programs: Programs,
    broker: Option<Broker>,
    folder: TempDir,
    /// Where the clients call, also while nobody is there.
    addresses: [String; 3],
    /// The orders that the steps hand on: of step 1, one for each transport.
    pub(crate) orders: [String; 3],
    /// The order of the watches, which a worker completes.
    pub(crate) watched: String,
}

impl Stage {
    /// An empty one. Nothing is started yet.
    pub(crate) fn new() -> Result<Self, Failure> {
        let set_up = || {
            let folder = tempfile::Builder::new().prefix("lab-tour-").tempdir()?;
            let programs = Programs::new(folder.path())?;
            Ok((folder, programs))
        };
        let (folder, programs) = set_up().map_err(|error: io::Error| {
            Failure::missing(format!("can't make a temporary folder, or start sh: {error}"))
        })?;
        let (orders, watched) = Default::default();
        Ok(Self { receivers: None, programs, broker: None, folder, addresses: <_>::default(), orders, watched })
    }

    /// Starts all that the steps need.
    pub(crate) async fn set(&mut self) -> Result<(), Failure> {
        let embedded = Embedded::start().map_err(|error| Failure::missing(error.to_string()))?;
        for topic in [REQUESTS, FACTS, DEAD_LETTERS] {
            let made = embedded.create_topic(topic, 3);
            made.map_err(|error| Failure::missing(format!("can't make the topic {topic}: {error}")))?;
        }
        let tap = tap(Wire::Kafka, embedded.address()).await?;
        self.addresses[Transport::Kafka as usize] = tap.address().to_string();
        self.broker = Some(Broker { embedded, tap });
        self.start_receivers().await
    }

    /// Starts the two servers and the consumer, and waits until they receive.
    pub(crate) async fn start_receivers(&mut self) -> Result<(), Failure> {
        let database = self.folder.path().join("orders.db").display().to_string();
        let work = tap(Wire::Kafka, self.broker().embedded.address()).await?;
        let serve = ["--listen", "127.0.0.1:0", "--database", &database];
        let mut rest = self.programs.start_receiver("rest-server", &serve)?;
        let mut grpc = self.programs.start_receiver("grpc-server", &serve)?;
        let brokers = work.address().to_string();
        let apply = ["--brokers", &brokers, "--database", &database];
        let consumer = self.programs.start_receiver("kafka-consumer", &apply)?;
        let taps =
            [tap(Wire::Http, listens(&mut rest).await?).await?, tap(Wire::Grpc, listens(&mut grpc).await?).await?];
        for (address, tap) in self.addresses.iter_mut().zip(&taps) {
            *address = tap.address().to_string();
        }
        // A member of a group asks for its committed offsets when it has been given partitions.
        passed(&work, "the consumer's partitions", |call| call.name == "OffsetFetch" && call.ended).await?;
        self.receivers = Some(Receivers { rest, grpc, consumer, taps, work });
        Ok(())
    }

    /// Stops the two servers and the consumer, and the relays before them, so that nobody listens.
    pub(crate) async fn stop_receivers(&mut self) -> Result<(), Failure> {
        let Some(Receivers { rest, grpc, consumer, taps, work }) = self.receivers.take() else { return Ok(()) };
        drop(taps);
        let (rest, grpc, consumer) = tokio::join!(rest.stop(), grpc.stop(), consumer.stop());
        drop(work);
        rest.and(grpc).and(consumer)
    }

    /// Begins to note what passes between a transport's clients and what they call; returns what has passed before.
    pub(crate) fn listen(&self, transport: Transport) -> Bytes {
        let tap = self.tap(transport);
        tap.clear();
        tap.bytes()
    }

    /// Runs a client against its transport's relay.
    pub(crate) async fn run(&self, transport: Transport, program: &'static str, args: &[&str]) -> Result<Ran, Failure> {
        self.programs.run(program, &self.place(transport), args).await
    }

    /// Starts a client that goes on until it is stopped.
    pub(crate) fn start(&self, transport: Transport, program: &'static str, args: &[&str]) -> Result<Program, Failure> {
        self.programs.start_client(program, &[&self.place(transport)[..], args].concat())
    }

    fn place(&self, transport: Transport) -> [&str; 2] {
        let option = if transport == Transport::Kafka { "--brokers" } else { "--server" };
        [option, &self.addresses[transport as usize]]
    }

    /// What stands between the clients of a transport and what they call.
    pub(crate) fn tap(&self, transport: Transport) -> &Tap {
        match transport {
            Transport::Kafka => &self.broker().tap,
            _ => &self.receivers().taps[transport as usize],
        }
    }

    /// What stands between the consumer and the broker.
    pub(crate) fn work(&self) -> &Tap {
        &self.receivers().work
    }

    /// The next that the consumer says of a request.
    pub(crate) async fn consumer_says(&mut self) -> Result<Value, Failure> {
        let receivers = self.receivers.as_mut().expect("the receivers are running");
        let said = receivers.consumer.next_line().await?;
        said.ok_or_else(|| Failure::unavailable("the consumer has ended by itself"))
    }

    fn broker(&self) -> &Broker {
        self.broker.as_ref().expect("the broker is the first to be started")
    }

    fn receivers(&self) -> &Receivers {
        self.receivers.as_ref().expect("the receivers are running")
    }

    /// Tells when a receiver has ended by itself.
    pub(crate) fn alarm(&self) -> watch::Receiver<Option<String>> {
        self.programs.alarm()
    }
}

async fn tap(wire: Wire, upstream: SocketAddr) -> Result<Tap, Failure> {
    Tap::start(wire, upstream).await.map_err(|error| Failure::missing(format!("can't start a relay: {error}")))
}

/// The address that a server names in its first line.
async fn listens(server: &mut Program) -> Result<SocketAddr, Failure> {
    let line = server.next_line().await?.unwrap_or_default();
    let address = line["listening"].as_str().and_then(|address| address.parse().ok());
    address.ok_or_else(|| server.failed("doesn't say where it listens"))
}

/// Waits until something has passed.
pub(crate) async fn passed(tap: &Tap, what: &str, fits: impl Fn(&Call) -> bool) -> Result<Call, Failure> {
    let call = timeout(PATIENCE, tap.wait_for(fits)).await;
    call.map_err(|_| Failure::unavailable(format!("{what} did not come within {PATIENCE:?}")))
}
