//! Messages in a stream of bytes: each has five bytes before it, a flag and its length.

use std::io::Read;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::HeaderMap;

/// No message in an exercise is larger.
const MOST: usize = 1024 * 1024;
const PREFIX: usize = 5;

/// A message as it goes onto the wire.
pub(super) fn framed(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(0);
    framed.put_u32(message.len() as u32);
    framed.put_slice(message);
    framed.freeze()
}

/// What came and isn't taken yet.
#[derive(Debug, Default)]
pub(super) struct Messages {
    bytes: BytesMut,
    /// As `grpc-encoding` says.
    encoding: String,
}

impl Messages {
    /// How those are compressed that say so.
    pub(super) fn encoded(&mut self, headers: &HeaderMap) {
        let encoding = headers.get("grpc-encoding").and_then(|encoding| encoding.to_str().ok());
        self.encoding = encoding.unwrap_or("identity").to_ascii_lowercase();
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole one; or why there will be none.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, String> {
        if self.bytes.len() < PREFIX {
            return Ok(None);
        }
        let (flag, mut length) = (self.bytes[0], &self.bytes[1..PREFIX]);
        let length = length.get_u32() as usize;
        if flag > 1 {
            return Err(format!("bytes that are no message: before one stands the flag 0 or 1, and not {flag}"));
        }
        if length > MOST {
            return Err(format!("a message that is to have {length} bytes: more than 1 MiB"));
        }
        if self.bytes.len() < PREFIX + length {
            return Ok(None);
        }
        self.bytes.advance(PREFIX);
        let message = self.bytes.split_to(length).freeze();
        if flag == 0 { Ok(Some(message)) } else { decompressed(&self.encoding, &message).map(Some) }
    }

    /// Nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Nobody has asked for that, but some servers compress all the same.
fn decompressed(encoding: &str, message: &[u8]) -> Result<Bytes, String> {
    let mut plain = Vec::new();
    // One byte more than may be: then it is too large.
    let most = MOST as u64 + 1;
    let read = match encoding {
        "gzip" => flate2::read::GzDecoder::new(message).take(most).read_to_end(&mut plain),
        "deflate" => flate2::read::ZlibDecoder::new(message).take(most).read_to_end(&mut plain),
        other => return Err(format!("a compressed message, by `grpc-encoding: {other}`, which isn't understood here")),
    };
    match read {
        Err(_) => Err(format!("a compressed message that can't be read by `grpc-encoding: {encoding}`")),
        Ok(length) if length > MOST => Err("a compressed message that has more than 1 MiB".to_owned()),
        Ok(_) => Ok(plain.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_in_any_pieces() {
        let all: Vec<u8> = [framed(b"one"), framed(b""), framed(b"three")].concat();
        let (mut messages, mut taken) = (Messages::default(), Vec::new());
        for byte in all {
            messages.push(&[byte]);
            taken.extend(messages.next().expect("messages"));
        }
        assert_eq!(taken, ["one", "", "three"]);
        assert!(messages.is_empty());
    }

    #[test]
    fn compressed_ones_are_read_as_far_as_they_may_be() {
        let compressed = |length: usize| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            std::io::Write::write_all(&mut gzip, &vec![b'x'; length]).expect("in memory");
            let mut framed = framed(&gzip.finish().expect("in memory")).to_vec();
            framed[0] = 1;
            framed
        };
        let taken = |encoding: &str, length: usize| {
            let mut messages = Messages { encoding: encoding.to_owned(), ..Messages::default() };
            messages.push(&compressed(length));
            messages.next()
        };
        assert_eq!(taken("gzip", 1_000).expect("a message").map(|message| message.len()), Some(1_000));
        assert!(taken("gzip", 8 * MOST).is_err_and(|error| error.contains("more than 1 MiB")));
        assert!(taken("deflate", 1_000).is_err_and(|error| error.contains("can't be read")));
        assert!(taken("snappy", 1_000).is_err_and(|error| error.contains("snappy")));
    }

    #[test]
    fn what_is_no_message_or_too_large_is_said_to_be() {
        for (bytes, said) in
            [(&[1, 0, 0, 0, 0][..], "compressed"), (&b"HTTP/"[..], "no message"), (&[0, 1, 0, 0, 0], "MiB")]
        {
            let mut messages = Messages::default();
            messages.push(bytes);
            let error = messages.next().expect_err("no message");
            assert!(error.contains(said), "{error}");
        }
    }
}
