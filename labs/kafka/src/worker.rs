//! The worker: reads facts, and acts on them by requests.
//!
//! It needs no queue of its own. An order whose last fact says QUEUED is work. It
//! asks for PROCESSING, which the store grants to the first and for 30 s; sees in
//! the facts that it was granted; does the work; asks for COMPLETED. If it dies in
//! between, the 30 s end, a fact says QUEUED again, and another worker takes it.
//!
//! So it has no place to commit: its state is what the facts say, read anew from
//! the beginning by whoever gets the partition. A compacted topic is a table.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use lab_console::{Failure, Output};
use lab_lifecycle::TraceId;
use lab_orders::{Order, OrderId, Status};
use lab_proto::pb;
use lab_proto::pb::order_request::{Advance, Request as Wanted};
use rdkafka::Message;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::topic_partition_list::Offset;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::broker::{self, Quiet};
use crate::config::{ConsumerArgs, Format, ProcessArgs};
use crate::member::{self, Member};
use crate::wire::{Fact, Request, Topics, read_fact, request_record};

/// Orders at once that a worker has just asked for.
const MOST_JUST_ASKED: usize = 16;
/// Orders that it keeps in mind. When there are more it reads the facts again later.
const MOST_WAITING: usize = 100_000;
const MOMENT: Duration = Duration::from_millis(100);
/// Who isn't answered by then keeps no other waiting. Nobody may ever answer: the topic may
/// know orders that the store doesn't.
const JUST: Duration = Duration::from_secs(2);
/// A little longer than the lease, whose end is an answer as well.
const UNANSWERED: Duration = Duration::from_secs(35);
const FLUSH: Duration = Duration::from_secs(2);
const SOURCE: &str = "/lab/worker";

/// Completes the orders of its partitions, until `count`, Ctrl-C or SIGTERM.
pub(crate) async fn process_orders(mut args: ConsumerArgs, process: ProcessArgs) -> Result<(), Failure> {
    let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
    let topics = Topics::of(&args.kafka.topic_prefix);
    broker::make_topics(&mut args.kafka, &[&topics.requests, &topics.facts]).await?;
    member::on_thread("worker", &stop.clone(), move || {
        let mut facts = args.member("process");
        facts.set("enable.auto.commit", "false").set("enable.partition.eof", "true");
        let consumer = member::join(&facts, &topics.facts)?;
        let producer = broker::create(ThreadedProducer::from_config_and_context(&args.kafka.producer(), Quiet))?;
        let output = Output::new(args.output.json);
        let mut worker =
            Worker { consumer: &consumer, producer, topics, output, left: process.count, work: Work::default() };
        worker.run(&stop)?;
        // What it has asked for last should be said.
        let _ = worker.producer.flush(FLUSH);
        Ok(())
    })
    .await
}

struct Worker<'c> {
    consumer: &'c BaseConsumer<Member>,
    producer: ThreadedProducer<Quiet>,
    topics: Topics,
    output: Output,
    /// How many orders it is to complete yet; `None`: all that come.
    left: Option<u64>,
    work: Work,
}

/// What the facts of its partitions say.
#[derive(Default)]
struct Work {
    /// QUEUED at this version, and in which partition; the oldest first.
    waiting: BTreeMap<OrderId, (i32, u64)>,
    /// Asked for, and no fact says yet what came of it.
    in_hand: HashMap<OrderId, Asked>,
    /// Partitions that were read to their end at least once.
    caught_up: HashSet<i32>,
    /// Some had no room in `waiting`.
    overflowed: bool,
}

/// What a worker has asked for.
#[derive(Clone, Copy)]
struct Asked {
    partition: i32,
    /// Which version is to become PROCESSING, or COMPLETED.
    version: u64,
    status: Status,
    at: Instant,
    /// For the second time.
    again: bool,
}

impl Worker<'_> {
    fn run(&mut self, stop: &CancellationToken) -> Result<(), Failure> {
        while !stop.is_cancelled() && self.left != Some(0) {
            let polled = self.consumer.poll(MOMENT);
            self.work.forget(&self.consumer.context().take_revoked());
            match polled {
                Some(Err(KafkaError::PartitionEOF(partition))) => drop(self.work.caught_up.insert(partition)),
                Some(polled) => {
                    let Some(record) = member::record(polled, self.consumer)? else { continue };
                    match read_fact(&record) {
                        Ok(fact) => self.see(record.partition(), fact)?,
                        Err(why) => warn!(partition = record.partition(), offset = record.offset(), why, "not a fact"),
                    }
                }
                None => self.read_again_if_due(),
            }
            self.ask_again_if_due();
            self.take_work();
        }
        Ok(())
    }

    fn see(&mut self, partition: i32, fact: Fact) -> Result<(), Failure> {
        let Some(order) = fact.order else {
            self.work.waiting.remove(&fact.id);
            self.work.in_hand.remove(&fact.id);
            return Ok(());
        };
        if order.status == Status::Queued {
            self.work.in_hand.remove(&order.id);
            self.work.wait(partition, &order);
            return Ok(());
        }
        self.work.waiting.remove(&order.id);
        match (self.work.in_hand.remove(&order.id), order.status) {
            // Granted: nobody else changed it in between.
            (Some(asked), Status::Processing) if order.version.checked_sub(1) == Some(asked.version) => {
                if self.left.is_some_and(|left| self.work.completing() >= left) {
                    // Answered late, when others have taken its place: its lease ends by itself.
                    return Ok(());
                }
                // A real worker would do something here, and ask for FAILED when it can't.
                self.ask(order.id, Asked::now(partition, Status::Completed, order.version));
                Ok(())
            }
            (Some(_), Status::Completed) => {
                self.left = self.left.map(|left| left.saturating_sub(1));
                self.output.order(&order)
            }
            _ => Ok(()),
        }
    }

    /// Takes the oldest orders, once the facts are known: before, a fact may be old news.
    fn take_work(&mut self) {
        let assigned = self.consumer.assignment().unwrap_or_default();
        if assigned.elements().iter().any(|element| !self.work.caught_up.contains(&element.partition())) {
            return;
        }
        let most = self.left.map_or(MOST_JUST_ASKED, |left| MOST_JUST_ASKED.min(left as usize));
        let just_asked = self.work.in_hand.values().filter(|asked| !asked.again && asked.at.elapsed() < JUST).count();
        for _ in just_asked..most {
            let Some((id, (partition, version))) = self.work.waiting.pop_first() else { break };
            self.ask(id, Asked::now(partition, Status::Processing, version));
        }
    }

    /// Asks for a status. Its event is named by what it asks for, so that to ask twice is to ask once.
    fn ask(&mut self, order: OrderId, asked: Asked) {
        let Asked { status, version, .. } = asked;
        let event = &format!("{order}-{version}-{status}");
        let request =
            Wanted::Advance(Advance { status: pb::OrderStatus::from(status).into(), expected_version: version });
        let record =
            request_record(Request { order, source: SOURCE, event, request }, Format::Protobuf, TraceId::new());
        let value = record.value.unwrap_or_default();
        let next = BaseRecord::to(&self.topics.requests).key(&record.key).payload(&value).headers(record.headers);
        if let Err((error, _)) = self.producer.send(next) {
            debug!(%error, %order, "not sent; it is asked again later");
        }
        self.work.in_hand.insert(order, asked);
    }

    /// A request may be lost (its delivery failed, nobody took it for 7 days), and an order
    /// that only the topic knows answers nobody. So it is asked once more, and then given up:
    /// the next fact about it brings it back.
    fn ask_again_if_due(&mut self) {
        let due = |asked: &Asked| asked.at.elapsed() > UNANSWERED;
        let late: Vec<_> =
            self.work.in_hand.iter().filter(|(_, asked)| due(asked)).map(|(&id, &asked)| (id, asked)).collect();
        for (id, asked) in late {
            self.work.in_hand.remove(&id);
            if asked.again {
                warn!(order = %id, status = %asked.status, "no answer; given up until the next fact about it");
            } else {
                self.ask(id, Asked { at: Instant::now(), again: true, ..asked });
            }
        }
    }

    fn read_again_if_due(&mut self) {
        if !self.work.overflowed || !self.work.waiting.is_empty() {
            return;
        }
        for element in self.consumer.assignment().unwrap_or_default().elements() {
            let _ = self.consumer.seek(element.topic(), element.partition(), Offset::Beginning, MOMENT);
        }
        self.work = Work { in_hand: std::mem::take(&mut self.work.in_hand), ..Work::default() };
    }
}

impl Asked {
    fn now(partition: i32, status: Status, version: u64) -> Self {
        Self { partition, version, status, at: Instant::now(), again: false }
    }
}

impl Work {
    fn wait(&mut self, partition: i32, order: &Order) {
        if self.waiting.len() < MOST_WAITING {
            self.waiting.insert(order.id, (partition, order.version));
        } else {
            self.overflowed = true;
        }
    }

    /// How many were done, as far as nobody has contradicted yet.
    fn completing(&self) -> u64 {
        self.in_hand.values().filter(|asked| asked.status == Status::Completed).count() as u64
    }

    /// Its partitions went to another worker, who reads their facts anew.
    fn forget(&mut self, partitions: &[i32]) {
        if !partitions.is_empty() {
            let stays = |partition: &i32| !partitions.contains(partition);
            self.waiting.retain(|_, (partition, _)| stays(partition));
            self.in_hand.retain(|_, asked| stays(&asked.partition));
            self.caught_up.retain(stays);
        }
    }
}
