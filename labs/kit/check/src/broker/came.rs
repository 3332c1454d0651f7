//! What has come to a relay: how many requests of each kind, and how often a member said that it lives.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::asked::{HEARTBEAT, JOIN_GROUP, SYNC_GROUP};

#[derive(Default)]
pub(super) struct Came {
    counts: watch::Sender<BTreeMap<i16, usize>>,
    pulse: Mutex<Pulse>,
}

/// Of one member, in the classic protocol: in the other one the broker says how often.
#[derive(Default)]
struct Pulse {
    last: Option<Instant>,
    longest: Duration,
}

impl Came {
    pub(super) fn note(&self, api: i16) {
        self.pulse.lock().unwrap_or_else(PoisonError::into_inner).note(api, Instant::now());
        self.counts.send_modify(|counts| *counts.entry(api).or_default() += 1);
    }

    pub(super) fn count(&self, api: i16) -> usize {
        self.counts.borrow().get(&api).copied().unwrap_or_default()
    }

    /// Returns when so many of this kind have come.
    pub(super) async fn wait_for(&self, api: i16, count: usize) {
        let mut counts = self.counts.subscribe();
        // The sender lives as long as this does.
        let _ = counts.wait_for(|counts| counts.get(&api).copied().unwrap_or_default() >= count).await;
    }

    /// Between one sign of life and the next.
    pub(super) fn longest_silence(&self) -> Duration {
        self.pulse.lock().unwrap_or_else(PoisonError::into_inner).longest
    }
}

impl Pulse {
    fn note(&mut self, api: i16, now: Instant) {
        if ![HEARTBEAT, JOIN_GROUP, SYNC_GROUP].contains(&api) {
            return;
        }
        if let Some(last) = self.last {
            self.longest = self.longest.max(now.duration_since(last));
        }
        // Who joins waits for the others, and says nothing meanwhile.
        self.last = (api != JOIN_GROUP).then_some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_joins_may_be_silent_and_who_is_in_may_not() {
        let (mut pulse, begin) = (Pulse::default(), Instant::now());
        let mut longest_after = |api, second| {
            pulse.note(api, begin + Duration::from_secs(second));
            pulse.longest.as_secs()
        };
        assert_eq!(longest_after(JOIN_GROUP, 0), 0);
        assert_eq!(longest_after(SYNC_GROUP, 20), 0);
        assert_eq!(longest_after(HEARTBEAT, 23), 3);
        assert_eq!(longest_after(JOIN_GROUP, 30), 7);
        assert_eq!(longest_after(SYNC_GROUP, 60), 7);
    }
}
