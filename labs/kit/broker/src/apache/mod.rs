//! Apache Kafka as docker-compose.yml has it, from its jars and without Docker.
//!
//! Reading order: [`Apache`]; `compose`, how a broker is set up; `node`, its JVM;
//! [`crate::watchdog`], why nothing is left behind; `jars`, where Kafka comes from.

mod compose;
mod error;
mod jars;
mod node;
mod ports;
mod ready;

use std::fs::{File, TryLockError};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::warn;

use self::compose::Service;
pub use self::error::ApacheError;
use self::jars::Jars;
use self::node::{DATA, Node, QUICK};
use self::ready::Asker;
use crate::watchdog::Watchdog;

const PROFILE: &str = "cluster";
/// Two seconds on an idle machine, and sixteen on a busy one.
const READY: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_millis(50);
/// A killed process is gone in a few milliseconds, unless its disk hangs.
const KILLED: Duration = Duration::from_secs(5);
/// Then it is killed. A broker that is told to end takes a second or two.
const ORDERLY_END: Duration = Duration::from_secs(10);
/// A port that was free may be taken by the time that Kafka gets there.
const TRIES: usize = 3;

/// How to run Apache Kafka. [`Default`] is one broker on a free port of 127.0.0.1, with temporary data.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where brokers listen.
    pub ip: IpAddr,
    /// For programs on this machine, a port for each broker; empty takes free ones.
    pub ports: Vec<u16>,
    /// Three brokers, the profile `cluster` of docker-compose.yml, instead of one.
    pub cluster: bool,
    /// Where data are kept, a folder for each broker; `None` is a temporary folder.
    pub data: Option<PathBuf>,
    /// Where the jars are, or shall be. `None` is `LAB_KAFKA_JARS`, or `.lab/kafka-VERSION`.
    pub jars: Option<PathBuf>,
    /// Variables on top of docker-compose.yml's, such as `("KAFKA_MESSAGE_MAX_BYTES", "1000")`.
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        let ip = IpAddr::from([127, 0, 0, 1]);
        Self { ip, ports: Vec::new(), cluster: false, data: None, jars: None, settings: Vec::new() }
    }
}

/// Running brokers; dropping them kills them, and removes temporary data.
pub struct Apache {
    // In the order in which they are to end: the JVMs, the shell, the folder.
    nodes: Vec<Node>,
    watchdog: Watchdog,
    _temporary: Option<TempDir>,
    _lock: File,
    jars: Jars,
}

impl Apache {
    /// Starts it, and waits until clients are served: for 90 s at most, and the
    /// download of the jars comes on top where they aren't there.
    ///
    /// # Errors
    ///
    /// Everything that it needs and that isn't there; see [`ApacheError`].
    pub async fn start(options: Options) -> Result<Self, ApacheError> {
        let folder = options.jars.clone().unwrap_or_else(jars::default_folder);
        let jars = Jars::at(&folder).await?;
        let mut tries = 1;
        loop {
            match Self::start_once(&options, &jars).await {
                // Its internal ports are always ours to choose, so another try may help.
                Err(ApacheError::Port { .. }) if tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }

    async fn start_once(options: &Options, jars: &Jars) -> Result<Self, ApacheError> {
        let (temporary, root) = match &options.data {
            Some(data) => (None, data.clone()),
            None => {
                let folder = TempDir::with_prefix("lab-kafka-").map_err(|error| ApacheError::temporary(&error))?;
                let path = folder.path().to_owned();
                (Some(folder), path)
            }
        };
        std::fs::create_dir_all(&root).map_err(|error| ApacheError::folder(&root, &error))?;
        let root = root.canonicalize().map_err(|error| ApacheError::folder(&root, &error))?;
        let lock = lock(&root)?;
        let watchdog = Watchdog::start(temporary.as_ref().map(|_| &*root)).map_err(ApacheError::Shell)?;
        let mut apache = Self { nodes: Vec::new(), watchdog, _temporary: temporary, _lock: lock, jars: jars.clone() };
        let services = compose::brokers(options.cluster.then_some(PROFILE));
        let ports = ports::choose(&services, options.ip, &options.ports).ok_or(ApacheError::NoPort)?;
        for service in &services {
            let folder = root.join(&service.name);
            let mut environment = service.moved(options.ip, &ports, DATA);
            environment.extend(options.settings.iter().cloned());
            let port = ports[&(service.name.clone(), service.host_port())];
            let address = SocketAddr::from((options.ip, port));
            apache.nodes.push(Node::prepare(&service.name, address, &folder, environment, jars).await?);
        }
        for node in &mut apache.nodes {
            node.start(&apache.watchdog).map_err(ApacheError::Shell)?;
        }
        apache.wait_until_ready(apache.bootstrap(), apache.nodes.len()).await?;
        Ok(apache)
    }

    /// For `bootstrap.servers`: `HOST:PORT`, with commas between several.
    pub fn bootstrap(&self) -> String {
        self.nodes.iter().map(|node| node.address.to_string()).collect::<Vec<_>>().join(",")
    }

    /// The address of each broker.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address).collect()
    }

    /// The process of a broker, counted from 0; `None` when it doesn't run. Stop it, go on with it, kill it.
    pub fn pid(&self, broker: usize) -> Option<u32> {
        self.nodes[broker].pid()
    }

    /// Where a broker, counted from 0, has its data: a folder for each partition.
    pub fn data(&self, broker: usize) -> PathBuf {
        self.nodes[broker].data()
    }

    /// Kills a broker (SIGKILL), and waits until it is gone. Its data stay.
    pub async fn kill(&mut self, broker: usize) {
        self.nodes[broker].signal(Signal::SIGKILL);
        self.bury(broker).await;
    }

    /// Starts a broker again after its end, with its port and its data, and waits until it is ready.
    pub async fn start_again(&mut self, broker: usize) -> Result<(), ApacheError> {
        if self.pid(broker).is_some() {
            self.kill(broker).await;
        }
        self.nodes[broker].start(&self.watchdog).map_err(ApacheError::Shell)?;
        let running = self.nodes.iter().filter(|node| node.pid().is_some()).count();
        self.wait_until_ready(self.nodes[broker].address.to_string(), running).await
    }

    /// Waits until all brokers have ended by themselves, or by a hand from outside.
    pub async fn ended(&mut self) -> ApacheError {
        loop {
            for node in &mut self.nodes {
                if let Some(pid) = node.has_ended() {
                    self.watchdog.is_over(pid);
                    warn!(broker = node.name, address = %node.address, "a broker has ended");
                }
            }
            if self.nodes.iter().all(|node| node.pid().is_none()) {
                return self.nodes[0].failure();
            }
            sleep(LOOK).await;
        }
    }

    /// Ends all brokers in order; those that take more than 10 s are killed.
    pub async fn stop(mut self) {
        for node in &self.nodes {
            node.signal(Signal::SIGTERM);
        }
        let deadline = Instant::now() + ORDERLY_END;
        for broker in 0..self.nodes.len() {
            if self.pid(broker).is_some() && timeout_at(deadline, self.bury(broker)).await.is_err() {
                warn!(broker = self.nodes[broker].name, "it didn't end in time: killed");
                self.kill(broker).await;
            }
        }
    }

    /// A program in Kafka's jars, such as `org.apache.kafka.tools.TopicCommand`. Give
    /// it arguments, `--bootstrap-server` too, and run it.
    pub fn tool(&self, class: &str) -> Command {
        self.jars.command(&["-Xmx256m", QUICK], class)
    }

    /// Waits for a broker's end, and tells the watchdog.
    async fn bury(&mut self, broker: usize) {
        let Some(pid) = self.pid(broker) else { return };
        self.nodes[broker].ended().await;
        self.watchdog.is_over(pid);
    }

    /// Until these brokers know of so many, themselves included.
    async fn wait_until_ready(&mut self, bootstrap: String, brokers: usize) -> Result<(), ApacheError> {
        let deadline = Instant::now() + READY;
        let asker = Asker::new(&bootstrap)?;
        loop {
            for node in &mut self.nodes {
                if let Some(pid) = node.has_ended() {
                    self.watchdog.is_over(pid);
                    return Err(node.failure());
                }
            }
            if Instant::now() > deadline {
                let node = &self.nodes[0];
                return Err(ApacheError::NotReady { broker: node.name.clone(), log: node.last_lines() });
            }
            if asker.known_brokers().await >= brokers {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        // The folder must not go while somebody writes to it.
        for node in &mut self.nodes {
            node.signal(Signal::SIGKILL);
        }
        let deadline = Instant::now() + KILLED;
        for node in &mut self.nodes {
            while node.pid().is_some() && node.has_ended().is_none() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }
}

/// Kafka has a lock too, and takes it when it has written to the data already.
fn lock(root: &Path) -> Result<File, ApacheError> {
    let failed = |error: io::Error| ApacheError::folder(root, &error);
    let lock = File::create(root.join(".lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(ApacheError::InUse(root.display().to_string())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The ports that programs on this machine use for the profile in docker-compose.yml.
pub(crate) fn compose_ports(cluster: bool) -> Vec<u16> {
    compose::brokers(cluster.then_some(PROFILE)).iter().map(Service::host_port).collect()
}
