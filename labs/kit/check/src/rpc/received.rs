//! A call that came to a service of the checker's.

use std::time::{Duration, Instant};

use http::HeaderMap;
use serde_json::Value;

use super::{json, schema};

/// A call that came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// When its headers were there.
    pub(crate) at: Instant,
    /// As `warehouse.v1.WarehouseService/Reserve`.
    pub(crate) method: String,
    pub(crate) metadata: HeaderMap,
    /// As JSON, with the names of the .proto file; `null` where it can't be decoded.
    pub(crate) message: Value,
    /// What it got, in words or as it was on the wire.
    pub(crate) reply: String,
    /// When that was sent, or begun.
    pub(crate) replied: Option<Instant>,
    /// When the caller reset it, or hung up, before it had its reply.
    pub(crate) given_up: Option<Instant>,
}

impl Received {
    /// How long the caller waits, as `grpc-timeout` says: `100m` is 100 ms. `None` without one, and
    /// where it is none.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        let text = self.metadata.get("grpc-timeout")?.to_str().ok()?;
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let number: u64 = (number.len() <= 8).then(|| number.parse().ok())??;
        let nanos: u64 = match unit {
            "H" => 3_600_000_000_000,
            "M" => 60_000_000_000,
            "S" => 1_000_000_000,
            "m" => 1_000_000,
            "u" => 1_000,
            "n" => 1,
            _ => return None,
        };
        Some(Duration::from_nanos(number.saturating_mul(nanos)))
    }

    /// As a learner sees it.
    pub(crate) fn shown(&self) -> String {
        let timeout = self.metadata.get("grpc-timeout").and_then(|value| value.to_str().ok());
        let timeout = timeout.map(|value| format!("grpc-timeout: {value}\n")).unwrap_or_default();
        let input = schema::method(&self.method).map(|method| method.input());
        format!("{}\n{timeout}{}", self.method, json::shown(input.as_ref(), &self.message))
    }
}
