//! Warnings that come again and again.

use std::time::{Duration, Instant};

use tracing::warn;

const PAUSE: Duration = Duration::from_secs(1);

/// Says the same thing at most once a second: a flood must not fill the log as well.
#[derive(Debug, Default)]
pub struct Throttle {
    last: Option<Instant>,
    unsaid: u64,
}

impl Throttle {
    /// Logs it, and how many before it were left out; or leaves it out.
    pub fn warn(&mut self, what: &str) {
        if self.last.is_some_and(|last| last.elapsed() < PAUSE) {
            self.unsaid += 1;
            return;
        }
        warn!(unsaid = self.unsaid, "{what}");
        *self = Self { last: Some(Instant::now()), unsaid: 0 };
    }
}
