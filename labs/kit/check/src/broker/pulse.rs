//! How often a member of a group says that it lives.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::asked::{HEARTBEAT, JOIN_GROUP, SYNC_GROUP};

/// Of one member, in the classic protocol: in the other one the broker says how often.
#[derive(Default)]
pub(super) struct Pulse(Mutex<State>);

#[derive(Default)]
struct State {
    last: Option<Instant>,
    longest: Duration,
}

impl Pulse {
    pub(super) fn came(&self, api: i16) {
        if ![HEARTBEAT, JOIN_GROUP, SYNC_GROUP].contains(&api) {
            return;
        }
        let (now, mut state) = (Instant::now(), self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(last) = state.last {
            state.longest = state.longest.max(now.duration_since(last));
        }
        // Who joins waits for the others, and says nothing meanwhile.
        state.last = (api != JOIN_GROUP).then_some(now);
    }

    /// Between one sign of life and the next.
    pub(super) fn longest(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).longest
    }
}
