//! The broker, seen from here: whether anybody is there, and the topics.
//!
//! librdkafka tries again for ever, which is right for a program that runs and
//! wrong for a person who has forgotten to start a broker. So each program asks
//! first, and says in a sentence who doesn't answer.

use std::time::Duration;

use futures_util::future::select_ok;
use lab_console::{Failure, reason};
use rdkafka::admin::{AdminClient, AdminOptions, ConfigResourceResult, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::util::Timeout;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use crate::config::KafkaArgs;
use crate::wire::Topics;

/// For a connection: on one machine or in one data centre it takes a moment.
const CONNECT: Duration = Duration::from_secs(3);
/// For an answer about the cluster, without which a program can't go on.
pub(crate) const ANSWER: Duration = Duration::from_secs(8);
/// For an answer that can be done without.
pub(crate) const OPTIONAL_ANSWER: Duration = Duration::from_secs(2);
/// For the topics' limits; a broker that has just died may be the one that is asked.
const LIMITS: Duration = Duration::from_secs(3);
/// For a new topic to be known by every broker.
const MOMENT: Duration = Duration::from_millis(50);
/// In as many parts a topic can be read at once, whatever the number of readers.
const PARTITIONS: i32 = 3;
const SEVEN_DAYS_MS: &str = "604800000";
/// librdkafka's mock broker, which the embedded broker is, calls itself so.
const EMBEDDED: &str = "mockCluster";

/// Sends what librdkafka logs to where all logs go, a level lower: what a person
/// must know of it, each program says itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_native(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        debug!(%error, reason, "librdkafka");
    }
}

impl ConsumerContext for Quiet {}

impl ProducerContext for Quiet {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, _: Self::DeliveryOpaque) {}
}

/// See [`Quiet`].
pub(crate) fn log_native(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => warn!(facility, "{message}"),
        _ => debug!(facility, "{message}"),
    }
}

/// Fails when nobody listens on any of the addresses: exit code 3.
pub async fn reach(kafka: &KafkaArgs) -> Result<(), Failure> {
    let addresses: Vec<&str> = kafka.brokers.split(',').map(str::trim).collect();
    let connects = addresses.iter().map(|address| {
        Box::pin(async move {
            let connected = timeout(CONNECT, TcpStream::connect(address)).await;
            connected.unwrap_or_else(|late| Err(std::io::Error::other(late)))
        })
    });
    let nobody = |error: std::io::Error| {
        Failure::unreachable(format!(
            "no broker answers on {} ({}): start one with `cargo lab run broker` or `docker compose up`",
            kafka.brokers,
            reason(&error)
        ))
    };
    select_ok(connects).await.map(drop).map_err(nobody)
}

/// Asks for the cluster's metadata, the least that a broker can be asked. A broker
/// that takes a connection and says nothing counts as not there: exit code 3.
pub async fn check_health(kafka: &KafkaArgs) -> Result<(), Failure> {
    reach(kafka).await?;
    let known = topics_of(kafka).await.map_err(|_| Failure::unreachable(silent(kafka)))?;
    debug!(topics = known.len(), "the broker answers");
    Ok(())
}

/// Makes the topics that aren't there yet, and learns how much they take at once. A
/// topic that is there stays as it is, whatever its settings: somebody may have had reasons.
pub async fn make_topics(kafka: &mut KafkaArgs, names: &[&str]) -> Result<(), Failure> {
    reach(kafka).await?;
    let known = topics_of(kafka).await?;
    let missing: Vec<&str> = names.iter().copied().filter(|name| !known.iter().any(|known| known == name)).collect();
    let Some(admin) = admin_of(kafka, &missing).await? else { return Ok(()) };
    if !missing.is_empty() {
        make_missing(&admin, &missing, &Topics::of(&kafka.topic_prefix)).await?;
    }
    // It can be done without: most topics take more than librdkafka's own limit.
    kafka.largest_batch = timeout(LIMITS, largest_batch(&admin, names)).await.unwrap_or_default();
    let_go(admin);
    Ok(())
}

/// What makes the topics; `None` on the embedded broker, which can't be told to make
/// one, and has made each that it was asked about here.
async fn admin_of(kafka: &KafkaArgs, missing: &[&str]) -> Result<Option<AdminClient<Quiet>>, Failure> {
    let (config, silent) = (kafka.client(), Failure::unavailable(silent(kafka)));
    let missing: Vec<String> = missing.iter().map(|&name| name.to_owned()).collect();
    blocking(move || {
        let admin = create(AdminClient::from_config_and_context(&config, Quiet))?;
        let client = admin.inner();
        if client.fetch_cluster_id(ANSWER).is_none_or(|id| !id.starts_with(EMBEDDED)) {
            return Ok(Some(admin));
        }
        let asked = missing.iter().try_for_each(|name| client.fetch_metadata(Some(name), ANSWER).map(drop));
        let_go(admin);
        asked.map(|()| None).map_err(|error| {
            debug!(%error, "no metadata");
            silent
        })
    })
    .await
}

/// A thread of rdkafka's looks ten times a second whether it is to end, and who drops
/// the client waits for it. A record that is to be sent needn't.
fn let_go(admin: AdminClient<Quiet>) {
    tokio::task::spawn_blocking(move || drop(admin));
}

async fn make_missing(admin: &AdminClient<Quiet>, missing: &[&str], topics: &Topics) -> Result<(), Failure> {
    let new: Vec<NewTopic<'_>> = missing.iter().map(|name| new_topic(name, topics)).collect();
    let options = AdminOptions::new().operation_timeout(Some(ANSWER)).request_timeout(Some(ANSWER));
    let made = admin.create_topics(&new, &options).await;
    let failed = |error: String| Failure::unavailable(format!("the broker can't make the topics ({error})"));
    for result in made.map_err(|error| failed(words(&error)))? {
        match result {
            Ok(topic) => info!(topic, "topic made"),
            // Another program was faster.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(failed(format!("{topic}: {}", words_of(code)))),
        }
    }
    Ok(())
}

/// The least that one of these topics takes in a batch. librdkafka doesn't ask: it
/// fills a batch up to its own limit, and when the broker refuses it, each of its
/// records counts as too large, however small it is. Java's producer would divide it.
async fn largest_batch(admin: &AdminClient<Quiet>, names: &[&str]) -> Option<u32> {
    let specifiers: Vec<_> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    let options = AdminOptions::new().request_timeout(Some(LIMITS));
    let resources = loop {
        match admin.describe_configs(&specifiers, &options).await {
            Ok(resources) if resources.iter().all(Result::is_ok) => break resources,
            // A topic is known where it was made, and a moment later everywhere.
            Ok(_) => sleep(MOMENT).await,
            Err(error) => {
                debug!(%error, "the topics' limits are not known");
                return None;
            }
        }
    };
    let limit = |resource: ConfigResourceResult| resource.ok()?.get("max.message.bytes")?.value.as_ref()?.parse().ok();
    resources.into_iter().filter_map(limit).min()
}

fn new_topic<'a>(name: &'a str, topics: &Topics) -> NewTopic<'a> {
    // As many copies as the broker keeps by default: one on a single broker, three in a cluster.
    let topic = NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(-1));
    if name == topics.facts {
        // The last fact of each key is kept for ever. A tombstone stays a day, for readers that are away.
        topic.set("cleanup.policy", "compact").set("delete.retention.ms", "86400000")
    } else if name == topics.dead_letters {
        // A letter is a request and four headers: it must fit, or its partition would never go on.
        topic.set("cleanup.policy", "delete").set("retention.ms", SEVEN_DAYS_MS).set("max.message.bytes", "16777216")
    } else {
        topic.set("cleanup.policy", "delete").set("retention.ms", SEVEN_DAYS_MS)
    }
}

/// The names of all topics.
async fn topics_of(kafka: &KafkaArgs) -> Result<Vec<String>, Failure> {
    let (config, silent) = (kafka.client(), Failure::unavailable(silent(kafka)));
    blocking(move || {
        let consumer: BaseConsumer<Quiet> = create(BaseConsumer::from_config_and_context(&config, Quiet))?;
        let metadata = consumer.fetch_metadata(None, Timeout::After(ANSWER)).map_err(|error| {
            debug!(%error, "no metadata");
            silent
        })?;
        Ok(metadata.topics().iter().map(|topic| topic.name().to_owned()).collect())
    })
    .await
}

/// Calls of librdkafka that block, on a thread for that: meanwhile Ctrl-C is heard.
async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    let asked = tokio::task::spawn_blocking(ask).await;
    asked.map_err(|error| Failure::unavailable(format!("the question to the broker failed: {error}")))?
}

/// What librdkafka or the broker says, for a person: `Message timed out`, and not
/// `MessageTimedOut (Local: Message timed out)`.
pub(crate) fn words(error: &KafkaError) -> String {
    error.rdkafka_error_code().map_or_else(|| error.to_string(), words_of)
}

fn words_of(code: RDKafkaErrorCode) -> String {
    let text = code.to_string();
    let inner = text.split_once(" (").and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(&text);
    inner.split_once(": ").map_or(inner, |(_, words)| words).to_owned()
}

pub(crate) fn silent(kafka: &KafkaArgs) -> String {
    format!("{} takes connections and does not answer as a Kafka broker within {ANSWER:?}", kafka.brokers)
}

/// A client that can't be made: a setting that this librdkafka doesn't take.
pub(crate) fn create<T>(made: Result<T, KafkaError>) -> Result<T, Failure> {
    made.map_err(|error| Failure::usage(format!("librdkafka refuses the settings: {error}")))
}
