//! Requests that were removed from the topic before anybody took them.
//!
//! A topic keeps a request for 7 days, whether it was taken or not. A consumer that
//! comes too late goes on with the oldest that is left, and librdkafka says nothing
//! of it (`auto.offset.reset`). Nothing can bring them back, but somebody should know.

use std::collections::HashMap;

use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tracing::{debug, warn};

use crate::broker::OPTIONAL_ANSWER;
use crate::member::Member;

/// Which offset is due next, by partition.
#[derive(Default)]
pub(crate) struct Losses(HashMap<i32, i64>);

impl Losses {
    /// Tells of what is missing before these records of one partition.
    pub(crate) fn look(&mut self, consumer: &BaseConsumer<Member>, records: &[BorrowedMessage<'_>]) {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return };
        let partition = first.partition();
        let due = self.0.get(&partition).copied().or_else(|| committed(consumer, first));
        if let Some(due) = due.filter(|&due| due < first.offset()) {
            tell(consumer, first, due);
        }
        self.0.insert(partition, last.offset() + 1);
    }

    /// Another member goes on with these.
    pub(crate) fn forget(&mut self, partitions: &[i32]) {
        self.0.retain(|partition, _| !partitions.contains(partition));
    }
}

/// The group's place; `None` for a new group, which missed nothing.
fn committed(consumer: &BaseConsumer<Member>, record: &BorrowedMessage<'_>) -> Option<i64> {
    let mut asked = TopicPartitionList::new();
    asked.add_partition(record.topic(), record.partition());
    let answer = consumer.committed_offsets(asked, OPTIONAL_ANSWER);
    let places = answer.inspect_err(|error| debug!(%error, "the group's place is not known")).ok()?;
    places.elements().first().and_then(|place| match place.offset() {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    })
}

/// A gap alone is no loss: marks of transactions have offsets too, and are never handed out.
fn tell(consumer: &BaseConsumer<Member>, first: &BorrowedMessage<'_>, due: i64) {
    let (topic, partition) = (first.topic(), first.partition());
    match consumer.fetch_watermarks(topic, partition, OPTIONAL_ANSWER) {
        Ok((oldest, _)) if oldest > due => {
            let lost = oldest.min(first.offset()) - due;
            warn!(topic, partition, lost, from = due, "requests were removed before they were taken");
        }
        Ok(_) => {}
        Err(error) => debug!(%error, "the oldest offset is not known"),
    }
}
