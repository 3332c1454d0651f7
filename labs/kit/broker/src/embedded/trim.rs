//! Says what the mock keeps to itself: it has trimmed what nobody has read.
//!
//! A partition holds 5 MiB or 100,000 batches. What is older goes without a word,
//! and a reader that was there goes on after the gap. So the offsets are asked for
//! once in a while, by a client as any other.
//!
//! It is a look, not a proof. A member may hold records that it has not committed
//! yet; and one that jumps a gap and commits between two looks isn't seen.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};

use super::ask::{Broker, Partition};
use super::forward::Traffic;
use super::readers::Reading;

const TICK: Duration = Duration::from_millis(50);
/// After traffic, one look a second; after much of it, one at once: it takes 5 MiB to trim.
const LOOK: Duration = Duration::from_secs(1);
const MUCH: u64 = 512 * 1024;
const ANSWER: Duration = Duration::from_secs(5);

/// Records that were trimmed and that a group has not committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The group; `None` where no group has ever asked for the partition.
    pub group: Option<String>,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// How many: the most that were missing at once.
    pub records: i64,
}

type Key = (Partition, Option<String>);

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Trims(Mutex<BTreeMap<Key, i64>>);

impl Trims {
    pub(super) fn unread(&self) -> Vec<Unread> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unread = |(((topic, partition), group), &records): (&Key, &i64)| Unread {
            group: group.clone(),
            topic: topic.clone(),
            partition: *partition,
            records,
        };
        seen.iter().map(unread).collect()
    }

    /// Warns of the first records, and again whenever ten times as many are gone.
    fn note(&self, key: Key, records: i64) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = seen.get(&key).copied().unwrap_or_default();
        if records <= known {
            return;
        }
        let ((topic, partition), group) = &key;
        if known == 0 || records.ilog10() > known.ilog10() {
            match group {
                Some(group) => warn!(
                    topic,
                    partition, group, records, "trimmed records that a group has not committed: 5 MiB are kept"
                ),
                None => warn!(topic, partition, records, "trimmed records that no group has read: 5 MiB are kept"),
            }
        }
        seen.insert(key, records);
    }
}

/// Looks until it is dropped.
pub(super) async fn watch(mock: SocketAddr, traffic: Arc<Traffic>, trims: Arc<Trims>) {
    let (mut looked, mut received) = (Instant::now(), traffic.received());
    let mut starts = HashMap::new();
    let mut broker = None;
    loop {
        sleep(TICK).await;
        let more = traffic.received() - received;
        if more == 0 || (more < MUCH && looked.elapsed() < LOOK) {
            continue;
        }
        received += more;
        let look = timeout(ANSWER, look(&mut broker, mock, &traffic, &mut starts, &trims)).await;
        if let Err(error) = look.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            // It is down on purpose, perhaps. The next look connects again.
            debug!(%error, "can't ask the broker for its offsets");
            broker = None;
        }
        looked = Instant::now();
    }
}

/// `starts` has the first offset that was kept when a group was first seen: what
/// was trimmed before it came was never its own.
async fn look(
    broker: &mut Option<Broker>,
    mock: SocketAddr,
    traffic: &Traffic,
    starts: &mut HashMap<Reading, i64>,
    trims: &Trims,
) -> io::Result<()> {
    let broker = match broker {
        Some(broker) => broker,
        None => broker.insert(Broker::connect(mock).await?),
    };
    let mut readings: BTreeMap<Partition, Vec<Reading>> = BTreeMap::new();
    for reading in traffic.readers.all() {
        readings.entry((reading.topic.clone(), reading.partition)).or_default().push(reading);
    }
    let partitions = broker.partitions().await?;
    let kept = broker.first_offsets(&partitions).await?;
    let mut committed = HashMap::new();
    for (partition, &first) in &kept {
        let Some(readers) = readings.get(partition) else {
            trims.note((partition.clone(), None), first);
            continue;
        };
        for reader in readers.iter().filter(|_| first > 0) {
            if !committed.contains_key(&reader.group) {
                let offsets = broker.committed(&reader.group, &partitions).await?;
                committed.insert(reader.group.clone(), offsets);
            }
            let start = *starts.entry(reader.clone()).or_insert(first);
            let offset = committed[&reader.group].get(partition).copied().unwrap_or(start);
            trims.note((partition.clone(), Some(reader.group.clone())), first - offset);
        }
    }
    Ok(())
}
