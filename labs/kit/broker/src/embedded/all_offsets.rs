//! Answers for all that a group has committed.
//!
//! From version 2 on an OffsetFetch may name no topics, and means all of them. The mock says that
//! there are none. So it is asked for each partition that there is, and those without an offset
//! are left out of its answer.

use super::ask::{Partition, by_topic};
use super::wire::{Api, Reader, Writer};

const FLEXIBLE: i16 = 6;
/// From which version on no topics are all, and the last one that the mock takes.
const VERSIONS: std::ops::RangeInclusive<i16> = 2..=6;

/// A question for all that a group has committed.
#[derive(Debug)]
pub(super) struct AllOffsets {
    version: i16,
    correlation: i32,
    group: String,
}

/// A partition, as the mock's answer has it.
type Committed<'a> = (i32, i64, i32, Option<&'a str>, i16);

impl AllOffsets {
    /// `None` where topics are named, or nothing can be read. Without its length.
    pub(super) fn of(request: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(request);
        let (_api, version, correlation) = (reader.i16()?, reader.i16()?, reader.i32()?);
        if !VERSIONS.contains(&version) {
            return None;
        }
        let _client = reader.text()?;
        let mut reader = reader.flexible(version >= FLEXIBLE);
        reader.tags()?;
        let group = reader.text()?.to_owned();
        reader.is_absent_list()?.then_some(Self { version, correlation, group })
    }

    /// The same question, with the topics named.
    pub(super) fn named(&self, partitions: &[Partition]) -> Vec<u8> {
        Writer::request(Api::OffsetFetch, self.version, self.correlation)
            .flexible(self.version >= FLEXIBLE)
            .tags()
            .text(&self.group)
            .list(&by_topic(partitions), |topic, (name, numbers)| {
                topic.text(name).list(numbers, |partition, &number| partition.i32(number)).tags()
            })
            .tags()
            .finish()
    }

    /// The answer to that (without its length), without those that have no offset.
    pub(super) fn committed(&self, answer: &[u8]) -> Option<Vec<u8>> {
        let flexible = self.version >= FLEXIBLE;
        let mut reader = Reader::new(answer).flexible(flexible);
        let _correlation = reader.i32()?;
        reader.tags()?;
        let throttled = if self.version >= 3 { Some(reader.i32()?) } else { None };
        let topics = reader.list(|topic| {
            let (name, partitions) = (topic.text()?, topic.list(|partition| self.read(partition))?);
            topic.tags()?;
            let committed = partitions.into_iter().filter(|&(_, offset, ..)| offset >= 0);
            Some((name, committed.collect::<Vec<_>>()))
        })?;
        let topics: Vec<_> = topics.into_iter().filter(|(_, committed)| !committed.is_empty()).collect();
        let error = reader.i16()?;
        let writer = Writer::answer(self.correlation, flexible);
        let writer = throttled.into_iter().fold(writer, Writer::i32).list(&topics, |topic, (name, committed)| {
            topic.text(name).list(committed, |writer, partition| self.write(writer, partition)).tags()
        });
        Some(writer.i16(error).tags().finish())
    }

    fn read<'a>(&self, partition: &mut Reader<'a>) -> Option<Committed<'a>> {
        let (number, offset) = (partition.i32()?, partition.i64()?);
        let epoch = if self.version >= 5 { partition.i32()? } else { -1 };
        let (note, error) = (partition.maybe_text()?, partition.i16()?);
        partition.tags()?;
        Some((number, offset, epoch, note, error))
    }

    fn write(&self, writer: Writer, &(number, offset, epoch, note, error): &Committed<'_>) -> Writer {
        let writer = writer.i32(number).i64(offset);
        let writer = if self.version >= 5 { writer.i32(epoch) } else { writer };
        writer.maybe_text(note).i16(error).tags()
    }
}
