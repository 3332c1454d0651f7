//! The publisher: from the store's changes to facts, each once and in order.
//!
//! The store's table of changes is an *outbox*: a change and the fact to come are
//! one transaction, whoever made the change, over REST, gRPC or Kafka. Nothing
//! has to be written into two systems at once, which can't be done.
//!
//! What has been published is not noted anywhere: the topic itself tells. Each
//! fact's `ce_id` is the position of its change, so a publisher reads the end of
//! the topic and goes on behind it. So it can't be wrong after a crash, and a
//! broker that was wiped gets everything again.
//!
//! One at a time: a lock on a file beside the database, which the system takes
//! back from a process that dies, however it dies. And a transactional producer,
//! so that what a dead one had still under way is refused by the broker and not
//! appended behind what a new one says (KIP-98, fencing).

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use lab_console::Failure;
use lab_orders::{Change, ChangeKind, ListDraft, Order, Position, Store, Watch, WatchFrom};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::broker::Quiet;
use crate::config::{ConsumerArgs, KafkaArgs};
use crate::published::{Published, state_name};
use crate::reader::replay;
use crate::wire::{Record, fact_record};

/// Changes in one transaction.
const MOST_IN_TRANSACTION: usize = 1_000;
/// Where the newest facts are looked for: so many offsets before the end of each
/// partition. Half of them may be marks of transactions.
const TAIL: i64 = 4_000;
/// How soon a stop, or the death of another publisher, is seen.
const MOMENT: Duration = Duration::from_millis(100);
const BACK_OFF: Duration = Duration::from_secs(1);
/// For one try of the broker's; it is repeated.
const TRY: Duration = Duration::from_secs(10);
/// Between two looks whether a transaction's facts have their reports.
const LOOK: Duration = Duration::from_millis(1);
/// For what is left to be published at the end.
const STOP: Duration = Duration::from_secs(5);

/// A publisher at work.
pub(crate) struct Publisher {
    stop: CancellationToken,
    ended: oneshot::Receiver<()>,
}

impl Publisher {
    /// Starts the thread. It publishes when it is its turn.
    pub(crate) fn start(args: &ConsumerArgs, topic: String, store: Store) -> Result<Self, Failure> {
        let stop = CancellationToken::new();
        let work = Work {
            kafka: args.kafka.clone(),
            topic,
            store,
            lock: args.database.file().map(lock_of),
            stop: stop.clone(),
            runtime: Handle::current(),
        };
        let (end, ended) = oneshot::channel();
        let run = move || {
            work.run();
            let _ = end.send(());
        };
        let started = std::thread::Builder::new().name("facts".to_owned()).spawn(run);
        started.map_err(|error| Failure::missing(format!("can't start a thread to publish facts: {error}")))?;
        Ok(Self { stop, ended })
    }

    /// Lets it publish what is there, and waits for its end: 5 s at most. What is
    /// not published then is published by the next one.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        if timeout(STOP, self.ended).await.is_err() {
            warn!("the broker doesn't take the last facts; the next consumer publishes them");
        }
    }
}

/// `orders.db-publisher`, beside the file itself and not beside a link to it.
fn lock_of(database: PathBuf) -> PathBuf {
    let mut name = database.canonicalize().unwrap_or(database).into_os_string();
    name.push("-publisher");
    name.into()
}

struct Work {
    kafka: KafkaArgs,
    topic: String,
    store: Store,
    /// `None`: orders in memory, which nobody shares.
    lock: Option<PathBuf>,
    stop: CancellationToken,
    runtime: Handle,
}

/// Why publishing has to begin anew, which is always safe.
type Interrupted = String;

impl Work {
    fn run(&self) {
        // Held until this returns, or the process ends.
        let Some(_turn) = self.wait_for_turn() else { return };
        while let Err(why) = self.publish() {
            if self.stop.is_cancelled() {
                return;
            }
            warn!(why, retry_in = ?BACK_OFF, "facts can't be published");
            std::thread::sleep(BACK_OFF);
        }
    }

    fn wait_for_turn(&self) -> Option<Option<File>> {
        let Some(path) = &self.lock else { return Some(None) };
        let mut told = false;
        while !self.stop.is_cancelled() {
            match File::create(path).map(|file| file.try_lock().map(|()| file)) {
                Ok(Ok(file)) => return Some(Some(file)),
                Ok(Err(TryLockError::WouldBlock)) => debug!("another consumer publishes the facts"),
                Ok(Err(TryLockError::Error(error))) | Err(error) if !told => {
                    warn!(%error, file = %path.display(), "facts are not published: the lock can't be had");
                    told = true;
                }
                Ok(Err(TryLockError::Error(_))) | Err(_) => {}
            }
            std::thread::sleep(MOMENT);
        }
        None
    }

    /// Publishes until `stop`.
    fn publish(&self) -> Result<(), Interrupted> {
        let epoch = self.runtime.block_on(self.store.watch(WatchFrom::Now)).map_err(text)?.position().epoch();
        // First of all, so that the broker ends what another left open.
        let producer = self.fence(epoch)?;
        let published = self.published(epoch)?;
        let mut watch = self.begin(&producer, &published)?;
        info!(topic = self.topic, after = %watch.position(), "publishing facts");
        loop {
            let stopping = self.stop.is_cancelled();
            let changes = self.next_changes(&mut watch)?;
            if changes.is_empty() && stopping {
                return Ok(());
            }
            let new = changes.iter().filter(|change| !published.has(change));
            let fact = |change: &Change| fact_record(&change.position.to_string(), change.kind, &change.order);
            self.send(&producer, new.map(fact).collect())?;
        }
    }

    /// What there is, up to a transaction's worth; nothing after a moment without.
    fn next_changes(&self, watch: &mut Watch) -> Result<Vec<Change>, Interrupted> {
        let mut all = Vec::new();
        while all.len() + Watch::MOST_AT_ONCE <= MOST_IN_TRANSACTION {
            let next = self.runtime.block_on(async { timeout(MOMENT, watch.next()).await });
            let Ok(more) = next else { break };
            let more = more.map_err(text)?;
            all.extend(more.iter().cloned());
            if more.len() < Watch::MOST_AT_ONCE {
                break;
            }
        }
        Ok(all)
    }

    /// A producer of which there is only one: an older one with its name is fenced off.
    fn fence(&self, epoch: u32) -> Result<BaseProducer<Quiet>, Interrupted> {
        let mut config = self.kafka.producer();
        config.set("transactional.id", format!("{}.{epoch:08x}", self.topic)).set("transaction.timeout.ms", "60000");
        // At most that of the transaction.
        config.set("message.timeout.ms", "60000");
        let producer: BaseProducer<Quiet> = BaseProducer::from_config_and_context(&config, Quiet).map_err(text)?;
        self.until_done(|| producer.init_transactions(TRY))?;
        Ok(producer)
    }

    /// What the newest facts say, as far as they are of this database.
    fn published(&self, epoch: u32) -> Result<Published, Interrupted> {
        let mut published = Published::nothing(epoch);
        replay(&self.kafka, &self.topic, |_, high| high - TAIL, |fact| published.note(fact)).map_err(text)?;
        Ok(published)
    }

    /// A watch from behind what is published. A transaction that a crash has cut off is
    /// nowhere (a broker that only pretends to have transactions may have part of it), so
    /// all before the newest transaction is published, and of that one it is known what.
    fn begin(&self, producer: &BaseProducer<Quiet>, published: &Published) -> Result<Watch, Interrupted> {
        let oldest = self.runtime.block_on(self.store.watch(WatchFrom::Oldest)).map_err(text)?;
        let begin = oldest.position().at(published.complete_up_to(MOST_IN_TRANSACTION));
        if begin.sequence() < oldest.position().sequence() {
            return self.publish_all(producer);
        }
        self.runtime.block_on(self.store.watch(WatchFrom::After(begin))).map_err(text)
    }

    /// What any client does whose position is gone: list, then watch from there.
    fn publish_all(&self, producer: &BaseProducer<Quiet>) -> Result<Watch, Interrupted> {
        info!("the changes that this topic lacks are no longer kept: publishing every order as it is");
        let mut page_token = None;
        let mut position = None;
        loop {
            let draft = ListDraft { page_size: Some("1000".to_owned()), page_token, ..ListDraft::default() };
            let page = self.runtime.block_on(self.store.list(draft.parse().map_err(text)?)).map_err(text)?;
            // The first page has it, and no other.
            position = position.or(page.watch_position);
            let from = position.ok_or("a list has no position")?;
            let is_last = page.next_page_token.is_none();
            let count = page.orders.len();
            for (at, chunk) in page.orders.chunks(MOST_IN_TRANSACTION).enumerate() {
                let ends_here = is_last && (at + 1) * MOST_IN_TRANSACTION >= count;
                self.send(producer, state_records(chunk, from, ends_here))?;
            }
            page_token = page.next_page_token;
            if page_token.is_none() {
                return self.runtime.block_on(self.store.watch(WatchFrom::After(from))).map_err(text);
            }
        }
    }

    /// Sends facts in one transaction: readers see all of them or none.
    fn send(&self, producer: &BaseProducer<Quiet>, facts: Vec<Record>) -> Result<(), Interrupted> {
        if facts.is_empty() {
            return Ok(());
        }
        let count = facts.len();
        producer.begin_transaction().map_err(text)?;
        for fact in facts {
            let record = BaseRecord {
                topic: &self.topic,
                partition: None,
                payload: fact.value.as_ref(),
                key: Some(&fact.key),
                timestamp: None,
                headers: Some(fact.headers),
                delivery_opaque: (),
            };
            producer.send(record).map_err(|(error, _)| text(error))?;
        }
        self.serve_reports(producer);
        self.until_done(|| producer.commit_transaction(TRY))?;
        debug!(count, "facts published");
        Ok(())
    }

    /// Until all facts have their reports, or the commit shall say why not. It would wait
    /// for them itself, but rdkafka's flush looks only every 100 ms whether they are there.
    fn serve_reports(&self, producer: &BaseProducer<Quiet>) {
        let deadline = Instant::now() + TRY;
        while producer.in_flight_count() > 0 && Instant::now() < deadline && !self.stop.is_cancelled() {
            producer.poll(LOOK);
        }
    }

    /// Tries again for as long as librdkafka says that it may. Whatever else goes wrong,
    /// fencing included, is answered with a new producer and a look at the topic.
    fn until_done(&self, mut call: impl FnMut() -> Result<(), KafkaError>) -> Result<(), Interrupted> {
        loop {
            match call() {
                Ok(()) => return Ok(()),
                Err(error) if self.stop.is_cancelled() => return Err(error.to_string()),
                Err(KafkaError::Transaction(error)) if error.is_retriable() => debug!(%error, "once more"),
                Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)) => debug!("the broker takes long"),
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

/// Orders as they are, without the change that made them so. Only the very last says
/// at which position: a publisher that crashes before it begins with all of this again.
fn state_records(orders: &[Order], from: Position, ends_here: bool) -> Vec<Record> {
    let last = orders.len().saturating_sub(1);
    let record = |(at, order): (usize, &Order)| {
        let kind = if order.version == 1 { ChangeKind::Created } else { ChangeKind::Updated };
        let name = if ends_here && at == last { state_name(from) } else { format!("{}-{}", order.id, order.version) };
        fact_record(&name, kind, order)
    };
    orders.iter().enumerate().map(record).collect()
}

fn text(error: impl std::fmt::Display) -> Interrupted {
    error.to_string()
}
