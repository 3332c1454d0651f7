//! What comes to a relay, and what a check makes of it.

use super::produce::Reader;
use crate::http::Gate;

/// Kinds of requests, by their numbers in the protocol.
pub(crate) const PRODUCE: i16 = 0;
pub(crate) const FETCH: i16 = 1;
pub(crate) const METADATA: i16 = 3;
pub(crate) const OFFSET_COMMIT: i16 = 8;
pub(crate) const JOIN_GROUP: i16 = 11;
pub(crate) const HEARTBEAT: i16 = 12;
pub(crate) const LEAVE_GROUP: i16 = 13;
pub(super) const SYNC_GROUP: i16 = 14;
/// Of the consumer protocol, in which it is also how one joins and leaves (KIP-848).
pub(crate) const CONSUMER_GROUP_HEARTBEAT: i16 = 68;
/// `INVALID_RECORD`: the broker has looked at the record and doesn't take it; to ask again is no use.
pub(crate) const INVALID_RECORD: i16 = 87;
/// The epoch of a member that leaves.
const LEAVES: i32 = -1;

/// A request that came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Which kind, by its number in the protocol.
    pub(crate) api: i16,
    /// A member says that it leaves its group.
    pub(crate) leaves: bool,
}

impl Asked {
    pub(super) fn read(request: &[u8]) -> Self {
        let api = request.first_chunk().map_or(-1, |api| i16::from_be_bytes(*api));
        let leaves = api == LEAVE_GROUP || api == CONSUMER_GROUP_HEARTBEAT && epoch(request) == Some(LEAVES);
        Self { api, leaves }
    }

    /// It brings records.
    pub(crate) fn is_produce(self) -> bool {
        self.api == PRODUCE
    }

    /// It asks for records.
    pub(crate) fn is_fetch(self) -> bool {
        self.api == FETCH
    }

    /// It says how far a group is.
    pub(crate) fn is_commit(self) -> bool {
        self.api == OFFSET_COMMIT
    }
}

/// What becomes of a request.
pub(crate) enum Fate {
    /// It passes, and its answer too.
    Pass,
    /// It waits at the gate before it reaches the broker.
    Hold(Gate),
    /// The broker has it, and its answer waits at the gate.
    HoldAnswer(Gate),
    /// A Produce that the broker never sees: the answer is this error, by its number.
    Refuse(i16),
}

/// Chooses it.
pub(crate) trait Plan: Fn(Asked) -> Fate + Send + Sync + 'static {}
impl<T: Fn(Asked) -> Fate + Send + Sync + 'static> Plan for T {}

/// The member's, in a heartbeat of the consumer protocol.
fn epoch(request: &[u8]) -> Option<i32> {
    let mut reader = Reader::after_header(request, true)?;
    let (_group, _member) = (reader.text()?, reader.text()?);
    Some(i32::from_be_bytes(reader.take(4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeat(epoch: i32) -> Vec<u8> {
        let head = [&CONSUMER_GROUP_HEARTBEAT.to_be_bytes()[..], &[0, 1, 0, 0, 0, 7, 0, 2], b"me", &[0]].concat();
        [&head[..], b"\x06group", b"\x05mine", &epoch.to_be_bytes(), &[0, 0]].concat()
    }

    #[test]
    fn who_leaves_says_so() {
        assert!(!Asked::read(&heartbeat(0)).leaves);
        assert!(!Asked::read(&heartbeat(7)).leaves);
        // A static member that will be back.
        assert!(!Asked::read(&heartbeat(-2)).leaves);
        assert!(Asked::read(&heartbeat(-1)).leaves);
        assert!(Asked::read(&[LEAVE_GROUP.to_be_bytes(), [0, 4]].concat()).leaves);
        assert!(!Asked::read(&heartbeat(-1)[..20]).leaves);
    }
}
