//! Gives a reader several batches of a partition at once, as far as it asks for them.
//!
//! The mock's answer has one batch of each partition, be it a single record. A client then knows
//! of nothing behind the record in hand, and a fault in what it commits stays hidden until the day
//! of a real broker. So the mock is asked for what follows, and it is added to its answer.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::time::Duration;

use tokio::time::timeout;
use tracing::debug;

use super::forward::Asking;
use super::wire::{Api, Reader, Writer};

/// Batches of a partition in an answer: a mebibyte of the smallest would take a second to ask for.
const MOST_BATCHES: usize = 64;
/// For all that is asked for one answer. After that it goes as it is.
const PATIENCE: Duration = Duration::from_secs(1);
/// The first version in which batches are what they are now; those from which on lengths are
/// variable (KIP-482), topics have ids (KIP-516), and no replica says who it is (KIP-903).
const BATCHES: i16 = 4;
const FLEXIBLE: i16 = 12;
const IDS: i16 = 13;
const NO_REPLICA: i16 = 15;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Topic {
    Name(String),
    Id([u8; 16]),
}

/// What a client has asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    version: i16,
    /// Bytes of all partitions together, and of each.
    bytes: usize,
    of_each: HashMap<(Topic, i32), usize>,
}

/// A partition, as an answer has it.
struct Part {
    topic: Topic,
    number: i32,
    /// Behind its last record.
    end: i64,
    /// Where its batches stand, with their length.
    place: Range<usize>,
    batches: Vec<u8>,
    /// Behind the last of these; `None` where no more are asked for.
    next: Option<i64>,
}

impl Wanted {
    /// Of a request without its length; `None` where it is older than that, or nothing can be read.
    pub(super) fn of(request: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(request);
        let (_api, version, _correlation) = (reader.i16()?, reader.i16()?, reader.i32()?);
        if version < BATCHES {
            return None;
        }
        let _client = reader.text()?;
        let mut reader = reader.flexible(version >= FLEXIBLE);
        reader.tags()?;
        if version < NO_REPLICA {
            reader.i32()?;
        }
        let (_wait, _least, bytes, _isolation) = (reader.i32()?, reader.i32()?, reader.i32()?, reader.i8()?);
        if version >= 7 {
            let (_session, _epoch) = (reader.i32()?, reader.i32()?);
        }
        let topics = reader.list(|topic| {
            let name = Topic::read(topic, version)?;
            let partitions = topic.list(|partition| bytes_of(partition, version))?;
            topic.tags()?;
            Some(partitions.into_iter().map(move |(number, bytes)| ((name.clone(), number), bytes)))
        })?;
        Some(Self { version, bytes: size(bytes), of_each: topics.into_iter().flatten().collect() })
    }

    /// The mock's answer (with its length), and what follows in its partitions, as far as the mock can be asked.
    pub(super) async fn fill(&self, answer: Vec<u8>, asking: &Asking) -> Vec<u8> {
        let Some(mut parts) = parts(&answer, self.version) else { return answer };
        match timeout(PATIENCE, self.add(&mut parts, asking)).await {
            Ok(Ok(0)) => return answer,
            Ok(Ok(_)) => {}
            Ok(Err(error)) => debug!(%error, "can't ask for more batches"),
            Err(_) => debug!("took too long to ask for more batches"),
        }
        let (mut rest, mut filled) = (4, Writer::message(self.version >= FLEXIBLE));
        for part in parts {
            filled = filled.bytes(&answer[rest..part.place.start]).blob(&part.batches);
            rest = part.place.end;
        }
        filled.bytes(&answer[rest..]).finish()
    }

    /// Adds batches where there are more and room for them; gives how many.
    async fn add(&self, parts: &mut [Part], asking: &Asking) -> io::Result<usize> {
        let mut added = 0;
        for _ in 1..MOST_BATCHES {
            let open: Vec<&Part> = parts.iter().filter(|part| part.next.is_some_and(|next| next < part.end)).collect();
            if open.is_empty() {
                break;
            }
            let answer = asking.ask(self.question(&open)).await?;
            // As an answer with its length.
            let answer = [&[0; 4][..], &answer].concat();
            let more = self::parts(&answer, self.version).ok_or_else(|| io::Error::other("an answer can't be read"))?;
            for more in more {
                let all: usize = parts.iter().map(|part| part.batches.len()).sum();
                let same = |part: &&mut Part| part.topic == more.topic && part.number == more.number;
                let Some(part) = parts.iter_mut().find(same) else { continue };
                let room = self.of_each.get(&(more.topic, more.number)).copied().unwrap_or_default();
                let fits = part.batches.len() + more.batches.len() <= room && all + more.batches.len() <= self.bytes;
                part.next = if fits { more.next } else { None };
                if fits && more.next.is_some() {
                    part.batches.extend(more.batches);
                    added += 1;
                }
            }
        }
        Ok(added)
    }

    /// For the next batch of each.
    fn question(&self, parts: &[&Part]) -> Writer {
        let version = self.version;
        let some =
            |writer: Writer, since: i16, bytes: &[u8]| if version >= since { writer.bytes(bytes) } else { writer };
        let writer = Writer::request(Api::Fetch, version, 0).flexible(version >= FLEXIBLE).tags();
        let writer = if version < NO_REPLICA { writer.i32(-1) } else { writer };
        let (wait, least, isolation) = (0, 0, [0]);
        let writer = writer.i32(wait).i32(least).i32(i32::MAX).bytes(&isolation);
        // No session.
        let writer = some(writer, 7, &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        let unknown_epoch = (-1_i32).to_be_bytes();
        let writer = writer.list(parts, |writer, part| {
            part.topic
                .write(writer)
                .list(&[()], |writer, ()| {
                    let writer = some(writer.i32(part.number), 9, &unknown_epoch).i64(part.next.unwrap_or_default());
                    let writer = some(some(writer, 12, &unknown_epoch), 5, &[0xff; 8]);
                    writer.i32(i32::MAX).tags()
                })
                .tags()
        });
        // Nothing is forgotten; no rack.
        let writer = if version >= 7 { writer.list::<()>(&[], |writer, ()| writer) } else { writer };
        let writer = if version >= 11 { writer.text("") } else { writer };
        writer.tags()
    }
}

impl Topic {
    fn read(reader: &mut Reader<'_>, version: i16) -> Option<Self> {
        if version >= IDS { reader.uuid().map(Self::Id) } else { reader.text().map(|name| Self::Name(name.to_owned())) }
    }

    fn write(&self, writer: Writer) -> Writer {
        match self {
            Self::Name(name) => writer.text(name),
            Self::Id(id) => writer.bytes(id),
        }
    }
}

/// The number of a partition in a request, and how many bytes of it are asked for.
fn bytes_of(partition: &mut Reader<'_>, version: i16) -> Option<(i32, usize)> {
    let number = partition.i32()?;
    if version >= 9 {
        let _epoch = partition.i32()?;
    }
    let _offset = partition.i64()?;
    if version >= 12 {
        let _last_epoch = partition.i32()?;
    }
    if version >= 5 {
        let _start = partition.i64()?;
    }
    let bytes = partition.i32()?;
    partition.tags()?;
    Some((number, size(bytes)))
}

/// The partitions of an answer with its length.
fn parts(answer: &[u8], version: i16) -> Option<Vec<Part>> {
    let mut reader = Reader::new(answer.get(4..)?).flexible(version >= FLEXIBLE);
    let _correlation = reader.i32()?;
    reader.tags()?;
    let _throttled = reader.i32()?;
    if version >= 7 {
        let (_error, _session) = (reader.i16()?, reader.i32()?);
    }
    let topics = reader.list(|topic| {
        let name = Topic::read(topic, version)?;
        let parts = topic.list(|partition| Part::read(partition, &name, version, answer.len()))?;
        topic.tags()?;
        Some(parts)
    })?;
    Some(topics.into_iter().flatten().collect())
}

impl Part {
    /// In an answer of so many bytes.
    fn read(partition: &mut Reader<'_>, topic: &Topic, version: i16, length: usize) -> Option<Self> {
        let (number, _error, end, _stable) = (partition.i32()?, partition.i16()?, partition.i64()?, partition.i64()?);
        if version >= 5 {
            let _start = partition.i64()?;
        }
        let _aborted = partition.list(|aborted| {
            let (_producer, _first) = (aborted.i64()?, aborted.i64()?);
            aborted.tags()
        })?;
        if version >= 11 {
            let _preferred = partition.i32()?;
        }
        let begin = length - partition.left();
        let batches = partition.blob()?.to_vec();
        let place = begin..length - partition.left();
        partition.tags()?;
        Some(Self { topic: topic.clone(), number, end, place, next: behind(&batches), batches })
    }
}

/// Behind the last record of a batch.
fn behind(batch: &[u8]) -> Option<i64> {
    let first = i64::from_be_bytes(*batch.first_chunk()?);
    let last = i32::from_be_bytes(*batch.get(23..)?.first_chunk()?);
    Some(first + i64::from(last) + 1)
}

fn size(bytes: i32) -> usize {
    usize::try_from(bytes).unwrap_or_default()
}
