//! Requests by a queue: what somebody wants, and which event it is.
//!
//! Nobody waits for the answer, and a queue may bring the same request twice.
//! So a request carries what a call doesn't need: the id of the order that it
//! is about, even of one that is yet to be placed, and the name of its event.

use std::fmt;

use jiff::Timestamp;

use crate::draft::Body;
use crate::{
    Condition, DeleteDraft, Fault, Faults, NewOrder, OrderDeletion, OrderDraft, OrderError, OrderId, OrderUpdate,
    Status, UpdateDraft,
};

/// The name of an event: two requests with the same are one (CloudEvents 1.0, "source" and "id").
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    /// Who made the event.
    pub source: String,
    /// Which of theirs it is.
    pub id: String,
}

/// A request that may be tried: its values hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// Which event it is.
    pub event: EventId,
    /// What is to be done.
    pub wanted: Wanted,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Place an order.
    Create {
        /// The id, which the sender chose.
        id: OrderId,
        /// What is ordered.
        new: NewOrder,
        /// When the sender placed it.
        created_at: Timestamp,
    },
    /// Replace its equipment.
    Update(OrderUpdate),
    /// Remove it.
    Delete(OrderDeletion),
    /// Move it through its life.
    Advance(OrderAdvance),
}

/// A move through an order's life that may be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderAdvance {
    pub(crate) id: OrderId,
    pub(crate) status: Status,
    pub(crate) condition: Condition,
}

/// The four things that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// To place an order.
    Create,
    /// To replace its equipment.
    Update,
    /// To remove it.
    Delete,
    /// To move it through its life.
    Advance,
}

impl RequestKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Create, Self::Update, Self::Delete, Self::Advance];

    /// The name in JSON, and in `order.…`: `create`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Advance => "advance",
        }
    }
}

impl fmt::Display for RequestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A request as somebody sent it. An expected version of 0 is none.
#[derive(Clone, Debug)]
pub enum RequestDraft {
    /// To place an order.
    Create(OrderDraft),
    /// To replace its equipment; the draft's id is filled in by [`RequestDraft::parse`].
    Update(UpdateDraft),
    /// To remove it.
    Delete {
        /// Which version is removed; 0 is any.
        expected_version: u64,
        /// What was found wrong already.
        faults: Faults,
    },
    /// To move it through its life.
    Advance {
        /// The status that follows, by name; none if that was wrong already.
        status: Option<String>,
        /// Which version is changed.
        expected_version: u64,
        /// What was found wrong already.
        faults: Faults,
    },
}

impl RequestDraft {
    /// From a JSON text such as `{"create":{"created_by":"USER14","equipment":["MOUSE"]}}`.
    pub fn from_json(text: &[u8]) -> Result<Self, OrderError> {
        let mut outer = Body::read(text)?;
        let named = |kind: &RequestKind| outer.fields.len() == 1 && outer.fields.contains_key(kind.name());
        let Some(kind) = RequestKind::ALL.into_iter().find(named) else {
            return Err(Fault::body("", "must be an object with one of create, update, delete, advance").into());
        };
        let mut body = Body::of(outer.fields.remove(kind.name()).unwrap_or_default());
        Ok(match kind {
            RequestKind::Create => Self::Create(OrderDraft::from_body(body)),
            RequestKind::Update => {
                let (equipment, version) = (body.strings("equipment"), body.version("expected_version"));
                Self::Update(UpdateDraft {
                    id: String::new(),
                    equipment,
                    etag: etag(version),
                    faults: body.no_more_fields(),
                })
            }
            RequestKind::Delete => {
                Self::Delete { expected_version: body.version("expected_version"), faults: body.no_more_fields() }
            }
            RequestKind::Advance => Self::Advance {
                status: body.string("status"),
                expected_version: body.version("expected_version"),
                faults: body.no_more_fields(),
            },
        })
    }

    /// Which of the four it is.
    pub fn kind(&self) -> RequestKind {
        match self {
            Self::Create(_) => RequestKind::Create,
            Self::Update(_) => RequestKind::Update,
            Self::Delete { .. } => RequestKind::Delete,
            Self::Advance { .. } => RequestKind::Advance,
        }
    }

    /// What is to be done with the order of this id; or that its condition is
    /// missing; or every fault at once. `sent_at` becomes the time of a new order.
    pub fn parse(self, id: OrderId, sent_at: Timestamp) -> Result<Wanted, OrderError> {
        match self {
            Self::Create(draft) => Ok(Wanted::Create { id, new: draft.parse()?, created_at: sent_at }),
            Self::Update(draft) => Ok(Wanted::Update(UpdateDraft { id: id.to_string(), ..draft }.parse()?)),
            Self::Delete { expected_version, faults } => {
                faults.into_result(Some(()))?;
                Ok(Wanted::Delete(DeleteDraft { id: id.to_string(), etag: etag(expected_version) }.parse()?))
            }
            Self::Advance { status, expected_version, mut faults } => {
                let version = Some(expected_version).filter(|&version| version > 0);
                let condition = Condition::version(version.ok_or(OrderError::ConditionMissing)?);
                let wrong = |wrong: crate::UnknownName| Fault::body("/status", wrong.to_string());
                let status = status.and_then(|name| faults.take(name.parse().map_err(wrong)));
                faults.into_result(status.map(|status| Wanted::Advance(OrderAdvance { id, status, condition })))
            }
        }
    }
}

/// The condition on a version as the other drafts take it; 0 is none.
pub(crate) fn etag(version: u64) -> Option<String> {
    (version > 0).then(|| format!("\"{version}\""))
}

#[cfg(test)]
mod tests;
