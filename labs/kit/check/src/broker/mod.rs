//! What a Kafka program works against: an embedded broker in this process, or the one that
//! `KAFKA_BROKERS` names. Topics and groups are new for each grading.
//!
//! [`Broker`] makes topics, and looks into them as any client would; `relay` stands before it
//! where a check decides when it answers, and what; `feed` sends records of the checker's own;
//! `producing` and `consuming` are one run of a program (`run`), `member` is a consumer that is
//! started and ended as a check wants it, and `serving` a server that sends what it is asked for
//! over HTTP.

mod asked;
mod came;
mod client;
mod consuming;
mod door;
mod feed;
mod fetch;
mod frame;
mod look;
mod member;
mod partitioner;
mod produce;
mod producing;
mod relay;
mod run;
mod serving;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lab_broker::embedded::Embedded;
use lab_console::Failure;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionList;
use uuid::Uuid;

use crate::verdict::{Failed, Outcome};

pub(crate) use asked::{
    Asked, FETCH, Fate, INVALID_RECORD, JOIN_GROUP, LEAVE_GROUP, METADATA, OFFSET_COMMIT, PRODUCE, Plan,
};
pub(crate) use consuming::Consuming;
pub(crate) use feed::{Feed, New};
pub(crate) use look::Record;
pub(crate) use member::{Group, Member};
pub(crate) use partitioner::partition_in_java;
pub(crate) use producing::{Producing, lines_of};
pub(crate) use relay::{MEMBER, Relay};
pub(crate) use run::At;
pub(crate) use serving::{Serving, wrong_end};

const VARIABLE: &str = "KAFKA_BROKERS";
/// In as many parts is each topic, here as in the lab.
const PARTITIONS: i32 = 3;
/// For an answer of the broker to the checker.
const ANSWER: Duration = Duration::from_secs(5);

/// What is to be removed from somebody else's broker.
#[derive(Default)]
struct Made {
    topics: Vec<String>,
    groups: Vec<String>,
}

/// The broker of one grading, and what was made on it. Each clone is the same.
#[derive(Clone)]
pub(crate) struct Broker {
    brokers: String,
    /// `None`: it is somebody else's.
    embedded: Option<Arc<Embedded>>,
    made: Arc<Mutex<Made>>,
    /// Where its nodes say they are, as host and port: a relay stands before each.
    nodes: Vec<(String, u16)>,
}

impl Broker {
    /// What the environment names.
    pub(crate) fn named() -> Option<String> {
        std::env::var(VARIABLE).ok().filter(|brokers| !brokers.trim().is_empty())
    }

    /// Starts one, or looks whether the one that is named is there.
    pub(crate) async fn start(named: Option<String>) -> Result<Self, Failure> {
        let embedded = match named {
            Some(_) => None,
            None => Some(Embedded::start().map_err(|error| Failure::missing(error.to_string()))?),
        };
        let of_embedded = |embedded: &Embedded| vec![("127.0.0.1".to_owned(), embedded.address().port())];
        let own = embedded.as_ref().map(of_embedded);
        let brokers = named.or(embedded.as_ref().map(|embedded| embedded.address().to_string())).unwrap_or_default();
        let nodes = match own {
            Some(nodes) => nodes,
            None => {
                let asked = brokers.clone();
                let nodes = blocking(move || nodes(&asked)).await;
                let unreachable = |error| Failure::unreachable(format!("no broker at {VARIABLE}={brokers} ({error})"));
                nodes.map_err(unreachable)?
            }
        };
        Ok(Self { brokers, embedded: embedded.map(Arc::new), made: Arc::default(), nodes })
    }

    /// The value of `KAFKA_BROKERS` for whoever comes without a relay.
    pub(crate) fn address(&self) -> &str {
        &self.brokers
    }

    /// A new topic of three partitions, whose name nobody can know beforehand.
    pub(crate) async fn topic(&self) -> Result<String, Failed> {
        let topic = format!("w{}.orders", &Uuid::new_v4().simple().to_string()[..10]);
        if let Some(embedded) = &self.embedded {
            embedded.create_topic(&topic, PARTITIONS).map_err(|error| broken("made a topic", error))?;
            return Ok(topic);
        }
        self.make(&topic).await?;
        self.made.lock().unwrap_or_else(PoisonError::into_inner).topics.push(topic.clone());
        Ok(topic)
    }

    /// A program is about to make this group.
    fn note_group(&self, group: &str) {
        let groups = &mut self.made.lock().unwrap_or_else(PoisonError::into_inner).groups;
        if !groups.iter().any(|known| known == group) {
            groups.push(group.to_owned());
        }
    }

    async fn make(&self, topic: &str) -> Outcome {
        let admin = self.admin().map_err(|error| broken("made a topic", error))?;
        let new = NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(-1));
        let options = AdminOptions::new().operation_timeout(Some(ANSWER)).request_timeout(Some(ANSWER));
        let made = admin.create_topics(&[new], &options).await;
        drop_elsewhere(admin);
        let made = made.map_err(|error| broken("made a topic", error))?;
        match made.into_iter().find_map(Result::err) {
            Some((_, code)) => Err(broken("made a topic", code)),
            None => self.known(topic).await,
        }
    }

    /// Returns when each partition answers: a topic is known where it was made, a moment later
    /// everywhere, and its leaders take records a moment after that.
    async fn known(&self, topic: &str) -> Outcome {
        let (config, topic) = (self.client(), topic.to_owned());
        blocking(move || {
            let client: BaseConsumer = config.create()?;
            let begin = std::time::Instant::now();
            let ends = || {
                (0..PARTITIONS).try_for_each(|partition| client.fetch_watermarks(&topic, partition, ANSWER).map(drop))
            };
            loop {
                match ends() {
                    Err(_) if begin.elapsed() < ANSWER => std::thread::sleep(Duration::from_millis(20)),
                    done => return done,
                }
            }
        })
        .await
        .map_err(|error| broken("made a topic", error))
    }

    /// Removes what was made on somebody else's broker.
    pub(crate) async fn end(self) {
        let Made { topics, groups } = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        if let Ok(admin) = self.admin()
            && self.embedded.is_none()
        {
            let [groups, topics] = [&groups, &topics].map(|all| all.iter().map(String::as_str).collect::<Vec<_>>());
            let options = AdminOptions::new().request_timeout(Some(ANSWER));
            // What can't be removed now is somebody else's to find: the verdict stands.
            let _ = admin.delete_groups(&groups, &options).await;
            let _ = admin.delete_topics(&topics, &options).await;
            drop_elsewhere(admin);
        }
        // Its end waits for its threads.
        tokio::task::spawn_blocking(move || drop(self.embedded));
    }

    fn admin(&self) -> Result<AdminClient<DefaultClientContext>, KafkaError> {
        self.client().create()
    }

    /// A client of the checker's own.
    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers).set("client.id", "lab-check");
        config.set("reconnect.backoff.ms", "20").set("reconnect.backoff.max.ms", "500");
        config
    }
}

/// Where the cluster's nodes are, as they say themselves. Its groups have a coordinator then.
fn nodes(brokers: &str) -> Result<Vec<(String, u16)>, KafkaError> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "lab-check");
    let client: BaseConsumer = config.create()?;
    let metadata = client.fetch_metadata(None, ANSWER)?;
    // A new cluster makes the topic of all groups' offsets for the first group that comes, and tells it
    // to come back: that is the checker, and not the program.
    client.committed_offsets(TopicPartitionList::new(), ANSWER)?;
    let node =
        |node: &rdkafka::metadata::MetadataBroker| Some((node.host().to_owned(), u16::try_from(node.port()).ok()?));
    Ok(metadata.brokers().iter().filter_map(node).collect())
}

/// Calls of librdkafka that block.
async fn blocking<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, KafkaError> {
    tokio::task::spawn_blocking(ask).await.unwrap_or(Err(KafkaError::Canceled))
}

/// A thread of rdkafka's looks ten times a second whether it is to end, and whoever drops the
/// client waits for it.
fn drop_elsewhere(admin: AdminClient<DefaultClientContext>) {
    tokio::task::spawn_blocking(move || drop(admin));
}

/// The broker doesn't do what the checker needs: nothing to do with the program.
fn broken(did: &str, why: impl std::fmt::Display) -> Failed {
    Failed::new(format!("(the checker {did})"), "an answer of the broker", format!("({why})")).advise(
        "Without a broker there is nothing to be graded.",
        "Without KAFKA_BROKERS the checker brings its own. With it: is that broker up, and does it answer `kcat -L`?",
    )
}
