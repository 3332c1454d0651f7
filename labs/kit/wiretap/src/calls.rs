//! What is kept of the calls, in bounds, and who waits for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::{Call, Message, Side};

/// The oldest go first.
pub(crate) const MAX_CALLS: usize = 10_000;
/// Text of all calls together: names, start lines, headers, messages.
const MAX_WEIGHT: usize = 64 * 1024 * 1024;
/// One side of a call keeps the first of its messages; of others it knows their number.
pub(crate) const MAX_MESSAGES: usize = 10_000;
const MAX_HEADERS: usize = 1_000;
/// What a body, or another long value, is cut at.
pub(crate) const MAX_TEXT: usize = 64 * 1024;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the client.
    Sent,
    /// To the client.
    Received,
}

/// The calls of a tap.
#[derive(Default)]
pub(crate) struct Kept {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// Numbers ascend, so that a call is found by halving.
    calls: VecDeque<Entry>,
    opened: u64,
    weight: usize,
}

struct Entry {
    number: u64,
    call: Call,
    weight: usize,
}

impl Kept {
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.lock().shown().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        (state.calls, state.weight) = (VecDeque::new(), 0);
    }

    pub(crate) async fn wait_for(&self, fits: impl Fn(&Call) -> bool) -> Call {
        loop {
            // Before the look, so that no change falls between the two.
            let changed = self.changed.notified();
            if let Some(call) = self.lock().shown().find(|call| fits(call)) {
                return call.clone();
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A caller's `fits` may have panicked; it can't have changed anything.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where one connection writes what it saw.
#[derive(Clone)]
pub(crate) struct Log {
    kept: Arc<Kept>,
    connection: u64,
}

impl Log {
    pub(crate) fn new(kept: Arc<Kept>, connection: u64) -> Self {
        Self { kept, connection }
    }

    /// Keeps a new call and returns its number. It is shown once it has a name, which
    /// comes with all else that is known of it: nobody shall see it half.
    pub(crate) fn open(&self) -> u64 {
        let ((name, sent, received), connection) = (Default::default(), self.connection);
        let call = Call { connection, name, sent, received, ended: false };
        let mut state = self.kept.lock();
        state.opened += 1;
        let (number, weight) = (state.opened, size_of::<Entry>());
        state.weight += weight;
        state.calls.push_back(Entry { number, call, weight });
        state.bound();
        number
    }

    /// Changes a call, if it's still kept.
    pub(crate) fn edit(&self, number: u64, change: impl FnOnce(&mut Call)) {
        let mut state = self.kept.lock();
        let Ok(at) = state.calls.binary_search_by_key(&number, |entry| entry.number) else { return };
        let entry = &mut state.calls[at];
        let (gone, before) = (lines_weight(&entry.call), counts(&entry.call));
        change(&mut entry.call);
        let come = lines_weight(&entry.call) + added_since(&entry.call, before);
        entry.weight = entry.weight + come - gone;
        state.weight = state.weight + come - gone;
        state.bound();
        drop(state);
        self.kept.changed.notify_waiters();
    }

    /// Counts bytes of a call that passed.
    pub(crate) fn count(&self, number: u64, way: Way, bytes: usize, at: Instant) {
        self.edit(number, |call| call.side(way).passed(bytes, at));
    }

    /// Both sides are complete.
    pub(crate) fn end(&self, number: u64) {
        self.edit(number, |call| call.ended = true);
    }
}

impl State {
    fn shown(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().map(|entry| &entry.call).filter(|call| !call.name.is_empty())
    }

    fn bound(&mut self) {
        while self.calls.len() > MAX_CALLS || self.weight > MAX_WEIGHT {
            let Some(oldest) = self.calls.pop_front() else { return };
            self.weight -= oldest.weight;
        }
    }
}

impl Call {
    pub(crate) fn side(&mut self, way: Way) -> &mut Side {
        match way {
            Way::Sent => &mut self.sent,
            Way::Received => &mut self.received,
        }
    }
}

impl Side {
    pub(crate) fn passed(&mut self, bytes: usize, at: Instant) {
        self.bytes += bytes as u64;
        self.first.get_or_insert(at);
        self.last = Some(at);
    }

    pub(crate) fn add_headers(&mut self, headers: Vec<(String, String)>) {
        // Trailers come once, but a peer may send any number.
        let room = MAX_HEADERS.saturating_sub(self.headers.len());
        self.headers.extend(headers.into_iter().take(room));
    }

    pub(crate) fn push(&mut self, message: Message) {
        if self.messages.len() < MAX_MESSAGES {
            self.messages.push(message);
        } else {
            self.not_kept += 1;
        }
    }
}

/// What may be written anew.
fn lines_weight(call: &Call) -> usize {
    call.name.len() + call.sent.start.len() + call.received.start.len()
}

/// Headers and messages of each side, which are only ever added.
type Counts = [[usize; 2]; 2];

fn counts(call: &Call) -> Counts {
    [&call.sent, &call.received].map(|side| [side.headers.len(), side.messages.len()])
}

fn added_since(call: &Call, before: Counts) -> usize {
    let sides = [&call.sent, &call.received].into_iter().zip(before);
    let added = sides.map(|(side, [headers, messages])| {
        weight_of(&side.headers[headers..]) + side.messages[messages..].iter().map(message_weight).sum::<usize>()
    });
    added.sum()
}

fn weight_of(headers: &[(String, String)]) -> usize {
    headers.iter().map(|(name, value)| size_of::<(String, String)>() + name.len() + value.len()).sum()
}

fn message_weight(message: &Message) -> usize {
    let record = message.record.as_ref().map_or(0, |record| {
        record.topic.len() + record.key.as_ref().map_or(0, String::len) + weight_of(&record.headers)
    });
    size_of::<Message>() + message.text.len() + record
}
