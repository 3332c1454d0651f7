//! The load generator: connections that ask again as soon as they are answered.
//!
//! It shares the machine with the server, so it must cost little, else both
//! sides of a ratio are mostly generator. Requests are bytes made beforehand, an
//! answer is read no further than is needed to know that it is whole and right,
//! and each core has a thread of its own with its share of the connections.

mod grpc;
mod http;
mod ping;
#[cfg(test)]
mod tests;

use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub(crate) use self::grpc::GrpcTarget;
pub(crate) use self::http::HttpTarget;
pub(crate) use self::ping::PingTarget;
use crate::child::Child;
use crate::machine;

/// A server, and what to ask it.
pub(crate) trait Target: Sync {
    /// A connection to it.
    type Connection: Connection;

    fn connect(&self) -> impl Future<Output = Result<Self::Connection>> + Send;
}

pub(crate) trait Connection: Send + 'static {
    /// Asks, and waits until at least one answer is there; returns how many
    /// were. An answer that is not as expected is an error.
    fn step(&mut self) -> impl Future<Output = Result<u64>> + Send;
}

/// What came of a run.
pub(crate) struct Run {
    answered: u64,
    time: Duration,
    server_cpu: Duration,
    generator_cpu: Duration,
    /// From question to answer, in nanoseconds, where a connection asks one at a time.
    latency: Histogram<u64>,
}

impl Run {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.answered as f64 / self.time.as_secs_f64()
    }

    /// Microseconds of which `quantile` of the answers took no longer.
    pub(crate) fn latency_us(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1e3
    }

    /// What it took of the machine.
    pub(crate) fn cpu(&self) -> Cpu {
        Cpu {
            each_us: self.server_cpu.as_secs_f64() * 1e6 / self.answered.max(1) as f64,
            other_cores: Some(self.generator_cpu.as_secs_f64() / self.time.as_secs_f64()),
        }
    }
}

/// What a run took: it tells how far the other end's share hides a difference.
#[derive(Clone, Copy)]
pub(crate) struct Cpu {
    /// Microseconds of the CPU that the measured program took, for an answer or a record.
    pub(crate) each_us: f64,
    /// How many cores the other end kept busy, the load generator or the broker; `None` when nobody knows.
    pub(crate) other_cores: Option<f64>,
}

/// For a server that has stopped answering.
const PATIENCE: Duration = Duration::from_secs(20);

/// Lets `connections` ask for so long; takes the CPU time of `server`, if it is
/// wanted. Every connection is open, and has been answered once, before the clock starts.
pub(crate) fn run(
    mut server: Option<&mut Child>,
    target: &impl Target,
    connections: usize,
    time: Duration,
) -> Result<Run> {
    let mut server_cpu = || server.as_mut().map_or(Ok(Duration::ZERO), |server| server.cpu_time());
    let threads = machine::cores().min(connections);
    let start = Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        let work = |thread: usize| {
            let share = connections / threads + usize::from(thread < connections % threads);
            let start = &start;
            scope.spawn(move || drive(target, share, time, start))
        };
        let workers: Vec<_> = (0..threads).map(work).collect();
        start.wait();
        let (server_before, own_before) = (server_cpu()?, machine::own_cpu_time()?);
        let started = Instant::now();
        let mut latency = new_histogram();
        let mut answered = 0;
        for worker in workers {
            let Ok(done) = worker.join() else { bail!("a thread of the load generator panicked") };
            let (count, times) = done?;
            answered += count;
            latency.add(times)?;
        }
        let (time, server_after) = (started.elapsed(), server_cpu()?);
        Ok(Run {
            answered,
            time,
            server_cpu: server_after.saturating_sub(server_before),
            generator_cpu: machine::own_cpu_time()?.saturating_sub(own_before),
            latency,
        })
    })
}

/// A thread's share: how many answers it got in time, and how long they took.
fn drive(target: &impl Target, share: usize, time: Duration, start: &Barrier) -> Result<(u64, Histogram<u64>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let connected = runtime.block_on(async { timeout(PATIENCE, connect(target, share)).await });
    // Also after a failure, or the others would wait for ever.
    start.wait();
    let connections = connected.context("the server didn't answer in time")??;
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        let until = Instant::now() + time;
        for connection in connections {
            tasks.spawn(ask_until(connection, until));
        }
        let mut total = (0, new_histogram());
        let collect = async {
            while let Some(done) = tasks.join_next().await {
                let (count, times) = done??;
                total.0 += count;
                total.1.add(times)?;
            }
            Ok(total)
        };
        timeout(time + PATIENCE, collect).await.context("the server has stopped answering")?
    })
}

async fn connect<T: Target>(target: &T, share: usize) -> Result<Vec<T::Connection>> {
    let mut connections = Vec::with_capacity(share);
    for _ in 0..share {
        let mut connection = target.connect().await?;
        connection.step().await?;
        connections.push(connection);
    }
    Ok(connections)
}

async fn ask_until(mut connection: impl Connection, until: Instant) -> Result<(u64, Histogram<u64>)> {
    let (mut answered, mut times) = (0, new_histogram());
    let mut asked = Instant::now();
    while asked < until {
        answered += connection.step().await?;
        let now = Instant::now();
        times.saturating_record((now - asked).as_nanos() as u64);
        asked = now;
    }
    Ok((answered, times))
}

fn new_histogram() -> Histogram<u64> {
    // Two digits: a per cent, from a microsecond to a minute.
    Histogram::new_with_bounds(1_000, 60_000_000_000, 2).expect("the bounds are in order")
}
