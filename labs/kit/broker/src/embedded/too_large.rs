//! Refuses batches that are too large, which the mock would take, of whatever size.
//!
//! The other partitions of the same request have nothing to do with it. So the mock gets in the
//! place of such a batch one that it refuses, and its answer gets the error that Apache gives.

use super::wire::{Reader, Writer};

/// `message.max.bytes` of a broker to which nobody has said otherwise: bytes of a batch.
pub(super) const LARGEST_BATCH: usize = 1_048_588;
/// `socket.request.max.bytes` of such a broker. Of a longer one no byte is read.
pub(super) const LARGEST_REQUEST: usize = 104_857_600;
/// As long as a batch without records, and of the form (0) that the mock doesn't take.
const REFUSED: [u8; 61] = [0; 61];
/// The mock's answer to that.
const UNSUPPORTED_VERSION: i16 = 35;
const MESSAGE_TOO_LARGE: i16 = 10;
const FLEXIBLE: i16 = 9;

/// A Produce without what is too large.
#[derive(Debug)]
pub(super) struct Lighter {
    /// The whole request, with its length.
    pub(super) request: Vec<u8>,
    pub(super) refused: Refused,
    /// Whoever wants no acknowledgement can be told by the end of the connection alone.
    pub(super) wants_an_answer: bool,
}

/// What was too large: topics with partitions, by the version of the request.
#[derive(Debug)]
pub(super) struct Refused {
    version: i16,
    partitions: Vec<(Vec<u8>, i32)>,
}

impl Lighter {
    /// Of a request with its length; `None` where all is well, or nothing can be read.
    pub(super) fn of(request: &[u8]) -> Option<Self> {
        let version = i16::from_be_bytes(*request.get(6..)?.first_chunk()?);
        let mut reader = Reader::new(request.get(12..)?);
        reader.text()?; // the client's name
        let mut reader = reader.flexible(version >= FLEXIBLE);
        reader.tags()?;
        if version >= 3 {
            reader.text()?; // the transaction's
        }
        let (acks, _timeout) = (reader.i16()?, reader.i32()?);
        let at = |reader: &Reader<'_>| request.len() - reader.left();
        let (mut partitions, mut places) = (Vec::new(), Vec::new());
        reader.list(|topic| {
            let name = topic.text()?;
            topic.list(|partition| {
                let (number, begin) = (partition.i32()?, at(partition));
                if partition.blob()?.len() > LARGEST_BATCH {
                    partitions.push((name.as_bytes().to_vec(), number));
                    places.push(begin..at(partition));
                }
                partition.tags()
            })?;
            topic.tags()
        })?;
        let (mut rest, mut lighter) = (4, Writer::message(version >= FLEXIBLE));
        for place in places {
            lighter = lighter.bytes(&request[rest..place.start]).blob(&REFUSED);
            rest = place.end;
        }
        let request = lighter.bytes(&request[rest..]).finish();
        let refused = Refused { version, partitions };
        (!refused.partitions.is_empty()).then_some(Self { request, refused, wants_an_answer: acks != 0 })
    }
}

impl Refused {
    /// Says in the mock's answer (with its length) why these were refused.
    pub(super) fn say(&self, answer: &mut [u8]) -> Option<()> {
        let places = self.places(answer)?;
        for place in places {
            answer[place..place + 2].copy_from_slice(&MESSAGE_TOO_LARGE.to_be_bytes());
        }
        Some(())
    }

    /// Where their errors stand.
    fn places(&self, answer: &[u8]) -> Option<Vec<usize>> {
        let mut reader = Reader::new(answer.get(8..)?).flexible(self.version >= FLEXIBLE);
        reader.tags()?;
        let mut places = Vec::new();
        reader.list(|topic| {
            let name = topic.text()?.as_bytes();
            topic.list(|partition| {
                let number = partition.i32()?;
                let place = answer.len() - partition.left();
                let is_one = self.partitions.iter().any(|(topic, refused)| topic == name && *refused == number);
                if partition.i16()? == UNSUPPORTED_VERSION && is_one {
                    places.push(place);
                }
                self.rest_of(partition)
            })?;
            topic.tags()
        })?;
        Some(places)
    }

    /// As the mock writes it.
    fn rest_of(&self, partition: &mut Reader<'_>) -> Option<()> {
        let _offset = partition.i64()?;
        if self.version >= 2 {
            let _time = partition.i64()?;
        }
        if self.version >= 6 {
            let _first = partition.i64()?;
        }
        if self.version >= 8 {
            // Which of the records, and a sentence: the mock has neither.
            partition.list(|_| None::<()>)?;
            partition.text()?;
        }
        partition.tags()
    }
}
