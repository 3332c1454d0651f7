//! Which groups read which partitions, overheard.
//!
//! The mock can't list its groups. But a member asks for its group's committed
//! offsets (OffsetFetch) before it reads its first record of a partition, and
//! that request names all three.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::LONGEST_NAME;
use super::wire::{Api, Reader};

/// More is not remembered. A lab has ten.
const MAX_READERS: usize = 10_000;
/// A longer request is passed on unread. One that names 1,000 partitions has 10 KiB.
const LONGEST_READ: usize = 64 * 1024;
/// Bytes in a group's name. The flexible form has room for more than can be asked for, or kept.
const LONGEST_GROUP: usize = 255;
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
pub(super) struct Groups(Mutex<HashSet<Reading>>);

impl Groups {
    pub(super) fn all(&self) -> Vec<Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn add(&self, readings: Vec<Reading>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_READERS.saturating_sub(known.len());
        known.extend(readings.into_iter().take(room));
    }
}

/// The requests of one connection, put together from what came in.
#[derive(Default)]
pub(super) struct Requests {
    /// The beginning of a request, until it is whole.
    partial: Vec<u8>,
    /// How much of a request that nobody here reads is still to come.
    skip: usize,
}

impl Requests {
    /// Whether the next byte begins a request.
    pub(super) fn is_between(&self) -> bool {
        self.skip == 0 && self.partial.is_empty()
    }

    pub(super) fn read(&mut self, mut bytes: &[u8], groups: &Groups) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            // The length and the number of the request tell whether to read it.
            let wanted = if self.partial.len() < 6 { 6 } else { 4 + self.length() };
            let taken = wanted.saturating_sub(self.partial.len()).min(bytes.len());
            self.partial.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if self.partial.len() >= 6 {
                self.judge(groups);
            }
        }
    }

    /// Reads the request when it is whole, or lets it go when it is another.
    fn judge(&mut self, groups: &Groups) {
        let (length, api) = (self.length(), i16::from_be_bytes([self.partial[4], self.partial[5]]));
        if api == Api::OffsetFetch as i16 && length <= LONGEST_READ {
            if self.partial.len() >= 4 + length {
                groups.add(offset_fetch(&self.partial[4..]).unwrap_or_default());
                self.partial.clear();
            }
        } else {
            self.skip = (4 + length).saturating_sub(self.partial.len());
            self.partial.clear();
        }
    }

    /// What isn't Kafka may say any length; the broker will hang up on it.
    fn length(&self) -> usize {
        let length = Reader::new(&self.partial).i32().unwrap_or_default();
        usize::try_from(length).unwrap_or_default()
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
