//! A Kafka client in a process of its own, measured from inside: one run, one answer.
//!
//! With Kafka it is the clients that are compared, and the broker is the same for
//! both. The labs' side is the lab's own code: the program `producer import` from
//! its first line to its last, and the loop of `consumer` with its effect left out.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;
use lab_console::Output;
use lab_kafka::config::{ConsumerArgs, ProducerArgs};
use lab_kafka::consumer::take_requests;
use lab_kafka::effects::{Effects, Verdicts};
use lab_kafka::wire::Topics;
use lab_lifecycle::LevelFilter;
use lab_orders::{Effect, OrderRequest};
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{machine, performance};

/// Where the records are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) brokers: String,
    pub(crate) topic_prefix: String,
}

/// Which client a child is; its command line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Work {
    /// The lab's `producer import`, of a file with so many lines.
    Import { place: Place, file: PathBuf, records: u64 },
    /// librdkafka's rdkafka_performance as a producer, with these arguments.
    Performance { arguments: Vec<String>, records: u64 },
    /// The lab's consumer without its effect; and without its log line for each request, if so.
    Take { place: Place, records: u64, logs: bool },
    /// A loop around `BaseConsumer::poll`, with the same settings; one that looks at headers, if so.
    Poll { place: Place, records: u64, headers: bool },
}

/// What came of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    records: u64,
    us: u64,
}

impl Done {
    pub(crate) fn new(records: u64, time: Duration) -> Self {
        Self { records, us: time.as_micros() as u64 }
    }

    /// Records a second.
    pub(crate) fn rate(self) -> f64 {
        self.records as f64 * 1e6 / self.us.max(1) as f64
    }

    pub(crate) fn records(self) -> u64 {
        self.records
    }

    pub(crate) fn time(self) -> Duration {
        Duration::from_micros(self.us)
    }
}

/// For a broker that has stopped answering: then a child ends by itself, whatever has become of its parent.
const PATIENCE: Duration = Duration::from_secs(60);
/// So many records a second are the least that is waited for.
const SLOWEST: u64 = 2_000;

impl Work {
    /// Has a child do it; what came of it, and the CPU time that the child took from its start to its end.
    pub(crate) fn run(&self) -> Result<(Done, Duration)> {
        let before = machine::children_cpu_time()?;
        let program = std::env::current_exe().context("failed to find this program's own file")?;
        let output = Command::new(program)
            .arg("work")
            .arg(serde_json::to_string(self)?)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C goes to the parent alone, which waits for the end of this run.
            .process_group(0)
            .output()
            .context("failed to start a client")?;
        let cpu = machine::children_cpu_time()?.saturating_sub(before);
        let said = String::from_utf8_lossy(&output.stdout);
        let done = match self {
            Self::Performance { .. } => performance::read_summary(&said),
            _ => said.lines().last().and_then(|line| serde_json::from_str(line).ok()),
        };
        let done = done.ok_or_else(|| anyhow!("a client said: {}", said.trim_end()))?;
        ensure!(done.records <= self.records(), "a client had {} records of {}", done.records, self.records());
        Ok((done, cpu))
    }

    fn records(&self) -> u64 {
        match *self {
            Self::Import { records, .. }
            | Self::Performance { records, .. }
            | Self::Take { records, .. }
            | Self::Poll { records, .. } => records,
        }
    }
}

/// Be the child.
pub(crate) fn work(work: &str) -> Result<()> {
    let work: Work = serde_json::from_str(work).context("failed to read what to do")?;
    let patience = PATIENCE + Duration::from_secs(work.records() / SLOWEST);
    std::thread::spawn(move || {
        std::thread::sleep(patience);
        println!("gave up after {patience:?}");
        std::process::exit(1)
    });
    let done = match work {
        Work::Performance { arguments, .. } => std::process::exit(performance::run(&arguments)?),
        Work::Import { place, file, records } => import(&place, &file, records)?,
        Work::Take { place, records, logs } => take(&place, records, logs)?,
        Work::Poll { place, records, headers } => poll(&place, records, headers)?,
    };
    println!("{}", serde_json::to_string(&done)?);
    Ok(())
}

/// From its start to its last report: what it asks the broker before the first record is in it.
fn import(place: &Place, file: &std::path::Path, records: u64) -> Result<Done> {
    let file = file.to_str().context("the file's name is not UTF-8")?;
    let options = ["--brokers", &place.brokers, "--topic-prefix", &place.topic_prefix, "--flush-timeout", "60"];
    let args = ProducerArgs::try_parse_from([&["producer", "import", file], &options[..]].concat())?;
    let _logs = lab_lifecycle::start_logs(LevelFilter::WARN);
    // As `#[tokio::main]` would, and so as the lab's own program does.
    let runtime = tokio::runtime::Runtime::new()?;
    let started = Instant::now();
    // It fails when a record is not known to be delivered.
    runtime.block_on(lab_kafka::producer::run(args))?;
    Ok(Done::new(records, started.elapsed()))
}

fn take(place: &Place, records: u64, logs: bool) -> Result<Done> {
    let _logs = lab_lifecycle::start_logs(if logs { LevelFilter::INFO } else { LevelFilter::WARN });
    let runtime = tokio::runtime::Runtime::new()?;
    let args = place.consumer()?;
    let (progress, stop) = (Progress::new(records), CancellationToken::new());
    let without = WithoutEffect { progress: &progress, stop: stop.clone() };
    take_requests(&args, without, Output::new(false), runtime.handle().clone(), stop)?;
    progress.done.get().context("the consumer has ended too early")
}

fn poll(place: &Place, records: u64, headers: bool) -> Result<Done> {
    let mut config = place.consumer()?.member("apply");
    // What a loop without a thought does: a place is stored when the record is handed out.
    config.set("enable.auto.offset.store", "true");
    let consumer: BaseConsumer = config.create()?;
    consumer.subscribe(&[&Topics::of(&place.topic_prefix).requests])?;
    let progress = Progress::new(records);
    loop {
        if let Some(record) = consumer.poll(Duration::from_millis(100)) {
            let record = record?;
            // librdkafka parses them when somebody asks for the first time.
            if headers {
                std::hint::black_box(record.headers().is_some());
            }
            progress.advance(1);
        }
        if let Some(done) = progress.done.get() {
            return Ok(done);
        }
    }
}

impl Place {
    /// A consumer whose group is new: it begins at the beginning.
    pub(crate) fn consumer(&self) -> Result<ConsumerArgs> {
        let group = uuid::Uuid::new_v4().to_string();
        let options = ["--brokers", &self.brokers, "--topic-prefix", &self.topic_prefix, "--group", &group];
        Ok(ConsumerArgs::try_parse_from([&["consumer"], &options[..]].concat())?)
    }
}

/// Counts records from the first on: what comes before it, the joining of a group, is no one's figure.
struct Progress {
    wanted: u64,
    seen: Cell<u64>,
    first: Cell<Option<(Instant, u64)>>,
    done: Cell<Option<Done>>,
}

impl Progress {
    fn new(wanted: u64) -> Self {
        Self { wanted, seen: Cell::new(0), first: Cell::new(None), done: Cell::new(None) }
    }

    fn advance(&self, records: u64) {
        let seen = self.seen.get() + records;
        self.seen.set(seen);
        let Some((started, at)) = self.first.get() else {
            return self.first.set(Some((Instant::now(), seen)));
        };
        if seen >= self.wanted && self.done.get().is_none() {
            self.done.set(Some(Done::new(seen - at, started.elapsed())));
        }
    }
}

/// In the place of the store: every request counts as applied at once.
struct WithoutEffect<'p> {
    progress: &'p Progress,
    stop: CancellationToken,
}

impl Effects for WithoutEffect<'_> {
    type Reply = Ready<Verdicts>;

    fn apply(&self, requests: Vec<OrderRequest>) -> Self::Reply {
        self.progress.advance(requests.len() as u64);
        if self.progress.done.get().is_some() {
            self.stop.cancel();
        }
        ready(Ok(vec![Ok(Effect::Applied); requests.len()]))
    }
}
