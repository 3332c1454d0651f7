//! Trace ids: one number that follows a request through every program it meets.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU128;

/// The trace id of W3C Trace Context (<https://www.w3.org/TR/trace-context/>): 16 bytes, not all zero.
///
/// `Display` gives 32 lower-case hex digits. It travels in the header
/// `traceparent`, `00-<trace id>-<parent id>-<flags>`, over HTTP, gRPC and Kafka
/// alike. This lab keeps the trace id and no spans: a real service would hand
/// both to OpenTelemetry, and pass `tracestate` on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(NonZeroU128);

impl TraceId {
    /// A new random id.
    pub fn new() -> Self {
        let id = u128::from(random()) << 64 | u128::from(random());
        Self(NonZeroU128::new(id).unwrap_or(NonZeroU128::MIN))
    }

    /// Reads the value of a `traceparent` header (§3.2); `None` when it is not valid.
    ///
    /// A version above 00 may have more after the flags (§3.2.4); `ff` is forbidden.
    /// Callers start a new trace then, `TraceId::parse(value).unwrap_or_default()`:
    /// a bad header is never a reason to refuse a request.
    pub fn parse(traceparent: impl AsRef<[u8]>) -> Option<Self> {
        let text = str::from_utf8(traceparent.as_ref()).ok()?;
        let mut fields = text.splitn(5, '-');
        let version = hex(fields.next()?, 2)?;
        let trace_id = hex(fields.next()?, 32)?;
        let parent_id = hex(fields.next()?, 16)?;
        let _flags = hex(fields.next()?, 2)?;
        let more = fields.next().is_some();
        if version == 0xff || (version == 0 && more) || parent_id == 0 {
            return None;
        }
        NonZeroU128::new(trace_id).map(Self)
    }

    /// The header's value for the next hop: this trace, a new parent id, sampled.
    pub fn traceparent(self) -> String {
        format!("00-{self}-{:016x}-01", random().max(1))
    }
}

/// A new random id, as [`TraceId::new`].
impl Default for TraceId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Exactly `digits` hex digits, lower-case as the standard demands.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let lower = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != digits || !text.bytes().all(lower) {
        return None;
    }
    u128::from_str_radix(text, 16).ok()
}

/// The standard library's hash keys: seeded by the system once a thread, other
/// ones at each call. Unique enough for an id, not fit for a secret, and without
/// a system call for each request.
fn random() -> u64 {
    RandomState::new().hash_one(())
}
