//! Which changes are facts already: what the end of the topic tells a publisher.

use std::collections::HashSet;

use lab_orders::{Change, ChangeKind, OrderId, Position, WatchFrom};
use rdkafka::message::BorrowedMessage;

use crate::wire::{event_id, read_fact};

/// Begins the `ce_id` of the last fact of a state. No change before it needs a fact any more.
const STATE: &str = "state-";

/// The name of the last fact of a state that is true at this position.
pub(crate) fn state_name(position: Position) -> String {
    format!("{STATE}{position}")
}

/// Whether a fact's name is one of the database of this epoch.
pub(crate) fn is_of(name: &str, epoch: u32) -> bool {
    let name = name.strip_prefix(STATE).unwrap_or(name);
    name.strip_prefix(&format!("{epoch:08x}")).is_some_and(|rest| rest.starts_with('-'))
}

/// What has been published of one database.
pub(crate) struct Published {
    epoch: u32,
    /// Changes by sequence number, as far back as somebody looked.
    sequences: HashSet<i64>,
    /// And what they made of which order. A database that was restored from a copy
    /// gives its numbers a second time, to other changes.
    changes: HashSet<(i64, OrderId, Version)>,
    /// All up to this one: by a state, whose orders say nothing of the single changes.
    all_up_to: i64,
}

/// `None`: the order is gone.
type Version = Option<u64>;

impl Published {
    /// Nothing yet, of the database of this epoch.
    pub(crate) fn nothing(epoch: u32) -> Self {
        Self { epoch, sequences: HashSet::new(), changes: HashSet::new(), all_up_to: 0 }
    }

    /// Reads a fact.
    pub(crate) fn note(&mut self, record: &BorrowedMessage<'_>) {
        let (Some(name), Ok(fact)) = (event_id(record), read_fact(record)) else { return };
        let (is_state, position) = name.strip_prefix(STATE).map_or((false, name), |position| (true, position));
        match WatchFrom::parse(Some(position)) {
            Ok(WatchFrom::After(position)) if position.epoch() == self.epoch => {
                if is_state {
                    self.all_up_to = self.all_up_to.max(position.sequence());
                } else {
                    let version = fact.order.map(|order| order.version);
                    self.sequences.insert(position.sequence());
                    self.changes.insert((position.sequence(), fact.id, version));
                }
            }
            // Another database's, or a fact of a state before its last.
            _ => {}
        }
    }

    /// Whether there is a fact of this change, or one that says more.
    pub(crate) fn has(&self, change: &Change) -> bool {
        let sequence = change.position.sequence();
        let version = Some(change.order.version).filter(|_| change.kind != ChangeKind::Deleted);
        sequence <= self.all_up_to || self.changes.contains(&(sequence, change.order.id, version))
    }

    /// Whether there are facts with this change's number, and all of them of other changes.
    pub(crate) fn contradicts(&self, change: &Change) -> bool {
        self.sequences.contains(&change.position.sequence()) && !self.has(change)
    }

    /// The last change behind which nothing may be missing, if no more than so many are sent at once.
    pub(crate) fn complete_up_to(&self, most_at_once: usize) -> i64 {
        let newest = self.sequences.iter().max().copied().unwrap_or_default();
        (newest - most_at_once as i64).max(self.all_up_to)
    }

    /// The newest change that there is a fact of, or of which a state tells.
    pub(crate) fn newest(&self) -> i64 {
        self.sequences.iter().max().copied().unwrap_or_default().max(self.all_up_to)
    }
}
