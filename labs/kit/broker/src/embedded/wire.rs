//! Kafka's protocol, as much as it takes to ask for offsets and to see who else does.
//!
//! Every message is its length (4 bytes), then its bytes; numbers are big-endian;
//! a text is its length and its bytes, a list its length and its items. Newer
//! versions of a request ("flexible", KIP-482) write lengths as variable-length
//! integers, and end each structure with tagged fields.

/// The requests that are known here, by their number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub(super) enum Api {
    ListOffsets = 2,
    Metadata = 3,
    OffsetFetch = 9,
    JoinGroup = 11,
    Versions = 18,
}

/// Writes a request; texts and lists in the old, not flexible form.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// A request without its body.
    pub(super) fn request(api: Api, version: i16) -> Self {
        // The length comes last, the correlation id is always 0: one asks at a time.
        Self(vec![0; 4]).i16(api as i16).i16(version).i32(0).text("lab-broker")
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
        let length = i16::try_from(text.len()).expect("a name's length fits in 16 bits");
        self.i16(length).bytes(text.as_bytes())
    }

    pub(super) fn list<T>(self, items: &[T], write: impl Fn(Self, &T) -> Self) -> Self {
        let length = i32::try_from(items.len()).expect("a list here is short");
        items.iter().fold(self.i32(length), write)
    }

    /// The whole message, with its length.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let length = i32::try_from(self.0.len() - 4).expect("a request here is short");
        self.0[..4].copy_from_slice(&length.to_be_bytes());
        self.0
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
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

    /// How many bytes are yet to be read.
    pub(super) fn left(&self) -> usize {
        self.bytes.len()
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

    /// A text; an absent one is empty.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = if self.flexible { self.length()? } else { self.i16()?.max(0) as usize };
        std::str::from_utf8(self.take(length)?).ok()
    }

    /// A list; an absent one is empty.
    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = if self.flexible { self.length()? } else { self.i32()?.max(0) as usize };
        // No room is made beforehand: the length is whatever the sender wrote.
        (0..length).map(|_| item(self)).collect()
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

    /// A flexible length is one more than it is; 0 stands for nothing at all.
    fn length(&mut self) -> Option<usize> {
        self.varint().map(|length| length.saturating_sub(1))
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
