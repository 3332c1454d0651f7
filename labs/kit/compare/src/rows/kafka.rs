//! Kafka: clients against clients, with one broker for both sides.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lab_kafka::producer::MOST_IN_FLIGHT;
use lab_kafka::wire::Topics;
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;

use super::{DRAFT, Experiment, Sample, Side};
use crate::child::Child;
use crate::load::Cpu;
use crate::servers::Server;
use crate::work::{Done, Place, Work};

/// Records for each second that a side is to run: so many a second a slow machine sends as well.
const RECORDS_A_SECOND: f64 = 250_000.0;
/// Records that the consumers read, and partitions in which the embedded broker keeps them.
/// It trims each at 5 MiB, and these are 3 MB.
const KEPT: u64 = 200_000;
const PARTITIONS: i32 = 24;
const PATIENCE: Duration = Duration::from_secs(20);

/// Which broker is used.
#[derive(Clone, Debug)]
pub(crate) enum Broker {
    Embedded,
    Apache,
    /// One that runs: `HOST:PORT,…`.
    At(String),
}

/// A broker that runs, and topics on it that nobody else uses.
struct Running {
    place: Place,
    /// `None`: it is not ours.
    server: Option<Child>,
    embedded: bool,
}

/// Records that a side sends or reads in a round of so long.
pub(crate) fn records(time: Duration) -> u64 {
    (time.as_secs_f64() * RECORDS_A_SECOND) as u64
}

impl Broker {
    /// What the figures depend on, for the head of the table.
    pub(crate) fn introduction(&self) -> Vec<String> {
        let which = match self {
            Self::Embedded => "the embedded one, on the same cores".to_owned(),
            Self::Apache => "Apache Kafka from its jars, on the same cores".to_owned(),
            Self::At(brokers) => format!("at {brokers}"),
        };
        let mut lines = vec![
            format!("Broker: {which}; what it takes is in"),
            "both sides of a ratio and draws it towards 1.".to_owned(),
            "Clients: processes of their own, one at a time, logs and output to /dev/null.".to_owned(),
            format!("Consumers read the same {KEPT} requests, as often as is needed."),
        ];
        if matches!(self, Self::Embedded) {
            lines.push(format!("They are in {PARTITIONS} partitions: the embedded broker trims each at 5 MiB."));
        }
        lines
    }

    fn start(&self) -> Result<Running> {
        let topic_prefix = format!("compare-{}", uuid::Uuid::new_v4());
        let server = match self {
            Self::Embedded => {
                let topics = vec![(Topics::of(&topic_prefix).requests, PARTITIONS)];
                Some(Child::start(&Server::EmbeddedBroker { topics })?)
            }
            Self::Apache => Some(Child::start(&Server::Apache)?),
            Self::At(_) => None,
        };
        let brokers = match (self, &server) {
            (Self::At(brokers), _) => brokers.clone(),
            (_, Some(server)) => server.address().to_string(),
            (_, None) => unreachable!("a broker of ours runs"),
        };
        Ok(Running { place: Place { brokers, topic_prefix }, server, embedded: matches!(self, Self::Embedded) })
    }
}

impl Running {
    /// What the client did, and what it took; what the broker took where that is known:
    /// Apache's JVM is a process that nobody here waits for.
    fn run(&mut self, work: &Work) -> Result<(Done, Cpu)> {
        let mut broker_cpu = || self.server.as_mut().filter(|_| self.embedded).map(Child::cpu_time).transpose();
        let (before, started) = (broker_cpu()?, Instant::now());
        let (done, cpu) = work.run()?;
        let took = broker_cpu()?.zip(before).map(|(after, before)| after.saturating_sub(before));
        let each_us = cpu.as_secs_f64() * 1e6 / done.records().max(1) as f64;
        let other_cores = took.map(|took| took.as_secs_f64() / started.elapsed().as_secs_f64());
        Ok((done, Cpu { each_us, other_cores }))
    }

    /// Has the lab's producer send so many requests.
    fn import(&mut self, folder: &Path, records: u64) -> Result<(Done, Cpu)> {
        let file = lines(folder, records)?;
        self.run(&Work::Import { place: self.place.clone(), file, records })
    }
}

/// A file with so many orders to place.
fn lines(folder: &Path, count: u64) -> Result<PathBuf> {
    let path = folder.join(format!("orders-{count}.ndjson"));
    if !path.exists() {
        let mut file = BufWriter::new(std::fs::File::create(&path)?);
        (0..count).try_for_each(|_| writeln!(file, "{DRAFT}"))?;
        file.flush()?;
    }
    Ok(path)
}

/// Producers, one after another into the same topic.
pub(super) struct Produced {
    broker: Running,
    folder: PathBuf,
    /// The peer's arguments, but for the number of records.
    performance: Vec<String>,
    control: bool,
}

impl Produced {
    pub(super) fn start(folder: &Path, broker: &Broker, control: bool) -> Result<Self> {
        let mut broker = broker.start()?;
        // One record of the lab's, for the peer to send as many bytes in as many headers.
        broker.import(folder, 1)?;
        let performance = performance(&broker.place)?;
        Ok(Self { broker, folder: folder.to_owned(), performance, control })
    }
}

impl Experiment for Produced {
    fn measure(&mut self, side: Side, time: Duration) -> Result<Sample> {
        let records = records(time);
        let (done, cpu) = if side == Side::Lab && !self.control {
            self.broker.import(&self.folder, records)?
        } else {
            let arguments = [self.performance.clone(), vec!["-c".to_owned(), records.to_string()]].concat();
            self.broker.run(&Work::Performance { arguments, records })?
        };
        ensure!(done.records() == records, "{} records of {records} were delivered", done.records());
        Ok(Sample { value: done.rate(), cpu: Some(cpu), notes: Vec::new() })
    }
}

/// The peer's command line: the settings of the lab's producer, and a record like the lab's.
fn performance(place: &Place) -> Result<Vec<String>> {
    let args = place.consumer()?.kafka;
    let topic = Topics::of(&place.topic_prefix).requests;
    // `-D`: each record has memory of its own, as it would in any program that has something to say.
    let mut arguments: Vec<String> = ["-P", "-D", "-q", "-t", &topic].map(str::to_owned).to_vec();
    let own_copy = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut settings: Vec<_> = args.producer().config_map().into_iter().map(own_copy).collect();
    let own = [
        // Its keys are all the same, and would all go to one partition.
        ("partitioner", "random".to_owned()),
        // What the lab leaves as librdkafka has it, and this program doesn't.
        ("linger.ms", "5".to_owned()),
        ("message.send.max.retries", "2147483647".to_owned()),
        ("retry.backoff.ms", "100".to_owned()),
        // The lab counts itself.
        ("queue.buffering.max.messages", MOST_IN_FLIGHT.to_string()),
    ];
    settings.extend(own.map(|(name, value)| (name.to_owned(), value)));
    for (name, value) in settings {
        arguments.extend(["-X".to_owned(), format!("{name}={value}")]);
    }
    arguments.extend(like_the_labs(place, &topic)?);
    Ok(arguments)
}

/// `-s`, `-k` and `-H` for a record like the one in the topic.
fn like_the_labs(place: &Place, topic: &str) -> Result<Vec<String>> {
    let consumer: BaseConsumer = place.consumer()?.member("look").create()?;
    consumer.subscribe(&[topic])?;
    let until = Instant::now() + PATIENCE;
    let record = loop {
        match consumer.poll(Duration::from_millis(100)) {
            Some(record) => break record?,
            None => ensure!(Instant::now() < until, "the lab's record is not to be found"),
        }
    };
    let key = record.key().and_then(|key| std::str::from_utf8(key).ok()).context("the lab's record has no key")?;
    let mut arguments = vec!["-s".to_owned(), record.payload_len().to_string(), "-k".to_owned(), key.to_owned()];
    for header in record.headers().context("the lab's record has no headers")?.iter() {
        let value = String::from_utf8_lossy(header.value.unwrap_or_default());
        arguments.extend(["-H".to_owned(), format!("{}={value}", header.key)]);
    }
    Ok(arguments)
}

/// Consumers, one after another of the same records, each in a group of its own.
pub(super) struct Consumed {
    broker: Running,
    control: bool,
}

impl Consumed {
    pub(super) fn start(folder: &Path, broker: &Broker, control: bool) -> Result<Self> {
        let mut broker = broker.start()?;
        broker.import(folder, KEPT)?;
        Ok(Self { broker, control })
    }

    fn take(&self, logs: bool) -> Work {
        Work::Take { place: self.broker.place.clone(), records: KEPT, logs }
    }

    fn poll(&self, headers: bool) -> Work {
        Work::Poll { place: self.broker.place.clone(), records: KEPT, headers }
    }
}

impl Experiment for Consumed {
    /// All records, as often as is needed for the time.
    fn measure(&mut self, side: Side, time: Duration) -> Result<Sample> {
        let is_lab = side == Side::Lab && !self.control;
        let (passes, work) = (records(time).div_ceil(KEPT), if is_lab { self.take(false) } else { self.poll(false) });
        let runs = (0..passes).map(|_| self.broker.run(&work)).collect::<Result<Vec<_>>>()?;
        let each_us = runs.iter().map(|(_, cpu)| cpu.each_us).sum::<f64>() / passes as f64;
        let cores: Option<f64> = runs.iter().map(|(_, cpu)| cpu.other_cores).sum();
        let cpu = Cpu { each_us, other_cores: cores.map(|cores| cores / passes as f64) };
        let mut notes = Vec::new();
        if is_lab {
            let (with_logs, with_headers) = (self.take(true), self.poll(true));
            let (logs, headers) = (self.broker.run(&with_logs)?.0, self.broker.run(&with_headers)?.0);
            notes.push(format!("with its log line for each request, as it ships: {:.0}k/s", logs.rate() / 1e3));
            notes.push(format!("a bare loop that has the headers parsed: {:.0}k/s", headers.rate() / 1e3));
        }
        // By the time, and not the mean of rates.
        let records: u64 = runs.iter().map(|(done, _)| done.records()).sum();
        let time: Duration = runs.iter().map(|(done, _)| done.time()).sum();
        Ok(Sample { value: Done::new(records, time).rate(), cpu: Some(cpu), notes })
    }
}
