//! What members ask, as it is on the wire.

use super::super::wire::{Api, Reader};
use super::super::{LONGEST_GROUP, LONGEST_NAME};

/// What stands before each request.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) version: i16,
    pub(super) correlation: i32,
    /// Whether the request, and so its answer, has the newer form.
    pub(super) flexible: bool,
    client: String,
}

/// Who asks: a member by its id, or by the instance that it was configured with (KIP-345).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) member: String,
    pub(super) instance: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Join {
    pub(super) group: String,
    pub(super) who: Who,
    /// What a new member's id begins with.
    pub(super) client: String,
    /// A new member is told its id first, and then joins by it (KIP-394).
    pub(super) asks_twice: bool,
    pub(super) session_ms: i32,
    pub(super) rebalance_ms: i32,
    /// `consumer`, for all consumers.
    pub(super) kind: String,
    /// Ways to share the partitions, the best first, each with what the leader must know.
    pub(super) protocols: Vec<(String, Vec<u8>)>,
}

impl Join {
    /// Nobody becomes a member by it: the answer is an id.
    pub(super) fn asks_for_an_id(&self) -> bool {
        self.asks_twice && self.who == Who::default()
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Sync {
    pub(super) group: String,
    pub(super) generation: i32,
    pub(super) who: Who,
    /// From the leader alone: what each member has.
    pub(super) assignments: Vec<(String, Vec<u8>)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Heartbeat {
    pub(super) group: String,
    pub(super) generation: i32,
    pub(super) who: Who,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Leave {
    pub(super) group: String,
    pub(super) members: Vec<Who>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Commit {
    pub(super) group: String,
    /// -1 from who is in no group.
    pub(super) generation: i32,
    pub(super) who: Who,
    /// Topics with the numbers of their partitions; the offsets are the mock's matter.
    pub(super) topics: Vec<(String, Vec<i32>)>,
}

/// What is answered here, or looked at.
pub(super) enum Request {
    Join(Join),
    Sync(Sync),
    Heartbeat(Heartbeat),
    Leave(Leave),
    Commit(Commit),
    /// Of the consumer protocol (KIP-848): its group.
    Other(String),
}

/// Reads a request without its length.
pub(super) fn read(request: &[u8]) -> Option<(Head, Request)> {
    let mut reader = Reader::new(request);
    let (api, version, correlation) = (Api::of(reader.i16()?)?, reader.i16()?, reader.i32()?);
    let (flexible_from, last) = match api {
        Api::JoinGroup => (6, 6),
        Api::SyncGroup | Api::Heartbeat | Api::LeaveGroup => (4, 4),
        Api::OffsetCommit => (8, 9),
        // The mock judges the version; the name has the same place in all.
        Api::ConsumerGroupHeartbeat => (0, i16::MAX),
        _ => return None,
    };
    if !(0..=last).contains(&version) {
        return None;
    }
    let client = reader.text()?.chars().take(64).collect();
    let flexible = version >= flexible_from;
    let mut reader = reader.flexible(flexible);
    reader.tags()?;
    let group = name(&mut reader)?;
    let head = Head { version, correlation, flexible, client };
    let body = match api {
        Api::JoinGroup => Request::Join(join(&mut reader, &head, group)?),
        Api::SyncGroup => Request::Sync(sync(&mut reader, version, group)?),
        Api::LeaveGroup => Request::Leave(leave(&mut reader, version, group)?),
        Api::Heartbeat => {
            let (generation, who) = (reader.i32()?, who(&mut reader, version >= 3)?);
            Request::Heartbeat(Heartbeat { group, generation, who })
        }
        Api::OffsetCommit => Request::Commit(commit(&mut reader, version, group)?),
        _ => Request::Other(group),
    };
    Some((head, body))
}

fn join(reader: &mut Reader<'_>, head: &Head, group: String) -> Option<Join> {
    let session_ms = reader.i32()?;
    let rebalance_ms = if head.version >= 1 { reader.i32()? } else { session_ms };
    let who = who(reader, head.version >= 5)?;
    let kind = name(reader)?;
    let protocols = reader.list(|reader| {
        let protocol = (name(reader)?, reader.blob()?.to_vec());
        reader.tags()?;
        Some(protocol)
    })?;
    let (client, asks_twice) = (head.client.clone(), head.version >= 4);
    Some(Join { group, who, client, asks_twice, session_ms, rebalance_ms, kind, protocols })
}

fn sync(reader: &mut Reader<'_>, version: i16, group: String) -> Option<Sync> {
    let (generation, who) = (reader.i32()?, who(reader, version >= 3)?);
    let assignments = reader.list(|reader| {
        let assignment = (name(reader)?, reader.blob()?.to_vec());
        reader.tags()?;
        Some(assignment)
    })?;
    Some(Sync { group, generation, who, assignments })
}

fn leave(reader: &mut Reader<'_>, version: i16, group: String) -> Option<Leave> {
    let members = if version < 3 {
        vec![who(reader, false)?]
    } else {
        reader.list(|reader| {
            let member = who(reader, true)?;
            reader.tags()?;
            Some(member)
        })?
    };
    Some(Leave { group, members })
}

fn commit(reader: &mut Reader<'_>, version: i16, group: String) -> Option<Commit> {
    let generation = if version >= 1 { reader.i32()? } else { -1 };
    let who = if version >= 1 { who(reader, version >= 7)? } else { Who::default() };
    if (2..=4).contains(&version) {
        let _retention = reader.i64()?;
    }
    let topics = reader.list(|reader| {
        let topic = reader.text().filter(|name| name.len() <= LONGEST_NAME)?.to_owned();
        let partitions = reader.list(|reader| {
            let (partition, _offset) = (reader.i32()?, reader.i64()?);
            if version >= 6 {
                let _leader_epoch = reader.i32()?;
            }
            if version == 1 {
                let _time = reader.i64()?;
            }
            let _note = reader.text()?;
            reader.tags()?;
            Some(partition)
        })?;
        reader.tags()?;
        Some((topic, partitions))
    })?;
    Some(Commit { group, generation, who, topics })
}

fn who(reader: &mut Reader<'_>, names_instance: bool) -> Option<Who> {
    let member = name(reader)?;
    let instance = if names_instance { reader.maybe_text()? } else { None };
    if instance.is_some_and(|instance| instance.len() > LONGEST_GROUP) {
        return None;
    }
    Some(Who { member, instance: instance.map(str::to_owned) })
}

/// Longer names than a group's are nobody's here, and could not be written in the old form.
fn name(reader: &mut Reader<'_>) -> Option<String> {
    // A member's id has an instance's name in it, or a client's, and 37 bytes more.
    reader.text().filter(|name| name.len() <= LONGEST_GROUP + 64).map(str::to_owned)
}
