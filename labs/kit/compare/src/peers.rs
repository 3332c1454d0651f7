//! `peers`: each lab's server against the least that could do its job.
//!
//! The two sides of a row run in turns, and which goes first changes with each
//! round, so that a machine that slows down or is disturbed does it to both.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum, value_parser};
use lab_console::{Failure, OutputArgs, host_port};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::machine;
use crate::report::{self, Measured};
use crate::rows::{self, Broker, Row, Side};

/// `peers`
#[derive(Args, Clone, Debug)]
pub(crate) struct PeersArgs {
    /// The rows of this; without it, those of REST and gRPC
    #[arg(value_name = "WHAT")]
    what: Option<What>,
    /// How often each pair is measured
    #[arg(long, value_name = "N", default_value = "5", value_parser = value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// How long each side runs in a round
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    seconds: Duration,
    /// Only this row; may be given more than once. Names that begin with kafka are rows of `peers kafka`
    #[arg(long, value_name = "NAME")]
    only: Vec<Row>,
    /// One round of 0.2 s: shows that everything runs, and nothing else
    #[arg(long, conflicts_with_all = ["rounds", "seconds"])]
    quick: bool,
    /// The instrument's own check: a peer against itself must give 1
    #[arg(long, conflicts_with = "only")]
    control: bool,
    /// Keep the temporary databases in a folder in here; it should be on the disk that orders are kept on
    #[arg(long, value_name = "DIR", default_value = ".lab")]
    folder: PathBuf,
    /// Kafka: on Apache Kafka from its jars, instead of the embedded broker
    #[arg(long, requires = "what", conflicts_with = "brokers")]
    apache: bool,
    /// Kafka: on a broker that runs. It is left with topics that begin with compare-
    #[arg(long, value_name = "HOST:PORT", requires = "what", value_parser = host_port)]
    brokers: Option<String>,
    /// How to print.
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// What has rows of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// The producer and the consumer
    Kafka,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "must be a number of seconds from 0.1 to 600".to_owned())
}

/// Measures, and prints each row when it is done. A goal that is missed is no failure.
pub(crate) fn run(args: &PeersArgs) -> Result<(), Failure> {
    let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
    measure_rows(args, &stop).map_err(|error| match error.downcast::<Failure>() {
        Ok(failure) => failure,
        Err(_) if stop.is_cancelled() => Failure::refused("interrupted", "interrupted"),
        Err(error) => Failure::refused("failed", format!("{error:#}")),
    })
}

fn measure_rows(args: &PeersArgs, stop: &CancellationToken) -> Result<()> {
    let (rows, broker) = (args.rows()?, args.broker());
    let folder = Folder::make(&args.folder)?;
    let (rounds, time) = if args.quick { (1, Duration::from_millis(200)) } else { (args.rounds, args.seconds) };
    if !machine::RELEASE {
        eprintln!("THIS IS A DEBUG BUILD: ITS FIGURES MEAN NOTHING. Run it with `cargo run --release`.");
    }
    if !args.output.json {
        print(&introduction(args, rounds, time, &folder)?)?;
    }
    for row in rows {
        let measure = || measure(row, &broker, rounds, time, &folder, stop);
        let measured = measure().with_context(|| format!("row {}", row.name()))?;
        if args.output.json { print(&[measured.json().to_string()])? } else { print(&measured.lines())? }
    }
    Ok(())
}

impl PeersArgs {
    fn rows(&self) -> Result<Vec<Row>, Failure> {
        let kafka = self.what == Some(What::Kafka);
        if let Some(foreign) = self.only.iter().find(|row| row.is_kafka() != kafka) {
            let where_it_is = if kafka { "peers" } else { "peers kafka" };
            return Err(Failure::usage(format!("{} is a row of `{where_it_is}`", foreign.name())));
        }
        if !self.only.is_empty() {
            return Ok(self.only.clone());
        }
        // Those of Kafka are few and have their controls with them.
        let wanted = |row: &Row| if self.control { row.is_control() } else { kafka || !row.is_control() };
        let all = Row::value_variants().iter().copied().chain([Row::Control]);
        Ok(all.filter(|row| row.is_kafka() == kafka).filter(wanted).collect())
    }

    fn broker(&self) -> Broker {
        match &self.brokers {
            Some(brokers) => Broker::At(brokers.clone()),
            None if self.apache => Broker::Apache,
            None => Broker::Embedded,
        }
    }
}

fn measure(
    row: Row,
    broker: &Broker,
    rounds: u32,
    time: Duration,
    folder: &Folder,
    stop: &CancellationToken,
) -> Result<Measured> {
    let folder = tempfile::tempdir_in(folder.path())?;
    let mut experiment = row.prepare(folder.path(), broker)?;
    // What is slow once (code that is paged in, a file that grows) is no one's figure.
    for side in [Side::Lab, Side::Peer] {
        experiment.measure(side, time / 4)?;
    }
    let mut measured = Measured { row, rounds: Vec::new() };
    for round in 0..rounds {
        progress(&format!("{}: round {} of {rounds}", row.name(), round + 1));
        let mut side = |side| {
            if stop.is_cancelled() {
                bail!("interrupted");
            }
            experiment.measure(side, time)
        };
        measured.rounds.push(if round % 2 == 0 {
            let lab = side(Side::Lab)?;
            (lab, side(Side::Peer)?)
        } else {
            let peer = side(Side::Peer)?;
            (side(Side::Lab)?, peer)
        });
    }
    progress("");
    Ok(measured)
}

/// Who measures what, where and for how long: without it the figures say nothing.
fn introduction(args: &PeersArgs, rounds: u32, time: Duration, folder: &Folder) -> Result<Vec<String>> {
    let (cores, build) = (machine::cores(), if machine::RELEASE { "release" } else { "DEBUG" });
    let rounds = if rounds == 1 { "1 round".to_owned() } else { format!("{rounds} rounds") };
    let mut lines = Vec::new();
    if args.what == Some(What::Kafka) {
        let records = rows::records(time);
        lines.push(format!("{cores} cores, {build} build; {rounds} of {records} records a side, in turns; medians."));
        lines.extend(args.broker().introduction());
    } else {
        lines.push(format!("{cores} cores, {build} build; {rounds} of {time:?} a side, in turns; medians."));
        lines.extend(servers_introduction(cores, folder)?);
    }
    if let Some(busy) = machine::busy_threads().filter(|&busy| busy > 0.5) {
        lines.push(format!("Others were busy before this (load {busy:.1}): expect wide spreads."));
    }
    lines.push(String::new());
    lines.push(report::header());
    Ok(lines)
}

fn servers_introduction(cores: usize, folder: &Folder) -> Result<Vec<String>> {
    let fsync = machine::fsync_time(folder.path())?;
    let mut lines = vec![
        format!("Load: this program, {cores} threads on the same cores as the servers; what it takes"),
        "itself is in both sides of a ratio and draws it towards 1.".to_owned(),
        "Servers: processes of their own, logging at `info` to /dev/null.".to_owned(),
        format!("Databases: files in {}; a small fsync takes {fsync:.0?} there.", folder.shown.display()),
    ];
    if fsync < Duration::from_micros(20) {
        lines.push("That is no disk: what is said about create means nothing. See --folder.".to_owned());
    }
    Ok(lines)
}

/// A folder of its own for the databases; it is removed at the end.
struct Folder {
    temporary: TempDir,
    shown: PathBuf,
}

impl Folder {
    fn make(parent: &Path) -> Result<Self, Failure> {
        let failed = |error| {
            Failure::missing(format!(
                "can't make a folder in {}: {error}; name another with --folder",
                parent.display()
            ))
        };
        std::fs::create_dir_all(parent).map_err(failed)?;
        let temporary = tempfile::Builder::new().prefix("compare-").tempdir_in(parent).map_err(failed)?;
        Ok(Self { temporary, shown: parent.to_owned() })
    }

    fn path(&self) -> &Path {
        self.temporary.path()
    }
}

fn print(lines: &[String]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let printed = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    printed.and_then(|()| out.flush()).map_err(|error| Failure::output(&error))
}

/// Shows a person that something goes on, on a line that is overwritten.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r{text:60}\r");
    }
}
