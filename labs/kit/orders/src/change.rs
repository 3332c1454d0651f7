//! Changes, and positions among them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Fault, Order, OrderError};

/// One change of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Watch from here to get what comes after.
    pub position: Position,
    /// What happened.
    pub kind: ChangeKind,
    /// The order after the change; for a deletion, as it last was.
    pub order: Order,
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was placed.
    Created,
    /// Its equipment or its status changed.
    Updated,
    /// It was removed.
    Deleted,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Created, Self::Updated, Self::Deleted];

    /// The name on the wire: `created`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A place in the changes of one database, as text `<epoch>-<sequence>`. The
/// epoch is the database's own random tag: a position from another database is
/// refused, not misread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub(crate) epoch: u32,
    pub(crate) sequence: i64,
}

impl Position {
    /// The random tag of the database.
    pub fn epoch(self) -> u32 {
        self.epoch
    }

    /// The number of the change, from 1 and without a gap; 0 is before the first.
    pub fn sequence(self) -> i64 {
        self.sequence
    }

    /// Another place in the same database.
    #[must_use]
    pub fn at(self, sequence: i64) -> Self {
        Self { sequence, ..self }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{}", self.epoch, self.sequence)
    }
}

/// From where to watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchFrom {
    /// From now on: only what changes after this.
    Now,
    /// From the oldest change that is kept: "0".
    Oldest,
    /// From after this position.
    After(Position),
}

impl WatchFrom {
    /// Reads a position as a client gives it: nothing, "0", or one from an
    /// earlier watch or list.
    pub fn parse(text: Option<&str>) -> Result<Self, OrderError> {
        match text {
            None | Some("") => Ok(Self::Now),
            Some("0") => Ok(Self::Oldest),
            Some(text) => parse_position(text).map(Self::After).ok_or_else(|| not_a_position().into()),
        }
    }
}

fn parse_position(text: &str) -> Option<Position> {
    let (epoch, sequence) = text.split_once('-')?;
    let position = Position { epoch: u32::from_str_radix(epoch, 16).ok()?, sequence: sequence.parse().ok()? };
    // Only as we print it: "+1" and upper case would be a second name for the same place.
    (position.to_string() == text).then_some(position)
}

pub(crate) fn not_a_position() -> Fault {
    Fault::parameter("position", "must be a position from a watch or a list, or 0 for the oldest")
}
