//! Requests by a queue, which may bring each more than once.
//!
//! Whoever reads a queue commits its place after the effect, so that a crash in
//! between brings the request again. What makes that harmless is here: the
//! event's name is stored in the transaction of its effect. Both are there, or
//! neither is.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::lease::LEASE_MS;
use super::sql::{self, Refusal};
use crate::{EventId, Order, OrderAdvance, OrderError, OrderRequest, Status, Wanted};

/// A day longer than the queue keeps a request (7 days), so that none comes back
/// after its name is forgotten.
const KEPT_EVENTS_MS: i64 = 8 * 24 * 60 * 60 * 1000;

/// Holds the orders that a request has set to PROCESSING. One name for all who
/// ask by the queue: a request doesn't say which worker sends it.
const BY_REQUEST: &str = "by request";

/// What an accepted request did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It took effect now.
    Applied,
    /// It had taken effect before, and did nothing.
    Repeated,
}

pub(super) fn all(conn: &Connection, requests: Vec<OrderRequest>) -> Result<Vec<Result<Effect, OrderError>>, Refusal> {
    let now = Timestamp::now().as_millisecond();
    conn.prepare_cached("DELETE FROM events WHERE applied_at_ms < ?1")?.execute([now - KEPT_EVENTS_MS])?;
    let verdict = |request| match sql::in_savepoint(conn, |conn| once(conn, request, now)) {
        Ok(effect) => Ok(Ok(effect)),
        Err(Refusal::Order(refused)) => Ok(Err(refused)),
        Err(failed @ Refusal::Sql(_)) => Err(failed),
    };
    requests.into_iter().map(verdict).collect()
}

/// A refused request is not noted: once its cause is mended, it may be sent again.
fn once(conn: &Connection, request: OrderRequest, now: i64) -> Result<Effect, Refusal> {
    let EventId { source, id } = request.event;
    let mut note =
        conn.prepare_cached("INSERT OR IGNORE INTO events (source, id, applied_at_ms) VALUES (?1, ?2, ?3)")?;
    if note.execute(params![source, id, now])? == 0 {
        return Ok(Effect::Repeated);
    }
    match request.wanted {
        Wanted::Create { id, new, created_at } => drop(sql::create_as(conn, id, new, created_at)?),
        Wanted::Update(update) => drop(sql::update(conn, update)?),
        Wanted::Delete(deletion) => sql::delete(conn, &deletion)?,
        Wanted::Advance(advance) => drop(advance_order(conn, &advance, now)?),
    }
    Ok(Effect::Applied)
}

fn advance_order(conn: &Connection, advance: &OrderAdvance, now: i64) -> Result<Order, Refusal> {
    let stored = sql::get_version(conn, advance.id, &advance.condition)?;
    let (from, to) = (stored.order.status, advance.status);
    let refused = |rule| OrderError::WrongStatus { id: advance.id, status: from, rule }.into();
    let order = Order { status: to, ..stored.order };
    match (from, to) {
        (Status::Queued, Status::Processing) => sql::change(conn, order, Some((BY_REQUEST, now + LEASE_MS))),
        (Status::Processing, Status::Completed | Status::Failed | Status::Queued) => {
            if stored.lease_owner.as_deref() != Some(BY_REQUEST) {
                return Err(refused("it is leased to a worker that doesn't ask by requests"));
            }
            sql::change(conn, order, None)
        }
        _ => Err(refused("it goes from QUEUED to PROCESSING, and from there to COMPLETED, FAILED or QUEUED")),
    }
}
