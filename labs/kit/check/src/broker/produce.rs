//! The request that brings records, as much of it as it takes to refuse one (Kafka's protocol
//! guide, Produce, versions 3 to 13).

/// From which version lengths are variable (KIP-482), and topics are named by their ids.
const FLEXIBLE: i16 = 9;
const BY_ID: i16 = 13;

/// What a Produce says of itself.
#[derive(Debug)]
pub(super) struct Produce {
    version: i16,
    correlation: [u8; 4],
    acks: i16,
    topics: Vec<(Vec<u8>, Vec<i32>)>,
}

impl Produce {
    /// `None`: it can't be read.
    pub(super) fn read(frame: &[u8]) -> Option<Self> {
        let version = i16::from_be_bytes(*frame.get(2..)?.first_chunk()?);
        let correlation = *frame.get(4..)?.first_chunk()?;
        let mut reader = Reader::after_header(frame, version >= FLEXIBLE)?;
        reader.text()?; // the transaction's
        let (acks, _timeout) = (reader.i16()?, reader.take(4)?);
        let topics = reader.list(|topic| {
            let name = if version >= BY_ID { topic.take(16)?.to_vec() } else { topic.text()?.to_vec() };
            let partitions = topic.list(|partition| {
                let number = i32::from_be_bytes(partition.take(4)?.try_into().ok()?);
                let length = partition.length(4)?;
                partition.take(length)?;
                partition.tags()?;
                Some(number)
            })?;
            topic.tags()?;
            Some((name, partitions))
        })?;
        Some(Self { version, correlation, acks, topics })
    }

    /// Whoever wants no acknowledgement gets no answer.
    pub(super) fn wants_an_answer(&self) -> bool {
        self.acks != 0
    }

    /// The answer that none of its records was taken, for the reason with this number.
    pub(super) fn refused(&self, error: i16) -> Vec<u8> {
        let mut writer = Writer { bytes: self.correlation.to_vec(), flexible: self.version >= FLEXIBLE };
        writer.tags();
        writer.length(self.topics.len());
        for (name, partitions) in &self.topics {
            if self.version < BY_ID {
                writer.text(name);
            } else {
                writer.bytes.extend(name);
            }
            writer.length(partitions.len());
            for partition in partitions {
                self.partition(&mut writer, *partition, error);
            }
            writer.tags();
        }
        writer.bytes.extend([0; 4]); // nobody is throttled
        writer.tags();
        writer.bytes
    }

    fn partition(&self, writer: &mut Writer, partition: i32, error: i16) {
        writer.bytes.extend(partition.to_be_bytes());
        writer.bytes.extend(error.to_be_bytes());
        writer.bytes.extend((-1_i64).to_be_bytes()); // the offset
        writer.bytes.extend((-1_i64).to_be_bytes()); // the time of appending
        if self.version >= 5 {
            writer.bytes.extend((-1_i64).to_be_bytes()); // the log's first offset
        }
        if self.version >= 8 {
            writer.length(0); // which records, in particular
            writer.none(); // a sentence
        }
        writer.tags();
    }
}

/// What is left of a request.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    flexible: bool,
}

impl<'a> Reader<'a> {
    /// Behind what all requests begin with; `flexible` says whether this one's lengths are variable.
    pub(super) fn after_header(frame: &'a [u8], flexible: bool) -> Option<Self> {
        let mut reader = Reader { rest: frame, flexible: false };
        let (_api, _version, _correlation) = (reader.i16()?, reader.i16()?, reader.take(4)?);
        // The client's name is in the old form in each version.
        reader.text()?;
        reader.flexible = flexible;
        reader.tags()?;
        Some(reader)
    }

    /// So many bytes.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// Of so many bytes in the old form; none at all is 0.
    fn length(&mut self, bytes: usize) -> Option<usize> {
        if self.flexible {
            return self.varint().map(|length| length.saturating_sub(1));
        }
        let bytes = self.take(bytes)?;
        let negative = bytes[0] & 0x80 != 0;
        let length = bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
        Some(if negative { 0 } else { length })
    }

    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.length(2)?;
        self.take(length)
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = self.length(4)?;
        (0..length).map(|_| item(self)).collect()
    }

    fn tags(&mut self) -> Option<()> {
        if self.flexible {
            for _ in 0..self.varint()? {
                self.varint()?;
                let length = self.varint()?;
                self.take(length)?;
            }
        }
        Some(())
    }

    fn varint(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.take(1)?[0];
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

struct Writer {
    bytes: Vec<u8>,
    flexible: bool,
}

impl Writer {
    /// Of a list.
    fn length(&mut self, length: usize) {
        match self.flexible {
            true => self.varint(length + 1),
            false => self.bytes.extend((length as i32).to_be_bytes()),
        }
    }

    fn text(&mut self, text: &[u8]) {
        match self.flexible {
            true => self.varint(text.len() + 1),
            false => self.bytes.extend((text.len() as i16).to_be_bytes()),
        }
        self.bytes.extend(text);
    }

    /// No text at all.
    fn none(&mut self) {
        match self.flexible {
            true => self.varint(0),
            false => self.bytes.extend((-1_i16).to_be_bytes()),
        }
    }

    fn tags(&mut self) {
        if self.flexible {
            self.varint(0);
        }
    }

    fn varint(&mut self, mut value: usize) {
        while value > 0x7f {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}
