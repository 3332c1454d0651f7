//! Topics with records in them, for programs that read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::bench::Bench;
use crate::broker::{Asked, At, Consuming, Fate, Feed, New, Plan, Relay};
use crate::http::Gate;
use crate::verdict::{Failed, Outcome};

/// From the start: ten seconds, as the sentences say, and what a busy machine adds.
pub(super) const PATIENCE: Duration = Duration::from_secs(12);

/// The same for who reads to the end, and does nothing else.
pub(super) const TO_READ: Duration = Duration::from_secs(11);

/// From SIGTERM on: ten seconds, as the sentences say, and what a busy machine adds.
pub(super) const TO_END: Duration = Duration::from_millis(10_800);

/// What a slow broker takes for a commit, as the sentences say.
pub(super) const SLOW: Duration = Duration::from_secs(1);

/// A topic, and how records get there.
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) feed: Feed,
}

impl Topic {
    pub(super) async fn new(bench: &Bench) -> Result<Self, Failed> {
        let name = bench.kafka().topic().await?;
        Ok(Self { feed: bench.kafka().feed(&name)?, name })
    }

    /// So many more in each partition.
    pub(super) async fn send(&self, bench: &Bench, counts: [usize; 3]) -> Outcome {
        let partitions = (0..).zip(counts).flat_map(|(partition, count)| std::iter::repeat_n(partition, count));
        self.feed.send(&partitions.map(|partition| new(bench, partition)).collect::<Vec<_>>()).await
    }

    pub(super) async fn read_by(&self, bench: &Bench, group: &str) -> Result<Consuming, Failed> {
        bench.consume(At::Broker, &self.name, group, sleep(TO_READ)).await
    }
}

/// A topic with so many records in each partition.
pub(super) async fn filled(bench: &Bench, counts: [usize; 3]) -> Result<Topic, Failed> {
    let topic = Topic::new(bench).await?;
    topic.send(bench, counts).await?;
    Ok(topic)
}

pub(super) fn new(bench: &Bench, partition: i32) -> New {
    New { partition, key: Some(bench.id()), value: Some(bench.word()) }
}

/// A relay with such requests waiting at the gate.
pub(super) async fn holding(
    bench: &Bench,
    gate: &Gate,
    which: fn(Asked) -> bool,
    hold: fn(Gate) -> Fate,
) -> Result<Relay, Failed> {
    let gate = gate.clone();
    bench.kafka().relay(move |asked: Asked| if which(asked) { hold(gate.clone()) } else { Fate::Pass }).await
}

/// A broker that takes its time for a commit, when it is told to.
pub(super) struct SlowCommits {
    pub(super) relay: Relay,
    is_slow: Arc<AtomicBool>,
    gate: Gate,
}

impl SlowCommits {
    pub(super) async fn new(bench: &Bench) -> Result<Self, Failed> {
        Self::or(bench, |_| Fate::Pass).await
    }

    /// With another plan for what is no commit.
    pub(super) async fn or(bench: &Bench, other: impl Plan) -> Result<Self, Failed> {
        let (is_slow, gate) = (Arc::new(AtomicBool::new(false)), Gate::new());
        let (slow, behind) = (Arc::clone(&is_slow), gate.clone());
        let plan = move |asked: Asked| match asked.is_commit() {
            true if slow.load(Ordering::Acquire) => Fate::Hold(behind.clone()),
            true => Fate::Pass,
            false => other(asked),
        };
        Ok(Self { relay: bench.kafka().relay(plan).await?, is_slow, gate })
    }

    /// From now on it holds them.
    pub(super) fn begins(&self) {
        self.is_slow.store(true, Ordering::Release);
    }

    /// Returns when it holds one; after so long in any case.
    pub(super) async fn holds_one(&self, patience: Duration) {
        self.gate.filled(1, patience).await;
    }

    /// Waits for that; should it take longer than the broker does for a commit, that one is taken, and
    /// all others. Whoever has gone meanwhile has taken its own back.
    pub(super) async fn while_it_waits<T>(&self, came: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            came = came => came,
            never = async {
                self.holds_one(PATIENCE).await;
                sleep(SLOW).await;
                self.gate.open();
                std::future::pending().await
            } => never,
        }
    }
}

/// Opens the gate so long after `came`, and returns when the program has had its time: so long, from its start.
pub(super) async fn opened(gate: &Gate, came: impl Future<Output = ()>, held: Duration, patience: Duration) {
    let open = async {
        came.await;
        sleep(held).await;
        gate.open();
        std::future::pending().await
    };
    let _: Result<(), _> = timeout(patience, open).await;
}
