//! Asks the mock for its partitions and offsets, over the wire as a client does.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::LONGEST_NAME;
use super::wire::{Api, Reader, Writer};

/// A topic, and the number of one of its partitions.
pub(super) type Partition = (String, i32);

/// Bytes in an answer. One about 10,000 partitions has 300 KiB.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;
/// The first version of Metadata in the flexible form.
const METADATA: i16 = 9;
/// Correlation id: one asks at a time.
const ALONE: i32 = 0;
/// The time that means "the first offset that is kept".
const EARLIEST: i64 = -2;

/// A connection of our own to the mock. One question at a time.
pub(super) struct Broker(TcpStream);

impl Broker {
    pub(super) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Asks what every client asks first.
    pub(super) async fn greet(&mut self) -> io::Result<()> {
        self.ask(Writer::request(Api::Versions, 0, ALONE)).await.map(drop)
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.0
    }

    /// All partitions of all topics.
    pub(super) async fn partitions(&mut self) -> io::Result<Vec<Partition>> {
        let answer = self.ask(all_partitions(ALONE)).await?;
        read_partitions(&answer)
    }

    /// The first offset that is kept of each.
    pub(super) async fn first_offsets(&mut self, partitions: &[Partition]) -> io::Result<BTreeMap<Partition, i64>> {
        let consumer = -1;
        let question =
            Writer::request(Api::ListOffsets, 1, ALONE).i32(consumer).list(&by_topic(partitions), |topic, named| {
                topic.text(named.0).list(&named.1, |partition, &id| partition.i32(id).i64(EARLIEST))
            });
        let answer = self.ask(question).await?;
        read(&answer, false, |answer| {
            offsets(answer, |partition| {
                let (id, error, _time, offset) =
                    (partition.i32()?, partition.i16()?, partition.i64()?, partition.i64()?);
                Some((id, offset, error))
            })
        })
    }

    /// The group's committed offsets, where it has any.
    pub(super) async fn committed(
        &mut self,
        group: &str,
        partitions: &[Partition],
    ) -> io::Result<BTreeMap<Partition, i64>> {
        let question =
            Writer::request(Api::OffsetFetch, 1, ALONE).text(group).list(&by_topic(partitions), |topic, named| {
                topic.text(named.0).list(&named.1, |partition, &id| partition.i32(id))
            });
        let answer = self.ask(question).await?;
        read(&answer, false, |answer| {
            offsets(answer, |partition| {
                let (id, offset, _note, error) =
                    (partition.i32()?, partition.i64()?, partition.text()?, partition.i16()?);
                Some((id, offset, error))
            })
        })
    }

    /// Its answer, without its length.
    pub(super) async fn ask(&mut self, question: Writer) -> io::Result<Vec<u8>> {
        self.0.write_all(&question.finish()).await?;
        let length = usize::try_from(self.0.read_i32().await?).unwrap_or(usize::MAX);
        if length > LONGEST_ANSWER {
            return Err(io::Error::other("an answer is too long"));
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).await?;
        Ok(answer)
    }
}

/// The question for all partitions of all topics. In the flexible form: the mock makes topics of
/// any name, and one of more than 32 KiB garbles the other form's answer.
pub(super) fn all_partitions(correlation: i32) -> Writer {
    // No tags; of no topics in particular; make none; tell no permissions (two); no tags.
    Writer::request(Api::Metadata, METADATA, correlation).bytes(&[0; 6])
}

/// The answer to that, without its length.
pub(super) fn read_partitions(answer: &[u8]) -> io::Result<Vec<Partition>> {
    read(answer, true, |answer| {
        let _throttled = answer.i32()?;
        answer.list(|broker| {
            let (_id, _host, _port, _rack) = (broker.i32()?, broker.text()?, broker.i32()?, broker.text()?);
            broker.tags()
        })?;
        let (_cluster, _controller) = (answer.text()?, answer.i32()?);
        let topics = answer.list(|topic| {
            let (_error, name, _internal) = (topic.i16()?, topic.text()?, topic.i8()?);
            let partitions = topic.list(partition_id)?;
            let _permissions = topic.i32()?;
            topic.tags()?;
            // Others can't be asked about, and no real broker has them.
            let partitions = partitions.into_iter().filter(|_| name.len() <= LONGEST_NAME);
            Some(partitions.map(|id| (name.to_owned(), id)).collect::<Vec<_>>())
        })?;
        Some(topics.into_iter().flatten().collect())
    })
}

fn partition_id(partition: &mut Reader<'_>) -> Option<i32> {
    let (_error, id, _leader, _epoch) = (partition.i16()?, partition.i32()?, partition.i32()?, partition.i32()?);
    for _ in ["all", "in sync", "offline"] {
        partition.list(Reader::i32)?;
    }
    partition.tags()?;
    Some(id)
}

/// The partitions in order of their topics, as the questions name them.
pub(super) fn by_topic(partitions: &[Partition]) -> Vec<(&str, Vec<i32>)> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in partitions {
        topics.entry(topic).or_default().push(*partition);
    }
    topics.into_iter().collect()
}

fn read<T>(answer: &[u8], flexible: bool, body: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> io::Result<T> {
    let mut reader = Reader::new(answer).flexible(flexible);
    let head = reader.i32().and_then(|_correlation| reader.tags());
    let read = head.and_then(|()| body(&mut reader));
    read.ok_or_else(|| io::Error::other("an answer can't be read"))
}

/// Topics with their partitions; those with an error or without an offset are left out.
fn offsets(
    answer: &mut Reader<'_>,
    partition: impl Fn(&mut Reader<'_>) -> Option<(i32, i64, i16)>,
) -> Option<BTreeMap<Partition, i64>> {
    let topics = answer.list(|topic| {
        let name = topic.text()?;
        let partitions = topic.list(&partition)?;
        let known = partitions.into_iter().filter(|&(_, offset, error)| error == 0 && offset >= 0);
        Some(known.map(|(id, offset, _)| ((name.to_owned(), id), offset)).collect::<Vec<_>>())
    })?;
    Some(topics.into_iter().flatten().collect())
}
