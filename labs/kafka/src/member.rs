//! A member of a consumer group: joining, what the group does meanwhile, leaving.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lab_console::Failure;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::broker::{self, log_native};

/// What a thread may take to end after the stop. A broker that doesn't answer
/// would hold it for ever; what it has not committed comes again, without effect.
const STOP: Duration = Duration::from_secs(6);
/// How often lag is logged, in milliseconds, while there is something to tell.
const PROGRESS_MS: &str = "10000";
/// The same trouble is a warning once in so long.
const SAME_TROUBLE: Duration = Duration::from_secs(10);

/// What librdkafka tells a member of a group.
#[derive(Default)]
pub struct Member {
    committed: Mutex<Option<Instant>>,
    /// What was told of in the last seconds.
    trouble: Mutex<Vec<(RDKafkaErrorCode, Instant)>>,
    /// Partitions that have gone to others since somebody last asked.
    revoked: Mutex<Vec<i32>>,
}

impl Member {
    /// Partitions that have gone to others since the last call.
    pub(crate) fn take_revoked(&self) -> Vec<i32> {
        std::mem::take(&mut *lock(&self.revoked))
    }

    /// Whether a partition is among them.
    pub(crate) fn was_revoked(&self, partition: i32) -> bool {
        lock(&self.revoked).contains(&partition)
    }

    /// Whether this is news.
    fn is_news(&self, code: RDKafkaErrorCode) -> bool {
        let mut told = lock(&self.trouble);
        told.retain(|(_, when)| when.elapsed() < SAME_TROUBLE);
        let is_news = told.iter().all(|(known, _)| *known != code);
        if is_news {
            told.push((code, Instant::now()));
        }
        is_news
    }
}

/// Values that a panic elsewhere can't leave half-changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_native(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        debug!(%error, reason, "librdkafka");
    }

    /// Lag is how many records wait in a partition behind the committed place.
    fn stats(&self, statistics: Statistics) {
        let mut lag = Vec::new();
        for (name, topic) in &statistics.topics {
            let ours =
                topic.partitions.values().filter(|partition| partition.partition >= 0 && partition.consumer_lag >= 0);
            lag.extend(ours.map(|partition| (name.as_str(), partition.partition, partition.consumer_lag)));
        }
        lag.sort_unstable();
        let total: i64 = lag.iter().map(|(.., lag)| lag).sum();
        let by_partition: Vec<_> = lag.iter().map(|(_, partition, lag)| format!("{partition}:{lag}")).collect();
        let committed = lock(&self.committed).map(|at| at.elapsed());
        let age = committed.map_or_else(|| "never".to_owned(), |age| format!("{:.1} s ago", age.as_secs_f64()));
        if total > 0 || committed.is_some_and(|age| age < SAME_TROUBLE) {
            info!(lag = total, partitions = by_partition.join(" "), committed = age, "progress");
        } else {
            debug!(lag = total, partitions = by_partition.join(" "), committed = age, "idle");
        }
    }
}

impl ConsumerContext for Member {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => info!(partitions = numbers(partitions), "partitions are ours"),
            Rebalance::Revoke(partitions) => {
                // librdkafka commits what is stored of them before it lets go.
                info!(partitions = numbers(partitions), "partitions go to another member");
                lock(&self.revoked).extend(partitions.elements().iter().map(|element| element.partition()));
            }
            Rebalance::Error(error) => warn!(%error, "the group could not rebalance"),
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        match result {
            Ok(()) => *lock(&self.committed) = Some(Instant::now()),
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::NoOffset) => {}
            Err(error) if error.rdkafka_error_code().is_some_and(|code| !self.is_news(code)) => {}
            Err(error) => warn!(%error, "the place was not committed; requests since then may come again"),
        }
    }
}

fn numbers(partitions: &TopicPartitionList) -> String {
    let numbers: Vec<_> = partitions.elements().iter().map(|element| element.partition().to_string()).collect();
    numbers.join(" ")
}

/// Joins a group for one topic. Which partitions are ours comes with the polls.
pub(crate) fn join(config: &ClientConfig, topic: &str) -> Result<BaseConsumer<Member>, Failure> {
    let mut config = config.clone();
    config.set("statistics.interval.ms", PROGRESS_MS);
    let consumer = broker::create(BaseConsumer::from_config_and_context(&config, Member::default()))?;
    consumer.subscribe(&[topic]).map_err(|error| Failure::usage(format!("can't subscribe to {topic}: {error}")))?;
    Ok(consumer)
}

/// The record of a poll. `None`: something that passes, or that needs a person and
/// not this program. Only what no waiting can mend is a failure.
pub(crate) fn record<'c>(
    polled: KafkaResult<BorrowedMessage<'c>>,
    consumer: &BaseConsumer<Member>,
) -> Result<Option<BorrowedMessage<'c>>, Failure> {
    let error = match polled {
        Ok(record) => return Ok(Some(record)),
        Err(error) => error,
    };
    if let Some((code, reason)) = consumer.client().fatal_error() {
        return Err(fatal(code, &reason));
    }
    match error.rdkafka_error_code() {
        Some(code @ (RDKafkaErrorCode::UnsupportedVersion | RDKafkaErrorCode::UnsupportedFeature)) => {
            Err(fatal(code, &error.to_string()))
        }
        // Said beside "all brokers are down", of each of them.
        Some(RDKafkaErrorCode::BrokerTransportFailure) => Ok(None),
        Some(code) if consumer.context().is_news(code) => {
            warn!(%code, "trouble with the broker; trying again");
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn fatal(code: RDKafkaErrorCode, reason: &str) -> Failure {
    let remedy = match code {
        RDKafkaErrorCode::UnsupportedVersion | RDKafkaErrorCode::UnsupportedFeature => {
            ": this broker doesn't know the group protocol; try --group-protocol classic"
        }
        _ => "",
    };
    Failure::unavailable(format!("the consumer can't go on ({}){remedy}", reason.trim_end_matches('.')))
}

/// Runs blocking work on a thread of its own, and waits for it; after `stop` for 6 s
/// at most. It can't be joined: with a broker that doesn't answer, librdkafka
/// doesn't let go of a group. The end of the process ends it.
pub(crate) async fn on_thread(
    name: &str,
    stop: &CancellationToken,
    work: impl FnOnce() -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    let (ended, mut end) = oneshot::channel();
    let no_thread = |error: io::Error| Failure::missing(format!("can't start a thread: {error}"));
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(move || ended.send(work())).map_err(no_thread)?;
    let gone = || Err(Failure::unavailable("a thread of this program ended by a fault of its own"));
    tokio::select! {
        done = &mut end => return done.unwrap_or_else(|_| gone()),
        () = stop.cancelled() => {}
    }
    match timeout(STOP, end).await {
        Ok(done) => done.unwrap_or_else(|_| gone()),
        Err(_) => {
            warn!("the broker doesn't let go in time; what was not committed comes again, without effect");
            Ok(())
        }
    }
}
