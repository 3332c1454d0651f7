//! The order and its parts.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An order as it is stored, and its JSON form (snake_case, RFC 3339 time).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// UUID version 7.
    pub id: OrderId,
    /// Who placed it: 1–64 Unicode scalar values without control characters.
    pub created_by: String,
    /// Moves by processing alone.
    pub status: Status,
    /// 1–20 items; order and repeats are kept.
    pub equipment: Vec<Equipment>,
    /// When it was placed, in milliseconds, UTC.
    #[serde(serialize_with = "milliseconds")]
    pub created_at: Timestamp,
    /// From 1, one more with each change.
    pub version: u64,
}

impl Order {
    /// The version as a strong entity tag (RFC 9110 §8.8.3): `"3"`, quotes included.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}

/// RFC 3339 with exactly three digits after the second, so that every tool
/// prints the same text for the same order.
fn milliseconds<S: serde::Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{time:.3}"))
}

/// The id of an order: a UUID in its hyphenated form, printed in lower case. Ids
/// of version 7 sort by the time at which they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderId(Uuid);

impl OrderId {
    /// A new id, a UUID version 7 (RFC 9562): ids made later sort later.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Default for OrderId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for OrderId {
    type Err = UnknownName;

    /// Takes the hyphenated form only; `uuid` itself would also take braces and a urn.
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match Uuid::try_parse(text) {
            Ok(uuid) if text.len() == uuid::fmt::Hyphenated::LENGTH => Ok(Self(uuid)),
            _ => Err(UnknownName("a UUID like 0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24")),
        }
    }
}

/// Where an order is in its life:
/// QUEUED → PROCESSING → COMPLETED or FAILED, and back to QUEUED when a worker's
/// lease ends without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Waits for a worker; the only status in which the equipment may change.
    Queued,
    /// A worker holds it; it can't be deleted.
    Processing,
    /// Done.
    Completed,
    /// A worker gave it up.
    Failed,
}

impl Status {
    /// Every status, in the order of an order's life.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Processing, Self::Completed, Self::Failed];

    /// The name on the wire: `QUEUED`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Processing => "PROCESSING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// What can be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Equipment {
    /// A keyboard.
    Keyboard,
    /// A mouse.
    Mouse,
    /// A webcam.
    Webcam,
    /// A monitor.
    Monitor,
}

impl Equipment {
    /// Everything that can be ordered.
    pub const ALL: [Self; 4] = [Self::Keyboard, Self::Mouse, Self::Webcam, Self::Monitor];

    /// The name on the wire: `KEYBOARD`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keyboard => "KEYBOARD",
            Self::Mouse => "MOUSE",
            Self::Webcam => "WEBCAM",
            Self::Monitor => "MONITOR",
        }
    }
}

/// A text that names nothing; carries what it should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {0}")]
pub struct UnknownName(pub(crate) &'static str);

impl FromStr for Status {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let known = Self::ALL.into_iter().find(|status| status.name() == text);
        known.ok_or(UnknownName("one of QUEUED, PROCESSING, COMPLETED, FAILED"))
    }
}

impl FromStr for Equipment {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let known = Self::ALL.into_iter().find(|item| item.name() == text);
        known.ok_or(UnknownName("one of KEYBOARD, MOUSE, WEBCAM, MONITOR"))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Equipment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
