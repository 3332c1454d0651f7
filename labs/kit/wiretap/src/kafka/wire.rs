//! Kafka's fields: numbers are big-endian; a text is its length and its bytes, a list
//! its length and its items. Newer versions of a message ("flexible", KIP-482) write
//! lengths as variable-length integers, and end each structure with tagged fields.
//!
//! Written by hand, and not taken from a library: what passes may be malformed, and
//! no length in it is trusted with memory.

/// Reads a message; `None` wherever it is not what it should be.
pub(super) struct Reader<'a> {
    all: &'a [u8],
    at: usize,
    flexible: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(all: &'a [u8], flexible: bool) -> Self {
        Self { all, at: 0, flexible }
    }

    /// How many bytes have been read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.all.len()
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
        let length = if self.flexible { self.length()? } else { usize::try_from(self.i16()?).unwrap_or_default() };
        std::str::from_utf8(self.take(length)?).ok()
    }

    /// Bytes; absent ones are none.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = if self.flexible { self.length()? } else { usize::try_from(self.i32()?).unwrap_or_default() };
        self.take(length)
    }

    /// Reads each item of a list; an absent one is empty.
    pub(super) fn list(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        let length = if self.flexible { self.length()? } else { usize::try_from(self.i32()?).unwrap_or_default() };
        for _ in 0..length {
            let before = self.at;
            item(self)?;
            // An item has bytes: else a long list of nothing would take for ever.
            (self.at > before).then_some(())?;
        }
        Some(())
    }

    /// The tagged fields at the end of a structure, which nobody here wants.
    pub(super) fn tags(&mut self) -> Option<()> {
        if self.flexible {
            for _ in 0..self.varint()? {
                self.varint()?;
                let length = usize::try_from(self.varint()?).ok()?;
                self.take(length)?;
            }
        }
        Some(())
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.all.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    /// A signed number inside a record: the lowest bit is its sign ("zigzag").
    pub(super) fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A flexible length is one more than it is; 0 stands for nothing at all.
    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?.saturating_sub(1)).ok()
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}
