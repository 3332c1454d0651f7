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
use lab_orders::{Change, Position, Store, Watch, WatchFrom};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::broker;
use crate::config::{ConsumerArgs, KafkaArgs};
use crate::facts::{FactsTopic, Interrupted, MOST_IN_TRANSACTION, Seen, text};
use crate::published::Published;
use crate::state;
use crate::wire::fact_record;

/// How soon a stop, or the death of another publisher, is seen.
const MOMENT: Duration = Duration::from_millis(100);
/// How often it is looked whether the topic is still the one that was written to, while
/// there is nothing to send.
const LOOK: Duration = Duration::from_secs(2);
const BACK_OFF: Duration = Duration::from_secs(1);
/// For what is left to be published at the end.
const STOP: Duration = Duration::from_secs(5);

/// Reasons to publish every order as it is.
const REMADE: &str = "the topic was removed, or made anew";
const RESTORED: &str =
    "the topic tells of changes that this database doesn't have, as if it had been restored from a copy";

/// A publisher at work.
pub(crate) struct Publisher {
    stop: CancellationToken,
    ended: oneshot::Receiver<()>,
}

impl Publisher {
    /// Starts the thread. It publishes when it is its turn.
    pub(crate) fn start(args: &ConsumerArgs, topic: String, store: Store) -> Result<Self, Failure> {
        let stop = CancellationToken::new();
        let mut work = Work {
            kafka: args.kafka.clone(),
            topic,
            store,
            lock: args.database.file().map(lock_of),
            stop: stop.clone(),
            runtime: Handle::current(),
            seen: Seen::default(),
            anew: None,
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
    /// What the topic was when it was last looked at.
    seen: Seen,
    /// Why every order has to be published as it is. It is remembered until that is done:
    /// a second look, at a topic that has grown meanwhile, may tell nothing of it.
    anew: Option<&'static str>,
}

impl Work {
    fn run(&mut self) {
        // Held until this returns, or the process ends.
        let Some(_turn) = self.wait_for_turn() else { return };
        while let Err(why) = self.publish() {
            if self.stop.is_cancelled() {
                return;
            }
            warn!(topic = self.topic, why, retry_in = ?BACK_OFF, "publishing facts begins anew");
            std::thread::sleep(BACK_OFF);
        }
    }

    fn wait_for_turn(&self) -> Option<Option<File>> {
        let Some(path) = &self.lock else { return Some(None) };
        let mut told = false;
        while !self.stop.is_cancelled() {
            match File::create(path).map(|file| file.try_lock().map(|()| file)) {
                Ok(Ok(file)) => return Some(Some(file)),
                _ if told => {}
                Ok(Err(TryLockError::WouldBlock)) => {
                    info!("another consumer publishes this database's facts; standing by")
                }
                Ok(Err(TryLockError::Error(error))) | Err(error) => {
                    warn!(%error, file = %path.display(), "facts are not published: the lock can't be had");
                }
            }
            told = true;
            std::thread::sleep(MOMENT);
        }
        None
    }

    /// Publishes until `stop`.
    fn publish(&mut self) -> Result<(), Interrupted> {
        // Somebody may have removed it.
        self.runtime.block_on(broker::make_topics(&mut self.kafka, &[&self.topic])).map_err(text)?;
        let now = self.runtime.block_on(self.store.watch(WatchFrom::Now)).map_err(text)?.position();
        let facts = FactsTopic::open(&self.kafka, &self.topic, now.epoch(), &self.stop)?;
        let (mut watch, published) = self.begin(&facts, now)?;
        let mut looked = Instant::now();
        info!(topic = self.topic, after = %watch.position(), "publishing facts");
        loop {
            let stopping = self.stop.is_cancelled();
            let changes = self.next_changes(&mut watch)?;
            if changes.is_empty() && stopping {
                return Ok(());
            }
            if changes.is_empty() && looked.elapsed() < LOOK {
                continue;
            }
            if changes.iter().any(|change| published.contradicts(change)) {
                self.anew = Some(RESTORED);
                return Err("the topic tells of other changes than this database".to_owned());
            }
            // Nobody else writes to it. So a topic that has lost its facts is shorter before the
            // next are sent, and may be longer afterwards.
            self.look_at(&facts)?;
            let new = changes.iter().filter(|change| !published.has(change));
            let fact = |change: &Change| fact_record(&change.position.to_string(), change.kind, &change.order);
            let sent = facts.send(new.map(fact).collect());
            // What is wrong with the topic says more than that something couldn't be sent.
            self.look_at(&facts)?;
            sent?;
            looked = Instant::now();
        }
    }

    /// A watch from behind what is published. A transaction that a crash has cut off is
    /// nowhere (a broker that only pretends to have transactions may have part of it), so
    /// all before the newest transaction is published, and of that one it is known what.
    fn begin(&mut self, facts: &FactsTopic, now: Position) -> Result<(Watch, Published), Interrupted> {
        // If it is another one now, that is remembered.
        let _ = self.look_at(facts);
        let published = facts.published()?;
        let kept = self.runtime.block_on(self.store.watch(WatchFrom::Oldest)).map_err(text)?.position();
        let begin = now.at(published.complete_up_to(MOST_IN_TRANSACTION));
        if published.newest() > now.sequence() {
            self.anew.get_or_insert(RESTORED);
        } else if begin.sequence() < kept.sequence() {
            self.anew.get_or_insert("the changes that the topic lacks are no longer kept");
        }
        let Some(reason) = self.anew else {
            let watch = self.runtime.block_on(self.store.watch(WatchFrom::After(begin))).map_err(text)?;
            return Ok((watch, published));
        };
        info!(reason, "publishing every order as it is");
        let from = state::publish_all(facts, &self.store, &self.runtime)?;
        self.look_at(facts)?;
        self.anew = None;
        let watch = self.runtime.block_on(self.store.watch(WatchFrom::After(from))).map_err(text)?;
        Ok((watch, Published::nothing(now.epoch())))
    }

    /// A topic that was removed and made anew, or whose broker has lost its data, lacks
    /// what was published before.
    fn look_at(&mut self, facts: &FactsTopic) -> Result<(), Interrupted> {
        // No answer is no reason: a broker that is away comes back, mostly with all it had.
        let Ok(now) = facts.look() else { return Ok(()) };
        if self.seen.replace(now) {
            self.anew = Some(REMADE);
            return Err(REMADE.to_owned());
        }
        Ok(())
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
}
