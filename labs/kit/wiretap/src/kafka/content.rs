//! What requests and answers carry: records, and where they were stored.

use std::time::Instant;

use super::names;
use super::records::{Place, Records};
use super::request::Request;
use super::topics::{LONGEST_NAME, Topics};
use super::wire::Reader;
use crate::calls::{MAX_MESSAGES, Way};
use crate::{Call, Message};

/// Produce, as it's sent: whether there will be an answer, and the records.
pub(super) fn produced(request: &Request, message: &[u8], topics: &Topics, at: Instant) -> Option<(bool, Records)> {
    let mut reader = request.body(message)?;
    reader.text()?; // transactional id
    let answered = reader.i16()? != 0; // acks
    reader.i32()?; // time-out
    let mut records = Records::default();
    let mut read = || {
        reader.list(|topic| {
            let name = topic_name(request.version, topic, topics)?;
            topic.list(|partition| {
                let index = partition.i32()?;
                let place = Place { topic: &name, partition: index, stored: false, at };
                records.read(partition.bytes()?, &place);
                partition.tags()
            })?;
            topic.tags()
        })
    };
    if read().is_none() {
        records.unread.get_or_insert("it can't be read".into());
    }
    Some((answered, records))
}

/// A partition's part of the answer to Produce.
pub(super) struct Stored {
    topic: String,
    partition: i32,
    /// The offset of the first record, or the error.
    outcome: Result<i64, String>,
    bytes: usize,
}

/// The answer to Produce.
pub(super) fn stored(request: &Request, message: &[u8], topics: &Topics) -> Option<Vec<Stored>> {
    let (version, mut stored) = (request.version, Vec::new());
    request.answer(message)?.list(|topic| {
        let name = topic_name(version, topic, topics)?;
        topic.list(|partition| {
            let from = partition.at();
            let (index, error, base) = (partition.i32()?, partition.i16()?, partition.i64()?);
            partition.i64()?; // time
            if version >= 5 {
                partition.i64()?; // where the log begins
            }
            if version >= 8 {
                partition.list(|fault| {
                    fault.i32()?;
                    fault.text()?;
                    fault.tags()
                })?;
                partition.text()?; // the error's message
            }
            partition.tags()?;
            let outcome = if error == 0 { Ok(base) } else { Err(names::error(error)) };
            if stored.len() < MAX_MESSAGES {
                let bytes = partition.at() - from;
                stored.push(Stored { topic: name.clone(), partition: index, outcome, bytes });
            }
            Some(())
        })?;
        topic.tags()
    })?;
    Some(stored)
}

impl Stored {
    /// Writes the answer, and the offsets into what was sent.
    pub(super) fn write(self, call: &mut Call, at: Instant) {
        let partition = self.partition;
        let text = match &self.outcome {
            Ok(offset) => format!("partition {partition}, offset {offset}"),
            Err(error) => format!("partition {partition}, {error}"),
        };
        if let Ok(base) = self.outcome {
            let records = call.sent.messages.iter_mut().filter_map(|message| message.record.as_mut());
            let own = records.filter(|record| record.partition == partition && record.topic == self.topic);
            // A broker that knows no offset says -1.
            own.zip(base..).filter(|_| base >= 0).for_each(|(record, offset)| record.offset = Some(offset));
        }
        call.side(Way::Received).push(Message { text, bytes: self.bytes as u64, at, record: None });
    }
}

/// The answer to Fetch.
pub(super) fn fetched(request: &Request, message: &[u8], topics: &Topics, at: Instant) -> Option<Records> {
    let (version, mut records) = (request.version, Records::default());
    let mut reader = request.answer(message)?;
    reader.i32()?; // throttle time
    if version >= 7 {
        reader.i16()?; // error
        reader.i32()?; // session
    }
    reader.list(|topic| {
        let name = topic_name(version, topic, topics)?;
        topic.list(|partition| {
            let index = partition.i32()?;
            partition.i16()?; // error
            partition.take(8 + 8)?; // high watermark, last stable offset
            if version >= 5 {
                partition.i64()?; // where the log begins
            }
            partition.list(|aborted| {
                aborted.take(8 + 8)?;
                aborted.tags()
            })?;
            if version >= 11 {
                partition.i32()?; // preferred replica
            }
            records.read(partition.bytes()?, &Place { topic: &name, partition: index, stored: true, at });
            partition.tags()
        })?;
        topic.tags()
    })?;
    Some(records)
}

/// Produce and Fetch say a topic's name, and from version 13 on its id.
fn topic_name(version: i16, reader: &mut Reader<'_>, topics: &Topics) -> Option<String> {
    if version >= 13 {
        return Some(topics.name(reader.array()?));
    }
    reader.text().filter(|name| name.len() <= LONGEST_NAME).map(str::to_owned)
}
