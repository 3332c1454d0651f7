//! Two questions of Kafka's protocol: `Metadata`, and `ApiVersions`.
//!
//! Asked by hand and not by librdkafka, which goes on asking whoever is there in
//! the background, and can't tell an HTTP server from a broker that is slow.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const METADATA: i16 = 3;
const API_VERSIONS: i16 = 18;
/// Bytes in an answer. These have a few hundred.
const LONGEST: usize = 1024 * 1024;

/// What a broker says of itself and its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cluster {
    pub(super) id: String,
    pub(super) brokers: usize,
    /// The newest `metadata.version` that it knows: which release it is.
    pub(super) metadata_version: Option<i16>,
}

/// Why it is no broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Http,
    Other,
}

pub(super) struct Connection(TcpStream);

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(stream)
    }

    pub(super) async fn cluster(mut self) -> Result<Cluster, Wrong> {
        // Version 2, which all brokers take; of no topic.
        let answer = self.ask(METADATA, 2, &0_i32.to_be_bytes()).await?;
        let (id, brokers) = metadata(&mut Reader(&answer)).ok_or(Wrong::Other)?;
        // Version 3 tells the release. The embedded broker and old ones have an error instead, which is no matter.
        let name_and_version = [0, 4, b'l', b'a', b'b', 2, b'1', 0];
        let answer = self.ask(API_VERSIONS, 3, &name_and_version).await.unwrap_or_default();
        Ok(Cluster { id, brokers, metadata_version: metadata_version(&mut Reader(&answer)) })
    }

    /// The answer after its correlation id, which must be that of the question.
    async fn ask(&mut self, api: i16, version: i16, body: &[u8]) -> Result<Vec<u8>, Wrong> {
        let mut request = [api.to_be_bytes(), version.to_be_bytes()].concat();
        request.extend(i32::from(api).to_be_bytes());
        request.extend([&3_i16.to_be_bytes()[..], b"lab", body].concat());
        let length = u32::try_from(request.len()).map_err(|_| Wrong::Other)?;
        self.0.write_all(&[&length.to_be_bytes()[..], &request].concat()).await.map_err(|_| Wrong::Other)?;
        let mut length = [0; 4];
        self.0.read_exact(&mut length).await.map_err(|_| Wrong::Other)?;
        if &length == b"HTTP" {
            return Err(Wrong::Http);
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if !(4..=LONGEST).contains(&length) {
            return Err(Wrong::Other);
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).await.map_err(|_| Wrong::Other)?;
        let body = answer.split_off(4);
        if answer == i32::from(api).to_be_bytes() { Ok(body) } else { Err(Wrong::Other) }
    }
}

/// The cluster's id, and how many brokers it has.
fn metadata(answer: &mut Reader<'_>) -> Option<(String, usize)> {
    let brokers = usize::try_from(answer.i32()?).ok()?;
    for _ in 0..brokers {
        let (_id, _host, _port, _rack) = (answer.i32()?, answer.text()?, answer.i32()?, answer.text()?);
    }
    Some((answer.text()?.to_owned(), brokers))
}

/// In the tagged fields at the end (KIP-584): field 0 has the features that the broker knows.
fn metadata_version(answer: &mut Reader<'_>) -> Option<i16> {
    if answer.i16()? != 0 {
        return None;
    }
    for _ in 0..answer.varint()?.checked_sub(1)? {
        let (_api, _least, _most, _tags) = (answer.i16()?, answer.i16()?, answer.i16()?, answer.tags()?);
    }
    let _throttle = answer.i32()?;
    for _ in 0..answer.varint()? {
        let (tag, length) = (answer.varint()?, answer.varint()?);
        let mut field = Reader(answer.take(length)?);
        if tag == 0 {
            return feature(&mut field, b"metadata.version");
        }
    }
    None
}

fn feature(features: &mut Reader<'_>, wanted: &[u8]) -> Option<i16> {
    for _ in 0..features.varint()?.checked_sub(1)? {
        let length = features.varint()?.checked_sub(1)?;
        let name = features.take(length)?;
        let (_least, most, ()) = (features.i16()?, features.i16()?, features.tags()?);
        if name == wanted {
            return Some(most);
        }
    }
    None
}

/// Reads an answer; `None` wherever it is not what it should be.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn i32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A text; an absent one is empty.
    fn text(&mut self) -> Option<&'a str> {
        let length = self.i16()?.max(0) as usize;
        std::str::from_utf8(self.take(length)?).ok()
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
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

    /// Tagged fields that nobody here wants.
    fn tags(&mut self) -> Option<()> {
        for _ in 0..self.varint()? {
            self.varint()?;
            let length = self.varint()?;
            self.take(length)?;
        }
        Some(())
    }
}
