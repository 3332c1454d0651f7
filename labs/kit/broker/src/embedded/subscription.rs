//! What a member of the consumer protocol (KIP-848) subscribes to, as the mock can take it.
//!
//! A heartbeat names topics, a pattern, or both, and leaves out what hasn't changed. librdkafka
//! always sends both or neither; Java's client sends its topics alone. The mock ends the whole
//! process for that, and for whatever else it doesn't expect. So what means the same is written
//! as it wants it, and what Apache refuses is refused here.

use super::wire::{Reader, Writer};

/// The only version that the mock takes.
const VERSION: i16 = 1;
const INVALID_REQUEST: i16 = 42;
/// A text, or a list, that isn't there, and one that is empty.
const NONE: u8 = 0;
const EMPTY: u8 = 1;

/// A heartbeat (with its length) for the mock; `None`: it is to be refused.
pub(super) fn fit(mut request: Vec<u8>) -> Option<Vec<u8>> {
    if request.get(6..8)? != VERSION.to_be_bytes() {
        return Some(request);
    }
    let mut reader = Reader::new(request.get(12..)?);
    reader.text()?; // the client's name
    let mut reader = reader.flexible(true);
    reader.tags()?;
    let (_group, _member, epoch) = (reader.maybe_text()??, reader.maybe_text()??, reader.i32()?);
    let (_instance, _rack, rebalance_ms) = (reader.text()?, reader.text()?, reader.i32()?);
    let at = |reader: &Reader<'_>| request.len() - reader.left();
    let (topics_at, topics) = (at(&reader), reader.list(Reader::text)?);
    let (pattern_at, pattern) = (at(&reader), reader.text()?);
    if epoch < -2 || rebalance_ms < -1 {
        return None;
    }
    let (is_topics, is_pattern) = (!topics.is_empty(), !pattern.is_empty());
    match (request[topics_at] == NONE, request[pattern_at] == NONE) {
        (false, true) if is_topics => request[pattern_at] = EMPTY,
        (true, false) if is_pattern => request[topics_at] = EMPTY,
        // There was none, and there is none.
        (true, false) => request[pattern_at] = NONE,
        (false, _) if !is_topics && !is_pattern => return None,
        _ => {}
    }
    Some(request)
}

/// The answer to one that isn't.
pub(super) fn refused(correlation: i32) -> Vec<u8> {
    let (not_throttled, no_epoch, no_interval) = (0, 0, 0);
    Writer::answer(correlation, true)
        .i32(not_throttled)
        .i16(INVALID_REQUEST)
        .maybe_text(Some("a member subscribes to topics, or to a pattern"))
        .maybe_text(None)
        .i32(no_epoch)
        .i32(no_interval)
        .bytes(&(-1i8).to_be_bytes()) // no assignment
        .tags()
        .finish()
}
