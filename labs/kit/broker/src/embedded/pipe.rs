//! One connection, request by request: to the mock, or answered on its behalf.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;

use super::all_offsets::AllOffsets;
use super::ask::{all_partitions, read_partitions};
use super::batches::Wanted;
use super::coordinator::Answer;
use super::forward::{Asking, Traffic};
use super::frame::{BUFFER, Frame};
use super::subscription;
use super::too_large::{LARGEST_BATCH, LARGEST_REQUEST, Lighter, Refused};
use super::wire::{Api, Writer};

/// What is read here is no longer than that. A commit of 1,000 partitions has 20 KiB.
const LONGEST_READ: usize = 64 * 1024;

/// Requests of one connection. A client has one or two on their way.
const MAX_TURNS: usize = 1_000;
/// The last version in which the mock can say what it takes.
const VERSIONS: i16 = 2;
const UNSUPPORTED_VERSION: i16 = 35;
/// From which version on a Metadata answer has tagged fields. The mock says twice that there are none.
const FLEXIBLE_METADATA: i16 = 9;

/// What becomes of answers of the mock's, with the numbers of their requests.
#[derive(Default)]
pub(super) struct Turns(Mutex<VecDeque<(i32, Turn)>>);

/// What becomes of one.
enum Turn {
    /// This takes its place. A client expects its answers in the order of its requests: so the mock
    /// is asked something that costs nothing, under the same number.
    Instead(Vec<u8>),
    /// The client doesn't hear of it.
    Ours(oneshot::Sender<Vec<u8>>),
    /// It doesn't know why these were refused.
    Refused(Refused),
    /// It has more partitions than were asked for.
    AllOffsets(AllOffsets),
    /// It has one batch of each partition, where as many may be wanted.
    Fetched(Wanted),
    /// It has one byte too many at its end, which sarama takes for another answer.
    TagsTwice,
}

impl Turns {
    fn add(&self, correlation: i32, turn: Turn) -> io::Result<()> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= MAX_TURNS {
            return Err(io::Error::other("a client asks and asks, and reads no answer"));
        }
        turns.push_back((correlation, turn));
        Ok(())
    }

    fn take(&self, correlation: i32) -> Option<Turn> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.front()?.0 == correlation { turns.pop_front().map(|(_, turn)| turn) } else { None }
    }
}

/// Passes requests on until the client has sent its last. One at a time: while a member waits
/// for the others, nothing else is read from it, as Apache does it.
pub(super) async fn requests(
    client: OwnedReadHalf,
    mut mock: OwnedWriteHalf,
    traffic: &Traffic,
    turns: &Turns,
) -> io::Result<()> {
    let mut client = BufReader::with_capacity(BUFFER, client);
    // Length, number and version of the request, correlation id.
    while let Some(frame) = Frame::<12>::begin(&mut client).await? {
        let (length, correlation) = (frame.length(), frame.i32(8));
        let [api, version] = [4, 6].map(|at| i16::from_be_bytes([frame.head[at], frame.head[at + 1]]));
        match Api::of(api) {
            Some(Api::Versions) if version > VERSIONS && length <= LONGEST_READ => {
                frame.whole(&mut client).await?;
                instead(older_versions(correlation), correlation, &mut mock, turns).await?;
            }
            Some(Api::OffsetFetch) if length <= LONGEST_READ => {
                let request = frame.whole(&mut client).await?;
                traffic.readers.overhear(&request[4..]);
                match AllOffsets::of(&request[4..]) {
                    Some(all) => ask_for_all(all, correlation, &mut mock, turns).await?,
                    None => mock.write_all(&request).await?,
                }
            }
            Some(Api::Produce) if length > LARGEST_REQUEST => return Err(io::Error::other("a request is too long")),
            Some(Api::Produce) if length > LARGEST_BATCH => {
                let request = frame.whole(&mut client).await?;
                mock.write_all(&without_what_is_too_large(request, correlation, turns)?).await?;
            }
            Some(Api::Metadata) if version >= FLEXIBLE_METADATA => {
                turns.add(correlation, Turn::TagsTwice)?;
                frame.pass_on(&mut client, &mut mock).await?;
            }
            Some(Api::Fetch) if length <= LONGEST_READ => {
                let request = frame.whole(&mut client).await?;
                if let Some(wanted) = Wanted::of(&request[4..]) {
                    turns.add(correlation, Turn::Fetched(wanted))?;
                }
                mock.write_all(&request).await?;
            }
            None | Some(Api::OffsetFetch | Api::Versions | Api::Produce | Api::Fetch | Api::Metadata) => {
                frame.pass_on(&mut client, &mut mock).await?
            }
            Some(_) if length > LONGEST_READ => return Err(io::Error::other("a request is too long")),
            Some(_) => {
                let request = frame.whole(&mut client).await?;
                match traffic.coordinator.answer(&request[4..]).await {
                    Answer::Mock if api == Api::ConsumerGroupHeartbeat as i16 => match subscription::fit(request) {
                        Some(request) => mock.write_all(&request).await?,
                        None => instead(subscription::refused(correlation), correlation, &mut mock, turns).await?,
                    },
                    Answer::Mock => mock.write_all(&request).await?,
                    Answer::None => return Err(io::Error::other("a request can't be read")),
                    Answer::Here(answer) => instead(answer, correlation, &mut mock, turns).await?,
                }
            }
        }
        // Not before the mock has it: whoever looks at the mock because of these bytes would look too early.
        traffic.add_received(length);
    }
    mock.shutdown().await
}

/// This answer for the client. The mock is asked something that costs nothing.
async fn instead(answer: Vec<u8>, correlation: i32, mock: &mut OwnedWriteHalf, turns: &Turns) -> io::Result<()> {
    turns.add(correlation, Turn::Instead(answer))?;
    mock.write_all(&Writer::request(Api::Versions, 0, correlation).finish()).await
}

/// What the mock is to have of it.
fn without_what_is_too_large(request: Vec<u8>, correlation: i32, turns: &Turns) -> io::Result<Vec<u8>> {
    let Some(lighter) = Lighter::of(&request) else { return Ok(request) };
    if !lighter.wants_an_answer {
        return Err(io::Error::other("a record is too large, for somebody who wants no answer"));
    }
    turns.add(correlation, Turn::Refused(lighter.refused))?;
    Ok(lighter.request)
}

/// Asks the mock which partitions there are, and then for the group's offset in each.
async fn ask_for_all(all: AllOffsets, correlation: i32, mock: &mut OwnedWriteHalf, turns: &Turns) -> io::Result<()> {
    let (tell, told) = oneshot::channel();
    turns.add(correlation, Turn::Ours(tell))?;
    mock.write_all(&all_partitions(correlation).finish()).await?;
    let partitions = read_partitions(&told.await.map_err(io::Error::other)?)?;
    let question = all.named(&partitions);
    turns.add(correlation, Turn::AllOffsets(all))?;
    mock.write_all(&question).await
}

/// "Ask in an older version" (KIP-511), always in the form of version 0. The mock says so in a
/// form that librdkafka alone can read.
fn older_versions(correlation: i32) -> Vec<u8> {
    let versions = [(Api::Versions as i16, 0, VERSIONS)];
    Writer::answer(correlation, false)
        .i16(UNSUPPORTED_VERSION)
        .list(&versions, |writer, &(api, first, last)| writer.i16(api).i16(first).i16(last))
        .finish()
}

/// Passes answers on until the mock has given its last.
pub(super) async fn answers(
    mock: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    turns: &Turns,
    asking: &Asking,
) -> io::Result<()> {
    let mut mock = BufReader::with_capacity(BUFFER, mock);
    // Length, correlation id.
    while let Some(frame) = Frame::<8>::begin(&mut mock).await? {
        let Some(turn) = turns.take(frame.i32(4)) else {
            frame.pass_on(&mut mock, &mut client).await?;
            continue;
        };
        let mut answer = frame.whole(&mut mock).await?;
        let unreadable = || io::Error::other("an answer can't be read");
        match turn {
            Turn::Instead(ours) => client.write_all(&ours).await?,
            // Whoever has asked has gone, perhaps.
            Turn::Ours(tell) => drop(tell.send(answer.split_off(4))),
            Turn::Refused(refused) => {
                refused.say(&mut answer).ok_or_else(unreadable)?;
                client.write_all(&answer).await?;
            }
            Turn::Fetched(wanted) => client.write_all(&wanted.fill(answer, asking).await).await?,
            Turn::TagsTwice => client.write_all(&without_its_last(answer)).await?,
            Turn::AllOffsets(all) => client.write_all(&all.committed(&answer[4..]).ok_or_else(unreadable)?).await?,
        }
    }
    Ok(())
}

/// A message that is one byte shorter.
fn without_its_last(mut message: Vec<u8>) -> Vec<u8> {
    message.pop();
    let length = (message.len() as u32 - 4).to_be_bytes();
    message[..4].copy_from_slice(&length);
    message
}
