//! Batches of records, as producers send them and brokers hand them on (magic 2).

use std::time::Instant;

use super::wire::Reader;
use crate::calls::MAX_MESSAGES;
use crate::{Message, Record, text};

/// What was found in a message.
#[derive(Default)]
pub(super) struct Records {
    pub(super) messages: Vec<Message>,
    /// Records beyond those that are kept of a call.
    pub(super) more: u64,
    /// Why some can't be shown.
    pub(super) unread: Option<String>,
}

/// Where records are.
pub(super) struct Place<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: i32,
    /// Records that are sent have no offsets yet.
    pub(super) stored: bool,
    pub(super) at: Instant,
}

/// What a record may say with its number: where its batch begins.
struct Batch {
    base: i64,
    count: i32,
}

impl Records {
    /// Reads the batches of a partition.
    pub(super) fn read(&mut self, bytes: &[u8], place: &Place<'_>) {
        let mut reader = Reader::new(bytes, false);
        while !reader.is_empty() {
            let Some((base, batch)) = next_batch(&mut reader) else {
                // A fetch may end amid a batch; the client asks for it again.
                if !place.stored {
                    self.unread.get_or_insert_with(|| "half a batch".into());
                }
                return;
            };
            if let Err(why) = self.read_batch(base, batch, place) {
                self.unread.get_or_insert(why);
            }
        }
    }

    fn read_batch(&mut self, base: i64, batch: &[u8], place: &Place<'_>) -> Result<(), String> {
        let malformed = || "a batch that can't be read".to_owned();
        let mut reader = Reader::new(batch, false);
        reader.i32().ok_or_else(malformed)?; // the leader's epoch
        match reader.i8().ok_or_else(malformed)? {
            2 => {}
            magic => return Err(format!("records of the old format {magic}")),
        }
        reader.i32().ok_or_else(malformed)?; // CRC
        let attributes = reader.i16().ok_or_else(malformed)?;
        // Last offset, first and last time, producer's id and epoch, first sequence number.
        reader.take(4 + 8 + 8 + 8 + 2 + 4).ok_or_else(malformed)?;
        let count = reader.i32().ok_or_else(malformed)?;
        // Control batches say how a transaction ended; no consumer sees them.
        if attributes & 0x20 != 0 {
            return Ok(());
        }
        if let Some(codec) = codec(attributes) {
            return Err(format!("records compressed with {codec}"));
        }
        self.read_records(&Batch { base, count }, &batch[reader.at()..], place).ok_or_else(malformed)
    }

    fn read_records(&mut self, batch: &Batch, records: &[u8], place: &Place<'_>) -> Option<()> {
        let mut reader = Reader::new(records, false);
        for _ in 0..batch.count {
            let length = usize::try_from(reader.zigzag()?).ok()?;
            let record = reader.take(length)?;
            if self.messages.len() < MAX_MESSAGES {
                self.messages.push(message(batch.base, record, place)?);
            } else {
                self.more += 1;
            }
        }
        Some(())
    }
}

/// A batch's first offset, and what follows its length.
fn next_batch<'a>(reader: &mut Reader<'a>) -> Option<(i64, &'a [u8])> {
    let base = reader.i64()?;
    let length = usize::try_from(reader.i32()?).ok()?;
    Some((base, reader.take(length)?))
}

/// What a batch's records are compressed with. Such ones aren't shown.
fn codec(attributes: i16) -> Option<&'static str> {
    match attributes & 0x7 {
        0 => None,
        1 => Some("gzip"),
        2 => Some("snappy"),
        3 => Some("lz4"),
        4 => Some("zstd"),
        _ => Some("an unknown codec"),
    }
}

fn message(base: i64, record: &[u8], place: &Place<'_>) -> Option<Message> {
    let mut reader = Reader::new(record, false);
    reader.i8()?; // attributes, unused
    reader.zigzag()?; // time
    let offset = base.checked_add(reader.zigzag()?)?;
    let key = nullable(&mut reader)?;
    let value = nullable(&mut reader)?;
    let mut headers = Vec::new();
    for _ in 0..reader.zigzag()? {
        let name = nullable(&mut reader)?.unwrap_or_default();
        headers.push((text::lossy(name), text::lossy(nullable(&mut reader)?.unwrap_or_default())));
    }
    let record = Record {
        topic: place.topic.to_owned(),
        partition: place.partition,
        offset: place.stored.then_some(offset),
        key: key.map(text::lossy),
        tombstone: value.is_none(),
        headers,
    };
    let text = value.map_or_else(String::new, |value| shown(value, &record));
    let bytes = value.map_or(0, |value| value.len() as u64);
    Some(Message { text, bytes, at: place.at, record: Some(record) })
}

fn nullable<'a>(reader: &mut Reader<'a>) -> Option<Option<&'a [u8]>> {
    match reader.zigzag()? {
        -1 => Some(None),
        length => reader.take(usize::try_from(length).ok()?).map(Some),
    }
}

/// A value as its `content-type` says; the last header of the name holds.
fn shown(value: &[u8], record: &Record) -> String {
    let given = record.headers.iter().rfind(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
    let kind = given.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/protobuf" => text::protobuf(text::message(schema(&record.topic)), value),
        "application/json" => text::plain(value, value.len() as u64),
        text if text.starts_with("text/") => text::plain(value, value.len() as u64),
        _ => text::length(value.len()),
    }
}

/// Which message a topic's values are, by its name after the prefix.
fn schema(topic: &str) -> &'static str {
    // What can't be taken is kept as it was sent.
    let requests = [".order-requests.v1", ".order-requests.dlq.v1"];
    if requests.iter().any(|name| topic.ends_with(name)) {
        "orders.v1.OrderRequest"
    } else if topic.ends_with(".orders.v1") {
        "orders.v1.Order"
    } else {
        ""
    }
}
