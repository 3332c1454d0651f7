//! Which groups read which partitions, overheard.
//!
//! The mock can't list its groups. But a member asks for its group's committed
//! offsets (OffsetFetch) before it reads its first record of a partition, and
//! that request names all three.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::wire::Reader;
use super::{LONGEST_GROUP, LONGEST_NAME};

/// More is not remembered. A lab has ten.
const MAX_READERS: usize = 10_000;
/// The first version of OffsetFetch in the flexible form, and the last that the mock takes.
const FLEXIBLE: i16 = 6;

/// A group and a partition that it reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Reading {
    pub(super) group: String,
    pub(super) topic: String,
    pub(super) partition: i32,
}

#[derive(Debug, Default)]
pub(super) struct Readers(Mutex<HashSet<Reading>>);

impl Readers {
    pub(super) fn all(&self) -> Vec<Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Remembers what an OffsetFetch (without its length) names.
    pub(super) fn overhear(&self, request: &[u8]) {
        let readings = offset_fetch(request).unwrap_or_default();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_READERS.saturating_sub(known.len());
        known.extend(readings.into_iter().take(room));
    }
}

/// What a request names; nothing of one that isn't well-formed, or names what can't be.
fn offset_fetch(request: &[u8]) -> Option<Vec<Reading>> {
    let mut reader = Reader::new(request);
    let (_api, version, _correlation) = (reader.i16()?, reader.i16()?, reader.i32()?);
    if version > FLEXIBLE {
        return None;
    }
    let _client = reader.text()?;
    let mut reader = reader.flexible(version >= FLEXIBLE);
    reader.tags()?;
    let group = reader.text().filter(|name| name.len() <= LONGEST_GROUP)?;
    let mut readings = Vec::new();
    reader.list(|reader| {
        let topic = reader.text().filter(|name| name.len() <= LONGEST_NAME)?;
        let partitions = reader.list(Reader::i32)?;
        let reading = |partition| Reading { group: group.to_owned(), topic: topic.to_owned(), partition };
        readings.extend(partitions.into_iter().map(reading));
        reader.tags()
    })?;
    Some(readings)
}
