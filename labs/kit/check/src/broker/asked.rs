//! What comes to a relay, and what a check makes of it.

use crate::http::Gate;

/// Kinds of requests, by their numbers in the protocol.
pub(crate) const PRODUCE: i16 = 0;
pub(crate) const FETCH: i16 = 1;
pub(crate) const OFFSET_COMMIT: i16 = 8;

/// A request that came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Which kind, by its number in the protocol.
    pub(crate) api: i16,
}

impl Asked {
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
