//! Reading facts: `get`, `list` and `watch`.
//!
//! A topic is a log. There is no question that a broker could answer with an
//! order: who wants one reads the facts from the beginning to the end that was
//! there when it asked, and keeps the last of each key. That is what `get` and
//! `list` do, each time anew. A real service would do it once, keep the table,
//! and follow the log from there.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use lab_console::{Failure, GetArgs, Output};
use lab_orders::{ChangeKind, Order, OrderError, OrderId};
use lru::LruCache;
use rdkafka::Message;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::broker::{self, Quiet};
use crate::config::{ConsumerArgs, KafkaArgs, ListArgs, WatchArgs};
use crate::member::{self, Member};
use crate::wire::{Fact, Topics, read_fact};

/// For an answer of the broker, or the next record of a replay.
const PATIENCE: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(100);
/// Orders whose last version a watch remembers: repeats come close behind each other.
const REMEMBERED: usize = 10_000;

/// The last fact with this key.
pub(crate) async fn get_order(args: ConsumerArgs, get: GetArgs) -> Result<(), Failure> {
    let id = OrderId::parse(&get.id)?;
    let mut table = read_table(args.kafka, Some(id)).await?;
    let order = table.remove(&id).ok_or(OrderError::NotFound { id })?;
    Output::new(args.output.json).order(&order)
}

/// Every order, in the order of creation.
pub(crate) async fn list_orders(args: ConsumerArgs, list: ListArgs) -> Result<(), Failure> {
    let mut orders: Vec<Order> = read_table(args.kafka, None).await?.into_values().collect();
    orders.retain(|order| list.status.is_none_or(|status| order.status == status));
    orders.sort_unstable_by_key(|order| (order.created_at, order.id));
    let mut output = Output::new(args.output.json);
    orders.chunks(1_000).try_for_each(|page| output.list_page(page))?;
    output.list_end()
}

/// What the facts up to now say of each order, or of one.
async fn read_table(kafka: KafkaArgs, only: Option<OrderId>) -> Result<HashMap<OrderId, Order>, Failure> {
    broker::reach(&kafka).await?;
    let topic = Topics::of(&kafka.topic_prefix).facts;
    let read = move || {
        let mut table = HashMap::new();
        replay(
            &kafka,
            &topic,
            |low, _| low,
            |record| match read_fact(record) {
                Ok(fact) if only.is_some_and(|only| only != fact.id) => {}
                Ok(Fact { id, order: Some(order), .. }) => drop(table.insert(id, order)),
                Ok(Fact { id, order: None, .. }) => drop(table.remove(&id)),
                Err(why) => skip(record, &why),
            },
        )?;
        Ok(table)
    };
    let read = tokio::task::spawn_blocking(read).await;
    read.map_err(|error| Failure::unavailable(format!("the reading failed: {error}")))?
}

/// Reads a topic to the end that is there now, each partition from where `start`
/// says, given its first offset and its end. A topic that isn't there has no records.
pub(crate) fn replay(
    kafka: &KafkaArgs,
    topic: &str,
    start: impl Fn(i64, i64) -> i64,
    mut each: impl FnMut(&BorrowedMessage<'_>),
) -> Result<(), Failure> {
    let mut config = kafka.reader();
    // librdkafka wants a name even of a reader without a group.
    config.set("group.id", "lab.none").set("enable.auto.commit", "false").set("enable.partition.eof", "true");
    let consumer: BaseConsumer<Quiet> = broker::create(BaseConsumer::from_config_and_context(&config, Quiet))?;
    let silent = |error: KafkaError| {
        let (brokers, why) = (&kafka.brokers, broker::words(&error));
        Failure::unavailable(format!("{brokers} did not answer about {topic} within {PATIENCE:?} ({why})"))
    };
    let mut open = HashSet::new();
    let mut assignment = TopicPartitionList::new();
    let there = partitions(&consumer, topic).map_err(|error| {
        debug!(%error, "no metadata");
        Failure::unavailable(broker::silent(kafka))
    })?;
    for partition in there {
        let (low, high) = consumer.fetch_watermarks(topic, partition, PATIENCE).map_err(silent)?;
        if low < high {
            let from = Offset::Offset(start(low, high).clamp(low, high));
            assignment.add_partition_offset(topic, partition, from).map_err(silent)?;
            open.insert((partition, high));
        }
    }
    consumer.assign(&assignment).map_err(silent)?;
    let mut heard = Instant::now();
    while !open.is_empty() {
        match consumer.poll(MOMENT) {
            Some(Ok(record)) => {
                heard = Instant::now();
                open.retain(|&(partition, high)| partition != record.partition() || record.offset() + 1 < high);
                each(&record);
            }
            // Behind the last record there may be marks of transactions, which are never handed out.
            Some(Err(KafkaError::PartitionEOF(ended))) => open.retain(|&(partition, _)| partition != ended),
            Some(Err(error)) if heard.elapsed() > PATIENCE => return Err(silent(error)),
            None if heard.elapsed() > PATIENCE => {
                return Err(Failure::unavailable(format!("{} has stopped answering about {topic}", kafka.brokers)));
            }
            Some(Err(_)) | None => {}
        }
    }
    Ok(())
}

/// The topic's partitions. Asked among all topics: a question about one would make it on some brokers.
fn partitions(consumer: &BaseConsumer<Quiet>, topic: &str) -> Result<Vec<i32>, KafkaError> {
    let metadata = consumer.fetch_metadata(None, broker::ANSWER)?;
    let ours = metadata.topics().iter().filter(|known| known.name() == topic);
    Ok(ours.flat_map(|topic| topic.partitions()).map(|partition| partition.id()).collect())
}

fn skip(record: &BorrowedMessage<'_>, why: &str) {
    warn!(topic = record.topic(), partition = record.partition(), offset = record.offset(), why, "not a fact; skipped");
}

/// Each fact as it comes, until `count`, Ctrl-C or SIGTERM. Its group's committed
/// place is where the next one goes on; a new group begins at the end.
pub(crate) async fn watch_orders(mut args: ConsumerArgs, watch: WatchArgs) -> Result<(), Failure> {
    let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
    let topic = Topics::of(&args.kafka.topic_prefix).facts;
    let made = stop.run_until_cancelled(broker::make_topics(&mut args.kafka, &[&topic])).await;
    let Some(()) = made.transpose()? else { return Ok(()) };
    member::on_thread("facts", &stop.clone(), move || {
        begin_at_the_end(&args, &topic)?;
        let consumer = member::join(&args.member("watch"), &topic)?;
        follow(&consumer, Output::new(args.output.json), watch.count, &stop)
    })
    .await
}

/// Commits the ends as the places of a group that has none, so that "from now on"
/// is this moment, and stays it however long the joining takes.
fn begin_at_the_end(args: &ConsumerArgs, topic: &str) -> Result<(), Failure> {
    let failed = |error: KafkaError| {
        Failure::unavailable(format!(
            "{} did not say where the group is ({})",
            args.kafka.brokers,
            broker::words(&error)
        ))
    };
    let consumer: BaseConsumer<Quiet> =
        broker::create(BaseConsumer::from_config_and_context(&args.member("watch"), Quiet))?;
    let mut asked = TopicPartitionList::new();
    let started = Instant::now();
    // A topic that was made this moment is not known to every broker yet.
    while asked.count() == 0 && started.elapsed() < PATIENCE {
        for partition in partitions(&consumer, topic).map_err(failed)? {
            asked.add_partition(topic, partition);
        }
        if asked.count() == 0 {
            std::thread::sleep(MOMENT);
        }
    }
    let places = consumer.committed_offsets(asked, PATIENCE).map_err(failed)?;
    let mut new = TopicPartitionList::new();
    for place in places.elements().iter().filter(|place| !matches!(place.offset(), Offset::Offset(_))) {
        let (_, high) = consumer.fetch_watermarks(topic, place.partition(), PATIENCE).map_err(failed)?;
        new.add_partition_offset(topic, place.partition(), Offset::Offset(high)).map_err(failed)?;
    }
    if new.count() == 0 {
        return Ok(());
    }
    // Refused while the group has members. Then one of them has done it.
    let _ = consumer.commit(&new, rdkafka::consumer::CommitMode::Sync);
    Ok(())
}

fn follow(
    consumer: &BaseConsumer<Member>,
    mut output: Output,
    count: Option<u64>,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let mut seen = Seen::new();
    let mut printed = 0;
    while !stop.is_cancelled() && count.is_none_or(|count| printed < count) {
        let Some(polled) = consumer.poll(MOMENT) else { continue };
        let Some(record) = member::record(polled, consumer)? else { continue };
        match read_fact(&record) {
            Ok(fact) if seen.is_new(&fact) => {
                print(&mut output, &record, &fact)?;
                printed += 1;
            }
            // A publisher that crashed has said again what it had said.
            Ok(_) => {}
            Err(why) => skip(&record, &why),
        }
        let _ = consumer.store_offset_from_message(&record);
    }
    Ok(())
}

fn print(output: &mut Output, record: &BorrowedMessage<'_>, fact: &Fact) -> Result<(), Failure> {
    let position = format!("{}-{}", record.partition(), record.offset());
    match &fact.order {
        Some(order) => output.change(&position, fact.kind, order),
        // A tombstone says which order, and nothing of what it was.
        None => {
            let line = Gone { position: &position, kind: fact.kind, order: GoneOrder { id: fact.id } };
            output.record(&line, &format!("{:7} {} at {position}", fact.kind, fact.id))
        }
    }
}

#[derive(Serialize)]
struct Gone<'a> {
    position: &'a str,
    kind: ChangeKind,
    order: GoneOrder,
}

#[derive(Serialize)]
struct GoneOrder {
    id: OrderId,
}

/// The versions that were seen last, to know a repeat by.
struct Seen(LruCache<OrderId, u64>);

impl Seen {
    fn new() -> Self {
        Self(LruCache::new(REMEMBERED.try_into().expect("it is above zero")))
    }

    /// Whether this version, or a later one, has not been seen. After a tombstone comes nothing: an id is used once.
    fn is_new(&mut self, fact: &Fact) -> bool {
        let version = fact.order.as_ref().map_or(u64::MAX, |order| order.version);
        let is_new = self.0.peek(&fact.id).is_none_or(|&seen| seen < version);
        if is_new {
            self.0.put(fact.id, version);
        }
        is_new
    }
}
