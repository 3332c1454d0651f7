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

use std::collections::BTreeMap;
use std::time::Duration;

use lab_console::{Failure, Output};
use lab_lifecycle::LevelFilter;
use lab_orders::{Effect, OrderError, OrderRequest};
use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::BorrowedMessage;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{Level, debug, enabled, info, warn};

use crate::config::{BrokenConsumer, ConsumerArgs, ConsumerVerb};
use crate::dead_letters::DeadLetters;
use crate::effects::{Effects, Verdicts};
use crate::error::{Fate, Refused, fate};
use crate::holds::Holds;
use crate::losses::Losses;
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
async fn apply_requests(mut args: ConsumerArgs) -> Result<(), Failure> {
    let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
    let topics = Topics::of(&args.kafka.topic_prefix);
    let made = stop
        .run_until_cancelled(broker::make_topics(
            &mut args.kafka,
            &[&topics.requests, &topics.facts, &topics.dead_letters],
        ))
        .await;
    let Some(()) = made.transpose()? else { return Ok(()) };
    let Some(store) = args.database.open_unless(stop.cancelled()).await? else { return Ok(()) };
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
    let (holds, losses) = (Holds::new(consumer), Losses::default());
    let (broken, json) = (args.broken, args.output.json);
    Requests { consumer, holds, losses, effects, dead_letters, runtime, stop, output, json, broken }.run()
}

/// The requests of the partitions that are ours.
struct Requests<'c, E> {
    consumer: &'c BaseConsumer<Member>,
    holds: Holds<'c>,
    losses: Losses,
    effects: E,
    dead_letters: DeadLetters,
    runtime: Handle,
    stop: CancellationToken,
    output: Output,
    json: bool,
    broken: Option<BrokenConsumer>,
}

const NO_VERDICT: OrderError = OrderError::Unavailable { reason: "it gave no verdict" };

/// The records of one partition, in their order, and what each asks for.
struct Batch<'c> {
    partition: i32,
    records: Vec<BorrowedMessage<'c>>,
    /// Why a record is no request, for those that are none.
    refused: Vec<Option<Refused>>,
    requests: Vec<OrderRequest>,
}

impl<'c, E: Effects> Requests<'c, E> {
    fn run(mut self) -> Result<(), Failure> {
        while !self.stop.is_cancelled() {
            self.holds.resume_due();
            self.losses.forget(&self.consumer.context().take_revoked());
            let batches = self.gather()?;
            // All are in the store's queue before one is waited for: they share its commit.
            let calls: Vec<_> = batches.into_iter().map(|mut batch| (self.call(&mut batch), batch)).collect();
            for (reply, batch) in calls {
                let verdicts = self.wait(reply);
                self.settle(batch, verdicts)?;
            }
        }
        Ok(())
    }

    /// What is there, by partition; waits a moment when there is nothing.
    fn gather(&mut self) -> Result<Vec<Batch<'c>>, Failure> {
        let mut by_partition = BTreeMap::<i32, Vec<BorrowedMessage<'c>>>::new();
        let (mut records, mut bytes, mut patience) = (0, 0, IDLE);
        while records < MOST_RECORDS && bytes < MOST_BYTES {
            let Some(polled) = self.consumer.poll(patience) else { break };
            let Some(record) = member::record(polled, self.consumer)? else { continue };
            (records, bytes, patience) = (records + 1, bytes + record.payload_len(), Duration::ZERO);
            by_partition.entry(record.partition()).or_default().push(record);
        }
        let batch = |(partition, records): (i32, Vec<BorrowedMessage<'c>>)| {
            self.losses.look(self.consumer, &records);
            let mut requests = Vec::with_capacity(records.len());
            let take = |record| read_request(record).map(|request| requests.push(request)).err();
            let refused = records.iter().map(take).collect();
            Batch { partition, records, refused, requests }
        };
        Ok(by_partition.into_iter().map(batch).collect())
    }

    /// Hands a batch to the store.
    fn call(&self, batch: &mut Batch<'_>) -> E::Reply {
        if self.broken == Some(BrokenConsumer::CommitAfter) {
            self.store_place(batch.records.last());
            let _ = self.consumer.commit_consumer_state(CommitMode::Sync);
        }
        let mut requests = std::mem::take(&mut batch.requests);
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
                    let paused = paused.get_or_insert_with(|| self.holds.pause_others());
                    while let Some(polled) = self.consumer.poll(Duration::ZERO) {
                        // Of a partition that has just become ours: its turn comes later.
                        if let Ok(record) = polled {
                            self.holds.rewind(&record);
                            paused.add_partition(record.topic(), record.partition());
                        }
                    }
                }
            }
        };
        if let Some(paused) = paused {
            self.holds.resume(&paused);
        }
        answer
    }

    /// Dead letters, then the place; or all of the batch once more.
    fn settle(&mut self, batch: Batch<'_>, verdicts: Verdicts) -> Result<(), Failure> {
        match self.outcomes(&batch, verdicts) {
            // While the store took its time the partition went to another member, who takes
            // the same requests again, and finds them done.
            _ if !self.holds.is_ours(batch.partition) => Ok(()),
            Ok(outcomes) => self.finish(&batch, &outcomes),
            Err(_) if self.stop.is_cancelled() => Ok(()),
            Err(reason) => {
                self.holds.hold_back(&batch.records[0], reason);
                Ok(())
            }
        }
    }

    /// What became of each record; or why they must all be tried again.
    fn outcomes(&self, batch: &Batch<'_>, verdicts: Verdicts) -> Result<Vec<Result<Effect, Refused>>, &'static str> {
        let verdicts = verdicts.unwrap_or_else(|error| vec![Err(error); batch.records.len()]);
        let mut verdicts = verdicts.into_iter();
        let outcome = |refused: &Option<Refused>| {
            if let Some(refused) = refused {
                return Ok(Err(refused.clone()));
            }
            match verdicts.next().unwrap_or(Err(NO_VERDICT)).map_err(fate) {
                Ok(effect) => Ok(Ok(effect)),
                Err(Fate::DeadLetter(refused)) => Ok(Err(refused)),
                Err(Fate::TryAgain(reason)) if self.broken == Some(BrokenConsumer::TryAgain) => {
                    Ok(Err(Refused::new("unavailable", reason)))
                }
                Err(Fate::TryAgain(reason)) => Err(reason),
            }
        };
        batch.refused.iter().map(outcome).collect()
    }

    /// Dead letters first, then the place: a crash in between doubles a letter and loses none.
    fn finish(&mut self, batch: &Batch<'_>, outcomes: &[Result<Effect, Refused>]) -> Result<(), Failure> {
        let both = batch.records.iter().zip(outcomes);
        let letters: Vec<_> = both
            .map(|(record, outcome)| outcome.as_ref().err().map(|refused| self.dead_letters.send(record, refused)))
            .collect();
        let mut done = 0;
        let mut failed = None;
        for sent in letters {
            if let Some(Err(why)) = sent.map(|sent| self.runtime.block_on(sent)) {
                failed.get_or_insert((done, why));
            }
            done += usize::from(failed.is_none());
        }
        for (at, outcome) in outcomes.iter().enumerate().take(done) {
            self.tell(&batch.records[at], outcome)?;
        }
        self.store_place(batch.records[..done].last());
        match failed {
            None => self.holds.succeeded(batch.partition),
            Some((at, why)) => {
                self.holds.hold_back(&batch.records[at], &format!("its dead letter was not taken ({why})"));
            }
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

    /// One log line for a request, and with `--json` one on stdout.
    fn tell(&mut self, record: &BorrowedMessage<'_>, outcome: &Result<Effect, Refused>) -> Result<(), Failure> {
        if outcome.is_ok() && !self.json && !enabled!(Level::INFO) {
            return Ok(());
        }
        let line = wire::OutcomeLine::new(record, outcome.as_ref().copied().ok());
        let (trace_id, event) = (wire::trace_of(record), wire::event_of(record));
        let (partition, offset, order) = (record.partition(), record.offset(), line.id);
        match outcome {
            Ok(_) => info!(%trace_id, order, event, partition, offset, "{} {}", line.kind.unwrap_or("?"), line.outcome),
            Err(why) => warn!(%trace_id, order, event, partition, offset, %why, "dead letter"),
        }
        if self.json { self.output.record(&line, "") } else { Ok(()) }
    }
}
