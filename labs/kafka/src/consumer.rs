//! The consumer: takes requests, applies each once, and commits its place after that.
//!
//! | what                     | how it is won                                             |
//! |--------------------------|-----------------------------------------------------------|
//! | no request is lost       | a place is committed after the effect, never before       |
//! | none takes effect twice  | the store notes the event's name with its effect          |
//! | those of an order in turn| one key, one partition, one batch of it at a time         |
//! | poison stops nobody      | it goes to the dead letters, acknowledged, then committed |
//! | a bad day loses nothing  | what fails waits, its partition alone, and is tried again |
//!
//! How it breaks: commit first (`--break commit-after`) and a crash loses what was
//! committed; forget the names (`--break once`) and a crash doubles what was not.
//!
//! Run it: `cargo run -p lab-kafka --bin consumer`. Its facts are made in [`crate::publisher`].

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use lab_console::{Failure, Output};
use lab_lifecycle::LevelFilter;
use lab_orders::{Effect, OrderError, OrderRequest, Reply, Store};
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::config::{BrokenConsumer, ConsumerArgs, ConsumerVerb};
use crate::dead_letters::DeadLetters;
use crate::error::{Fate, Refused, fate};
use crate::member::{self, Member};
use crate::publisher::Publisher;
use crate::wire::{Topics, read_request};
use crate::{broker, reader, wire, worker};

/// Requests in one batch: they share a commit of the store.
const MOST_RECORDS: usize = 500;
/// Bytes of their values.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// How long an empty queue is waited at; also how soon a stop is seen.
const IDLE: Duration = Duration::from_millis(100);
/// An effect that takes longer is waited for while the group is told that we live.
const SLOW: Duration = Duration::from_millis(200);
/// Between two tries of what fails: doubled each time, up to the second.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// Carries out a verb; without one, takes requests until Ctrl-C or SIGTERM.
pub async fn run(args: ConsumerArgs) -> Result<(), Failure> {
    match args.verb.clone() {
        None => apply_requests(args).await,
        Some(ConsumerVerb::Get(get)) => reader::get_order(args, get).await,
        Some(ConsumerVerb::List(list)) => reader::list_orders(args, list).await,
        Some(ConsumerVerb::Watch(watch)) => reader::watch_orders(args, watch).await,
        Some(ConsumerVerb::Process(process)) => worker::process_orders(args, process).await,
    }
}

impl ConsumerArgs {
    /// A consumer without a verb is a server, and tells what it does.
    pub fn log_level(&self) -> LevelFilter {
        if self.verb.is_none() { LevelFilter::INFO } else { LevelFilter::WARN }
    }
}

/// Opens the store, joins the group, and takes requests until `stop`.
async fn apply_requests(args: ConsumerArgs) -> Result<(), Failure> {
    let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
    let topics = Topics::of(&args.kafka.topic_prefix);
    broker::make_topics(&args.kafka, &[&topics.requests, &topics.facts, &topics.dead_letters]).await?;
    let store = args.database.open()?;
    let (group, place) = (args.group_name("apply"), args.database.describe());
    info!(brokers = args.kafka.brokers, group, topic = topics.requests, "taking requests");
    let mut output = Output::new(args.output.json);
    if !args.output.json {
        output.record(&(), &format!("Kafka consumer on {}, group {group}, {place}", args.kafka.brokers))?;
    }
    let publisher = Publisher::start(&args, topics.facts.clone(), store.clone())?;
    let applied = member::on_thread("requests", &stop, {
        let (store, stop, runtime) = (store.clone(), stop.clone(), Handle::current());
        move || take_requests(&args, store, output, runtime, stop)
    });
    let done = applied.await;
    // What was applied is published before the end, if the broker takes it.
    publisher.stop().await;
    store.close();
    done
}

/// What becomes of each request of a batch; or why nothing becomes of any.
pub type Verdicts = Result<Vec<Result<Effect, OrderError>>, OrderError>;

/// Who has the effects. It is the store; who measures what the rest costs leaves them out.
pub trait Effects {
    /// What the verdicts are waited for with.
    type Reply: Future<Output = Verdicts> + Unpin;

    /// Applies requests in their order, each once; the verdicts come when nothing can undo it.
    fn apply(&self, requests: Vec<OrderRequest>) -> Self::Reply;
}

impl Effects for Store {
    type Reply = Reply<Vec<Result<Effect, OrderError>>>;

    fn apply(&self, requests: Vec<OrderRequest>) -> Self::Reply {
        Store::apply(self, requests)
    }
}

/// Joins the group, and takes requests until `stop`. It blocks: give it a thread.
pub fn take_requests(
    args: &ConsumerArgs,
    effects: impl Effects,
    output: Output,
    runtime: Handle,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let topics = Topics::of(&args.kafka.topic_prefix);
    let consumer = &member::join(&args.member("apply"), &topics.requests)?;
    let dead_letters = DeadLetters::new(&args.kafka, topics.dead_letters)?;
    let (broken, json, held) = (args.broken, args.output.json, HashMap::new());
    Requests { consumer, effects, dead_letters, runtime, stop, output, json, broken, held }.run()
}

/// The requests of the partitions that are ours.
struct Requests<'c, E> {
    consumer: &'c BaseConsumer<Member>,
    effects: E,
    dead_letters: DeadLetters,
    runtime: Handle,
    stop: CancellationToken,
    output: Output,
    json: bool,
    broken: Option<BrokenConsumer>,
    /// Partitions whose last batch failed.
    held: HashMap<i32, Held>,
}

/// A partition that waits for better days.
struct Held {
    /// `None`: it is being tried again.
    until: Option<Instant>,
    pause: Duration,
}

/// The records of one partition, in their order, and what each asks for.
struct Batch<'c> {
    partition: i32,
    records: Vec<BorrowedMessage<'c>>,
    requests: Vec<Result<OrderRequest, Refused>>,
}

impl<'c, E: Effects> Requests<'c, E> {
    fn run(mut self) -> Result<(), Failure> {
        while !self.stop.is_cancelled() {
            self.resume_due();
            let batches = self.gather()?;
            // All are in the store's queue before one is waited for: they share its commit.
            let calls: Vec<_> = batches.into_iter().map(|batch| (self.call(&batch), batch)).collect();
            for (reply, batch) in calls {
                let verdicts = self.wait(reply);
                self.settle(batch, verdicts)?;
            }
        }
        Ok(())
    }

    /// What is there, by partition; waits a moment when there is nothing.
    fn gather(&self) -> Result<Vec<Batch<'c>>, Failure> {
        let mut by_partition = BTreeMap::<i32, Vec<BorrowedMessage<'c>>>::new();
        let (mut records, mut bytes, mut patience) = (0, 0, IDLE);
        while records < MOST_RECORDS && bytes < MOST_BYTES {
            let Some(polled) = self.consumer.poll(patience) else { break };
            let Some(record) = member::record(polled, self.consumer)? else { continue };
            (records, bytes, patience) = (records + 1, bytes + record.payload_len(), Duration::ZERO);
            by_partition.entry(record.partition()).or_default().push(record);
        }
        let batch = |(partition, records): (i32, Vec<BorrowedMessage<'c>>)| {
            let requests = records.iter().map(read_request).collect();
            Batch { partition, records, requests }
        };
        Ok(by_partition.into_iter().map(batch).collect())
    }

    /// Hands a batch to the store.
    fn call(&self, batch: &Batch<'_>) -> E::Reply {
        if self.broken == Some(BrokenConsumer::CommitAfter) {
            self.store_place(batch.records.last());
            let _ = self.consumer.commit_consumer_state(CommitMode::Sync);
        }
        let mut requests: Vec<_> = batch.requests.iter().filter_map(|request| request.clone().ok()).collect();
        if self.broken == Some(BrokenConsumer::Once) {
            requests.iter_mut().for_each(|request| request.event.id = uuid::Uuid::new_v4().to_string());
        }
        self.effects.apply(requests)
    }

    /// Waits for the store, and goes on polling when it takes long: a member that
    /// doesn't poll keeps its group from rebalancing, and is thrown out in the end.
    fn wait(&self, mut reply: E::Reply) -> Verdicts {
        let mut paused = None;
        let answer = loop {
            let answer = self.runtime.block_on(async { timeout(SLOW, &mut reply).await });
            match answer {
                Ok(answer) => break answer,
                // A call that is given up before its turn has no effect.
                Err(_) if self.stop.is_cancelled() => break Err(OrderError::Unavailable { reason: "it stops" }),
                Err(_) => {
                    let paused = paused.get_or_insert_with(|| self.pause_all());
                    while let Some(polled) = self.consumer.poll(Duration::ZERO) {
                        // Of a partition that has just become ours: its turn comes later.
                        if let Ok(record) = polled {
                            self.rewind(record.partition(), record.topic(), record.offset());
                            paused.add_partition(record.topic(), record.partition());
                        }
                    }
                }
            }
        };
        if let Some(paused) = paused {
            let _ = self.consumer.resume(&paused);
        }
        answer
    }

    /// Commits, or sends to the dead letters, or holds back: what the verdicts say.
    fn settle(&mut self, batch: Batch<'_>, verdicts: Verdicts) -> Result<(), Failure> {
        let outcomes: Vec<Result<Effect, Refused>> = match verdicts {
            Ok(verdicts) => {
                let mut verdicts = verdicts.into_iter();
                let missing = || Err(OrderError::Unavailable { reason: "it gave no verdict" });
                let of = |request: &Result<OrderRequest, Refused>| match request {
                    Ok(_) => verdicts.next().unwrap_or_else(missing).map_err(Refused::from),
                    Err(refused) => Err(refused.clone()),
                };
                batch.requests.iter().map(of).collect()
            }
            Err(error) => match fate(error) {
                Fate::TryAgain(reason) if self.broken == Some(BrokenConsumer::TryAgain) => {
                    vec![Err(Refused::new("unavailable", reason)); batch.records.len()]
                }
                Fate::TryAgain(reason) => {
                    self.hold_back(&batch.records[0], reason);
                    return Ok(());
                }
                Fate::DeadLetter(refused) => vec![Err(refused); batch.records.len()],
            },
        };
        self.finish(&batch, &outcomes)
    }

    /// Dead letters first, then the place: a crash in between doubles a letter and loses none.
    fn finish(&mut self, batch: &Batch<'_>, outcomes: &[Result<Effect, Refused>]) -> Result<(), Failure> {
        let letter = |(record, outcome): (&BorrowedMessage<'_>, &Result<Effect, Refused>)| {
            outcome.as_ref().err().map(|refused| self.dead_letters.send(record, refused))
        };
        let letters: Vec<_> = batch.records.iter().zip(outcomes).map(letter).collect();
        let mut done = 0;
        let mut failed = None;
        for sent in letters {
            if let Some(Err(why)) = sent.map(|sent| self.runtime.block_on(sent)) {
                failed.get_or_insert((done, why));
            }
            done += usize::from(failed.is_none());
        }
        for (at, outcome) in outcomes.iter().enumerate().take(done) {
            self.tell(&batch.records[at], batch.requests[at].as_ref().ok(), outcome)?;
        }
        self.store_place(batch.records[..done].last());
        match failed {
            None => drop(self.held.remove(&batch.partition)),
            Some((at, why)) => self.hold_back(&batch.records[at], &format!("its dead letter was not taken ({why})")),
        }
        Ok(())
    }

    /// Commits everything up to this record, within half a second.
    fn store_place(&self, last: Option<&BorrowedMessage<'_>>) {
        if let Some(Err(error)) = last.map(|last| self.consumer.store_offset_from_message(last)) {
            // The partition has gone to another member, who takes these requests again, without effect.
            debug!(%error, "the place was not stored");
        }
    }

    /// Goes back to a record and waits, with this partition alone.
    fn hold_back(&mut self, record: &BorrowedMessage<'_>, why: &str) {
        let (partition, offset) = (record.partition(), record.offset());
        let before = self.held.get(&partition).map(|held| held.pause * 2);
        let pause = before.unwrap_or(PAUSE.0).min(PAUSE.1);
        if !self.stop.is_cancelled() {
            warn!(partition, offset, why, retry_in = ?pause, "held back");
        }
        self.rewind(partition, record.topic(), offset);
        self.held.insert(partition, Held { until: Some(Instant::now() + pause), pause });
    }

    fn resume_due(&mut self) {
        let now = Instant::now();
        let mut due = TopicPartitionList::new();
        let assigned = self.consumer.assignment().unwrap_or_default();
        for element in assigned.elements() {
            let held = self.held.get_mut(&element.partition());
            if let Some(held) = held.filter(|held| held.until.is_some_and(|until| until <= now)) {
                held.until = None;
                due.add_partition(element.topic(), element.partition());
            }
        }
        if due.count() > 0 {
            let _ = self.consumer.resume(&due);
        }
    }

    /// Pauses what is not paused yet, and says what.
    fn pause_all(&self) -> TopicPartitionList {
        let mut all = TopicPartitionList::new();
        for element in self.consumer.assignment().unwrap_or_default().elements() {
            if self.held.get(&element.partition()).is_none_or(|held| held.until.is_none()) {
                all.add_partition(element.topic(), element.partition());
            }
        }
        let _ = self.consumer.pause(&all);
        all
    }

    /// Pauses a partition so that it goes on with this offset. In this order: a pause
    /// notes the place after the last record that was handed out.
    fn rewind(&self, partition: i32, topic: &str, offset: i64) {
        let mut one = TopicPartitionList::new();
        one.add_partition(topic, partition);
        let paused = self.consumer.pause(&one);
        let sought = paused.and_then(|()| self.consumer.seek(topic, partition, Offset::Offset(offset), SLOW));
        if let Err(error) = sought {
            // It has gone to another member, who begins at the committed place.
            debug!(%error, partition, "not sought");
        }
    }

    /// One log line for a request, and with `--json` one on stdout.
    fn tell(
        &mut self,
        record: &BorrowedMessage<'_>,
        request: Option<&OrderRequest>,
        outcome: &Result<Effect, Refused>,
    ) -> Result<(), Failure> {
        let line = wire::OutcomeLine::new(record, outcome.as_ref().copied().ok());
        let trace_id = wire::trace_of(record);
        let (partition, offset, order) = (record.partition(), record.offset(), line.id);
        let event = request.map(|request| request.event.id.as_str()).unwrap_or_default();
        match outcome {
            Ok(_) => info!(%trace_id, order, event, partition, offset, "{} {}", line.kind.unwrap_or("?"), line.outcome),
            Err(why) => warn!(%trace_id, order, event, partition, offset, %why, "dead letter"),
        }
        if self.json { self.output.record(&line, "") } else { Ok(()) }
    }
}
