//! Partitions that wait. What fails is tried again, and nothing behind it is
//! taken out of turn; but its partition alone waits, and the others go on.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tracing::{debug, warn};

use crate::member::Member;

/// Between two tries: the first, doubled each time, up to the second.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));
/// For a word with librdkafka's own thread.
const MOMENT: Duration = Duration::from_millis(200);

/// The partitions of a consumer, and which of them wait.
///
/// A partition that waits is paused with its place set back, and so holds no
/// record in this program: who waits long with much behind it takes no memory.
pub(crate) struct Holds<'c> {
    consumer: &'c BaseConsumer<Member>,
    held: HashMap<i32, Held>,
}

struct Held {
    /// `None`: it is being tried again.
    until: Option<Instant>,
    pause: Duration,
}

impl<'c> Holds<'c> {
    pub(crate) fn new(consumer: &'c BaseConsumer<Member>) -> Self {
        Self { consumer, held: HashMap::new() }
    }

    /// Whether a partition has been this member's since the last [`Member::take_revoked`].
    /// Partitions come and go within polls. To ask librdkafka would wake its thread each time.
    pub(crate) fn is_ours(&self, partition: i32) -> bool {
        !self.consumer.context().was_revoked(partition)
    }

    /// Goes back to this record, and waits.
    pub(crate) fn hold_back(&mut self, record: &BorrowedMessage<'_>, why: &str) {
        let (partition, offset) = (record.partition(), record.offset());
        let before = self.held.get(&partition).map(|held| held.pause * 2);
        let pause = before.unwrap_or(PAUSE.0).min(PAUSE.1);
        warn!(partition, offset, why, retry_in = ?pause, "held back");
        self.rewind(record);
        self.held.insert(partition, Held { until: Some(Instant::now() + pause), pause });
    }

    /// What was tried again has succeeded.
    pub(crate) fn succeeded(&mut self, partition: i32) {
        self.held.remove(&partition);
    }

    /// Lets those go on whose time has come.
    pub(crate) fn resume_due(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut due = TopicPartitionList::new();
        for element in self.consumer.assignment().unwrap_or_default().elements() {
            let held = self.held.get_mut(&element.partition());
            if let Some(held) = held.filter(|held| held.until.is_some_and(|until| until <= now)) {
                held.until = None;
                due.add_partition(element.topic(), element.partition());
            }
        }
        self.resume(&due);
    }

    pub(crate) fn resume(&self, partitions: &TopicPartitionList) {
        if let Err(error) = self.consumer.resume(partitions) {
            debug!(%error, "not resumed");
        }
    }

    /// Pauses those that don't wait anyway, and says which.
    pub(crate) fn pause_others(&self) -> TopicPartitionList {
        let mut others = TopicPartitionList::new();
        for element in self.consumer.assignment().unwrap_or_default().elements() {
            if self.held.get(&element.partition()).is_none_or(|held| held.until.is_none()) {
                others.add_partition(element.topic(), element.partition());
            }
        }
        if let Err(error) = self.consumer.pause(&others) {
            debug!(%error, "not paused");
        }
        others
    }

    /// Pauses a partition so that it goes on with this record. In this order: a pause
    /// notes the place after the last record that was handed out.
    pub(crate) fn rewind(&self, record: &BorrowedMessage<'_>) {
        let (topic, partition) = (record.topic(), record.partition());
        let mut one = TopicPartitionList::new();
        one.add_partition(topic, partition);
        let back = Offset::Offset(record.offset());
        let paused = self.consumer.pause(&one);
        if let Err(error) = paused.and_then(|()| self.consumer.seek(topic, partition, back, MOMENT)) {
            // It has gone to another member, who begins at the committed place.
            debug!(%error, partition, "not sought");
        }
    }
}
