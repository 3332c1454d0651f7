//! What an order is, its JSON form, and the store that keeps it. No transport.
//!
//! Read in this order: [`Order`] and its parts; the drafts ([`OrderDraft`],
//! [`UpdateDraft`], …), which turn what came in over a wire into values that
//! can't be wrong, or into every fault at once; [`OrderError`], which each lab
//! maps to its own words; [`Store`], one thread that commits many changes with
//! one fsync.

mod change;
mod condition;
mod draft;
mod error;
mod fault;
mod order;
mod page;
mod request;
mod store;

pub use change::{Change, ChangeKind, Position, WatchFrom};
pub use condition::Condition;
pub use draft::{DeleteDraft, NewOrder, OrderDeletion, OrderDraft, OrderResult, OrderUpdate, ResultDraft, UpdateDraft};
pub use error::OrderError;
pub use fault::{Fault, Faults, Place};
pub use order::{Equipment, Order, OrderId, Status, UnknownName};
pub use page::{ListDraft, ListQuery, Page};
pub use request::{EventId, OrderAdvance, OrderRequest, RequestDraft, RequestKind, Wanted};
pub use store::{Effect, Lease, OpenError, Outcome, Reply, Store, Watch};
