//! Messages in a stream of bytes: each has five bytes before it, a flag and its length.

use bytes::{Buf, BufMut, Bytes, BytesMut};

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
pub(super) struct Messages(BytesMut);

impl Messages {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next whole one; or why there will be none.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, String> {
        if self.0.len() < PREFIX {
            return Ok(None);
        }
        let (flag, mut length) = (self.0[0], &self.0[1..PREFIX]);
        let length = length.get_u32() as usize;
        match flag {
            0 => {}
            1 => {
                return Err("a compressed message, which nobody has asked for: `grpc-accept-encoding` was `identity`"
                    .to_owned());
            }
            other => {
                return Err(format!("bytes that are no message: before one stands the flag 0 or 1, and not {other}"));
            }
        }
        if length > MOST {
            return Err(format!("a message that is to have {length} bytes: more than 1 MiB"));
        }
        if self.0.len() < PREFIX + length {
            return Ok(None);
        }
        self.0.advance(PREFIX);
        Ok(Some(self.0.split_to(length).freeze()))
    }

    /// Nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
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
    fn what_is_no_message_or_too_large_is_said_to_be() {
        for (bytes, said) in [(&[1, 0, 0, 0, 1][..], "compressed"), (b"HTTP/", "no message"), (&[0, 1, 0, 0, 0], "MiB")]
        {
            let mut messages = Messages::default();
            messages.push(bytes);
            let error = messages.next().expect_err("no message");
            assert!(error.contains(said), "{error}");
        }
    }
}
