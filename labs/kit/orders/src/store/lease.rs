//! Leases: orders in the hands of a worker.
//!
//! A lease lasts 30 s and is kept in the database, so it ends even if the
//! server that gave it does not come back. While the server lives, a lease
//! ends as soon as its [`Lease`] is dropped, which is when its stream ends.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::sql::{self, ORDER, Refusal};
use super::{Reply, Store, lock};
use crate::{Order, OrderError, OrderResult, Status};

/// How long a worker may hold an order without an answer.
pub(super) const LEASE_MS: i64 = 30_000;
/// Orders handed out in one go; who is ready for more gets them in turns.
const MOST_AT_ONCE: u32 = 100;

/// What became of an order in a worker's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The order is COMPLETED.
    Succeeded,
    /// The order is FAILED.
    Failed,
}

/// A worker's hold on the orders that it was handed. Dropping it returns those
/// without a result to QUEUED.
pub struct Lease {
    store: Store,
    owner: String,
}

impl Lease {
    pub(super) fn new(store: Store) -> Self {
        Self { store, owner: Uuid::new_v4().to_string() }
    }

    /// Takes up to `count` queued orders, the oldest first; 100 at most in one
    /// call. They come as PROCESSING, with a version of their own.
    pub fn take(&self, count: u32) -> Reply<Vec<Order>> {
        let owner = self.owner.clone();
        self.store.write(move |conn| take(conn, &owner, count.min(MOST_AT_ONCE)))
    }

    /// Says what became of an order. `WrongStatus` if this worker doesn't hold it.
    pub fn finish(&self, result: OrderResult) -> Reply<Order> {
        let owner = self.owner.clone();
        self.store.write(move |conn| finish(conn, &owner, &result))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A list and not the queue: the queue may be full, and drop can't wait.
        lock(&self.store.shared.given_up).push(std::mem::take(&mut self.owner));
        self.store.wake_writer();
    }
}

fn take(conn: &Connection, owner: &str, count: u32) -> Result<Vec<Order>, Refusal> {
    let queued = format!("SELECT {ORDER} FROM orders WHERE status = 'QUEUED' ORDER BY place LIMIT ?1");
    let queued: Vec<Order> =
        conn.prepare_cached(&queued)?.query_map([count], sql::read_order)?.collect::<Result<_, _>>()?;
    let until = Timestamp::now().as_millisecond() + LEASE_MS;
    let lend = |order| sql::change(conn, Order { status: Status::Processing, ..order }, Some((owner, until)));
    queued.into_iter().map(lend).collect()
}

fn finish(conn: &Connection, owner: &str, result: &OrderResult) -> Result<Order, Refusal> {
    let stored = sql::get_version(conn, result.id, &result.condition)?;
    if stored.lease_owner.as_deref() != Some(owner) {
        let (id, status, rule) = (result.id, stored.order.status, "it is not leased to this worker");
        return Err(OrderError::WrongStatus { id, status, rule }.into());
    }
    let status = match result.outcome {
        Outcome::Succeeded => Status::Completed,
        Outcome::Failed => Status::Failed,
    };
    sql::change(conn, Order { status, ..stored.order }, None)
}

/// A lease is over when its time has come or its owner has given up. One that
/// would last longer than a lease can is over too: the clock was set back.
const OVER: &str = "lease_owner IS NOT NULL
    AND (lease_until_ms <= ?1 OR lease_until_ms > ?1 + ?2 OR lease_owner = ?3)";

pub(super) fn any_over(conn: &Connection, given_up: &[String]) -> rusqlite::Result<bool> {
    let mut statement = conn.prepare_cached(&format!("SELECT EXISTS (SELECT 1 FROM orders WHERE {OVER})"))?;
    let now = Timestamp::now().as_millisecond();
    for owner in owners(given_up) {
        if statement.query_row(params![now, LEASE_MS, owner], |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the orders of leases that are over to QUEUED.
pub(super) fn end(conn: &Connection, given_up: &[String]) -> rusqlite::Result<()> {
    let now = Timestamp::now().as_millisecond();
    for owner in owners(given_up) {
        let mut over = conn.prepare_cached(&format!("SELECT {ORDER} FROM orders WHERE {OVER} ORDER BY place"))?;
        let over: Vec<Order> =
            over.query_map(params![now, LEASE_MS, owner], sql::read_order)?.collect::<Result<_, _>>()?;
        for order in over {
            match sql::change(conn, Order { status: Status::Queued, ..order }, None) {
                Err(Refusal::Sql(error)) => return Err(error),
                // `change` follows no rule of orders that could refuse it.
                Ok(_) | Err(Refusal::Order(_)) => {}
            }
        }
    }
    Ok(())
}

/// Each owner that gave up, and nobody: time passes for all.
fn owners(given_up: &[String]) -> impl Iterator<Item = Option<&str>> {
    given_up.iter().map(|owner| Some(owner.as_str())).chain([None])
}
