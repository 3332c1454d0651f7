//! What members are told, as it is on the wire.

use super::super::wire::Writer;
use super::requests::{Commit, Head, Leave, Who};

/// Kafka's errors, by their number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub(super) enum Error {
    CoordinatorNotAvailable = 15,
    IllegalGeneration = 22,
    InconsistentGroupProtocol = 23,
    InvalidGroupId = 24,
    UnknownMemberId = 25,
    InvalidSessionTimeout = 26,
    RebalanceInProgress = 27,
    MemberIdRequired = 79,
    GroupMaxSizeReached = 81,
    FencedInstanceId = 82,
}

/// The answer to a JoinGroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    pub(super) error: Option<Error>,
    pub(super) generation: i32,
    pub(super) protocol: String,
    pub(super) leader: String,
    pub(super) member: String,
    /// For the leader alone: everybody, and what the leader must know of them.
    pub(super) members: Vec<(Who, Vec<u8>)>,
}

impl Joined {
    pub(super) fn refused(member: String, error: Error) -> Self {
        let (protocol, leader) = Default::default();
        Self { error: Some(error), generation: -1, protocol, leader, member, members: Vec::new() }
    }
}

/// The answer to a SyncGroup: what the member has.
pub(super) type Synced = Result<Vec<u8>, Error>;

pub(super) fn joined(head: &Head, joined: &Joined) -> Vec<u8> {
    answer(head, 2)
        .i16(code(joined.error))
        .i32(joined.generation)
        .text(&joined.protocol)
        .text(&joined.leader)
        .text(&joined.member)
        .list(&joined.members, |writer, (who, metadata)| {
            let writer = writer.text(&who.member);
            let writer = if head.version >= 5 { writer.maybe_text(who.instance.as_deref()) } else { writer };
            writer.blob(metadata).tags()
        })
        .tags()
        .finish()
}

pub(super) fn synced(head: &Head, synced: &Synced) -> Vec<u8> {
    let assignment = synced.as_deref().unwrap_or_default();
    answer(head, 1).i16(code(synced.as_ref().err().copied())).blob(assignment).tags().finish()
}

pub(super) fn beat(head: &Head, beat: Result<(), Error>) -> Vec<u8> {
    answer(head, 1).i16(code(beat.err())).tags().finish()
}

pub(super) fn left(head: &Head, leave: &Leave, left: &[Result<(), Error>]) -> Vec<u8> {
    let code = |left: Option<&Result<(), Error>>| code(left.and_then(|left| left.err()));
    if head.version < 3 {
        return answer(head, 1).i16(code(left.first())).finish();
    }
    let members: Vec<_> = leave.members.iter().zip(left).collect();
    answer(head, 1)
        .i16(0)
        .list(&members, |writer, (who, left)| {
            writer.text(&who.member).maybe_text(who.instance.as_deref()).i16(code(Some(left))).tags()
        })
        .tags()
        .finish()
}

/// The same error for each partition.
pub(super) fn refused(head: &Head, commit: &Commit, error: Error) -> Vec<u8> {
    answer(head, 3)
        .list(&commit.topics, |writer, (topic, partitions)| {
            let writer = writer.text(topic);
            writer.list(partitions, |writer, &partition| writer.i32(partition).i16(error as i16).tags()).tags()
        })
        .tags()
        .finish()
}

/// From some version on it begins with how long the client is asked to wait: not at all.
fn answer(head: &Head, throttled_from: i16) -> Writer {
    let writer = Writer::answer(head.correlation, head.flexible);
    if head.version >= throttled_from { writer.i32(0) } else { writer }
}

fn code(error: Option<Error>) -> i16 {
    error.map_or(0, |error| error as i16)
}
