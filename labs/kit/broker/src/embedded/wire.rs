//! Kafka's protocol, as much as it takes to ask for offsets and to answer for groups.
//!
//! Every message is its length (4 bytes), then its bytes; numbers are big-endian;
//! a text is its length and its bytes, a list its length and its items. Newer
//! versions of a request ("flexible", KIP-482) write lengths as variable-length
//! integers, and end each structure with tagged fields.

/// The requests that are known here, by their number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub(super) enum Api {
    Produce = 0,
    Fetch = 1,
    ListOffsets = 2,
    Metadata = 3,
    OffsetCommit = 8,
    OffsetFetch = 9,
    JoinGroup = 11,
    Heartbeat = 12,
    LeaveGroup = 13,
    SyncGroup = 14,
    Versions = 18,
    ConsumerGroupHeartbeat = 68,
}

impl Api {
    pub(super) fn of(number: i16) -> Option<Self> {
        use Api::*;
        let group = [OffsetCommit, OffsetFetch, JoinGroup, Heartbeat, LeaveGroup, SyncGroup, ConsumerGroupHeartbeat];
        group.into_iter().chain([Produce, Fetch, Metadata, Versions]).find(|&api| api as i16 == number)
    }
}

/// Writes a message.
pub(super) struct Writer {
    bytes: Vec<u8>,
    flexible: bool,
}

impl Writer {
    /// A request without its body, in the old form.
    pub(super) fn request(api: Api, version: i16, correlation: i32) -> Self {
        Self::empty(false).i16(api as i16).i16(version).i32(correlation).text("lab-broker")
    }

    /// An answer without its body.
    pub(super) fn answer(correlation: i32, flexible: bool) -> Self {
        Self::empty(flexible).i32(correlation).tags()
    }

    /// Anything, with its length before it.
    pub(super) fn message(flexible: bool) -> Self {
        Self::empty(flexible)
    }

    /// From here on in the newer form.
    pub(super) fn flexible(self, flexible: bool) -> Self {
        Self { flexible, ..self }
    }

    /// The length comes last.
    fn empty(flexible: bool) -> Self {
        Self { bytes: vec![0; 4], flexible }
    }

    pub(super) fn i16(self, value: i16) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn i32(self, value: i32) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn i64(self, value: i64) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn text(self, text: &str) -> Self {
        // A topic has 249 bytes, a group 255: longer names are left out where they are read.
        let short = |length| i16::try_from(length).expect("a name's length fits in 16 bits");
        let writer = if self.flexible { self.length(text.len()) } else { self.i16(short(text.len())) };
        writer.bytes(text.as_bytes())
    }

    pub(super) fn maybe_text(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None if self.flexible => self.bytes(&[0]),
            None => self.i16(-1),
        }
    }

    /// Bytes of somebody else's.
    pub(super) fn blob(self, blob: &[u8]) -> Self {
        self.size(blob.len()).bytes(blob)
    }

    pub(super) fn list<T>(self, items: &[T], write: impl Fn(Self, &T) -> Self) -> Self {
        items.iter().fold(self.size(items.len()), write)
    }

    /// The end of a structure: no tagged fields.
    pub(super) fn tags(self) -> Self {
        if self.flexible { self.bytes(&[0]) } else { self }
    }

    /// The whole message, with its length.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let length = i32::try_from(self.bytes.len() - 4).expect("a message here is short");
        self.bytes[..4].copy_from_slice(&length.to_be_bytes());
        self.bytes
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn size(self, length: usize) -> Self {
        if self.flexible { self.length(length) } else { self.i32(i32::try_from(length).expect("a list here is short")) }
    }

    /// A flexible length is one more than it is, seven bits a byte.
    fn length(mut self, length: usize) -> Self {
        let mut rest = length + 1;
        while rest > 0x7f {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes(&[rest as u8])
    }
}

/// Reads a message; `None` wherever it is not what it should be.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    flexible: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, flexible: false }
    }

    /// From here on in the newer form.
    pub(super) fn flexible(mut self, flexible: bool) -> Self {
        self.flexible = flexible;
        self
    }

    pub(super) fn i8(&mut self) -> Option<i8> {
        self.array().map(i8::from_be_bytes)
    }

    pub(super) fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub(super) fn uuid(&mut self) -> Option<[u8; 16]> {
        self.array()
    }

    /// A text; an absent one is empty.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        self.maybe_text().map(Option::unwrap_or_default)
    }

    /// A text, or `Some(None)` for an absent one.
    pub(super) fn maybe_text(&mut self) -> Option<Option<&'a str>> {
        let length = if self.flexible { self.length()? } else { usize::try_from(self.i16()?).ok() };
        let Some(length) = length else { return Some(None) };
        std::str::from_utf8(self.take(length)?).ok().map(Some)
    }

    /// Bytes of somebody else's; absent ones are none.
    pub(super) fn blob(&mut self) -> Option<&'a [u8]> {
        let length = self.size()?;
        self.take(length)
    }

    /// A list; an absent one is empty.
    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = self.size()?;
        // No room is made beforehand: the length is whatever the sender wrote.
        (0..length).map(|_| item(self)).collect()
    }

    /// Whether in the place of a list is none, which isn't the same as an empty one.
    pub(super) fn is_absent_list(&mut self) -> Option<bool> {
        if self.flexible { self.length().map(|length| length.is_none()) } else { Some(self.i32()? < 0) }
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }

    /// The tagged fields at the end of a structure, which nobody here wants.
    pub(super) fn tags(&mut self) -> Option<()> {
        if self.flexible {
            for _ in 0..self.varint()? {
                self.varint()?;
                let length = self.varint()?;
                self.take(length)?;
            }
        }
        Some(())
    }

    fn size(&mut self) -> Option<usize> {
        if self.flexible { self.length().map(Option::unwrap_or_default) } else { Some(self.i32()?.max(0) as usize) }
    }

    /// A flexible length is one more than it is; 0 stands for nothing at all.
    fn length(&mut self) -> Option<Option<usize>> {
        self.varint().map(|length| length.checked_sub(1))
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    fn varint(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let [byte] = self.array()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }
}
