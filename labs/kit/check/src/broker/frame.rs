//! Frames of Kafka's protocol: a length (4 bytes), then as many bytes. Numbers are big-endian.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// No program here has reason to send more.
const LONGEST: usize = 64 * 1024 * 1024;

/// Without its length.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let length = from.read_u32().await? as usize;
    if length > LONGEST {
        return Err(io::Error::other("no frame of Kafka's"));
    }
    let mut frame = Vec::new();
    // The length is whatever the sender wrote: room is made as bytes come.
    from.take(length as u64).read_to_end(&mut frame).await?;
    if frame.len() == length { Ok(frame) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
    to.write_all(&[&length.to_be_bytes(), frame].concat()).await
}

/// Where a node is, and where its relay is instead: each as it stands in an answer, in the old
/// form (a length of two bytes before the host) and in the new one (one byte, one more).
pub(super) struct Moved([(Vec<u8>, Vec<u8>); 2]);

impl Moved {
    pub(super) fn new(from: (&str, u16), to: (&str, u16)) -> Self {
        let old = |(host, port): (&str, u16)| [&(host.len() as i16).to_be_bytes()[..], &address(host, port)].concat();
        let new = |(host, port): (&str, u16)| [&[host.len() as u8 + 1][..], &address(host, port)].concat();
        Self([(old(from), old(to)), (new(from), new(to))])
    }
}

fn address(host: &str, port: u16) -> Vec<u8> {
    [host.as_bytes(), &i32::from(port).to_be_bytes()].concat()
}

/// The answer with the relays' addresses in it: else clients would go on without them.
pub(super) fn moved(answer: Vec<u8>, all: &[Moved]) -> Vec<u8> {
    let pairs: Vec<&(Vec<u8>, Vec<u8>)> = all.iter().flat_map(|moved| &moved.0).collect();
    let (mut written, mut rest) = (Vec::with_capacity(answer.len()), &answer[..]);
    while let Some(&first) = rest.first() {
        match pairs.iter().find(|(from, _)| rest.starts_with(from)) {
            Some((from, to)) => {
                written.extend_from_slice(to);
                rest = &rest[from.len()..];
            }
            None => {
                written.push(first);
                rest = &rest[1..];
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_another_in_both_forms_and_the_rest_stays() {
        let moves = [Moved::new(("localhost", 9092), ("127.0.0.1", 20_001))];
        let old = [&b"x\0\x09localhost"[..], &9092_i32.to_be_bytes(), b"y"].concat();
        assert_eq!(moved(old, &moves), [&b"x\0\x09127.0.0.1"[..], &20_001_i32.to_be_bytes(), b"y"].concat());
        let new = [&b"\x0alocalhost"[..], &9092_i32.to_be_bytes()].concat();
        assert_eq!(moved(new, &moves), [&b"\x0a127.0.0.1"[..], &20_001_i32.to_be_bytes()].concat());
        let other = [&b"\0\x09localhost"[..], &9093_i32.to_be_bytes()].concat();
        assert_eq!(moved(other.clone(), &moves), other);
    }
}
