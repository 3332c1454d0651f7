//! What the store says to SQLite.

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};

use crate::page::PageToken;
use crate::{
    ChangeKind, Condition, Equipment, ListQuery, NewOrder, Order, OrderDeletion, OrderError, OrderId, OrderUpdate,
    Page, Position, Status,
};

/// How many changes are kept for watches that come back.
const KEPT_CHANGES: i64 = 100_000;

/// The columns of an order, in the order in which [`read_order`] takes them.
pub(super) const ORDER: &str = "id, created_by, status, equipment, created_at_ms, version";

/// Why a call has no effect: a rule of orders, or the database.
pub(super) enum Refusal {
    Order(OrderError),
    Sql(rusqlite::Error),
}

impl From<OrderError> for Refusal {
    fn from(error: OrderError) -> Self {
        Self::Order(error)
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Refusal> for OrderError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Order(error) => error,
            Refusal::Sql(error) => {
                tracing::error!(%error, "a call failed in the database");
                unavailable(&error)
            }
        }
    }
}

/// An order, and who holds it.
pub(super) struct Stored {
    pub(super) order: Order,
    pub(super) lease_owner: Option<String>,
}

pub(super) fn execute(conn: &Connection, statement: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(statement)?.execute([]).map(|_| ())
}

/// Runs one call so that its failure undoes it alone, and not its neighbours in the batch.
pub(super) fn in_savepoint<T>(
    conn: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    execute(conn, "SAVEPOINT call")?;
    let done = work(conn);
    if done.is_err() && !conn.is_autocommit() {
        execute(conn, "ROLLBACK TO call")?;
    }
    if !conn.is_autocommit() {
        execute(conn, "RELEASE call")?;
    }
    done
}

pub(super) fn create(conn: &Connection, new: NewOrder) -> Result<Order, Refusal> {
    place(conn, OrderId::new(), new, Timestamp::now())
}

/// Places an order under an id that somebody else chose, which may be taken.
pub(super) fn create_as(conn: &Connection, id: OrderId, new: NewOrder, at: Timestamp) -> Result<Order, Refusal> {
    let taken = "SELECT EXISTS (SELECT 1 FROM orders WHERE id = ?1)
        OR EXISTS (SELECT 1 FROM changes WHERE id = ?1 AND kind = 'deleted')";
    if conn.prepare_cached(taken)?.query_row([id.to_string()], |row| row.get(0))? {
        return Err(OrderError::AlreadyExists { id }.into());
    }
    place(conn, id, new, at)
}

fn place(conn: &Connection, id: OrderId, new: NewOrder, at: Timestamp) -> Result<Order, Refusal> {
    let order = Order {
        id,
        created_by: new.created_by,
        status: Status::Queued,
        equipment: new.equipment,
        created_at: in_milliseconds(at),
        version: 1,
    };
    // The place in the order of creation is the number of the change: unique, and never used again.
    let place = append_change(conn, ChangeKind::Created, &order)?;
    conn.prepare_cached(
        "INSERT INTO orders (place, id, created_by, status, equipment, created_at_ms, version)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        place,
        order.id.to_string(),
        order.created_by,
        order.status.name(),
        join(&order.equipment),
        order.created_at.as_millisecond(),
        order.version as i64,
    ])?;
    Ok(order)
}

pub(super) fn get(conn: &Connection, id: OrderId) -> Result<Stored, Refusal> {
    let mut statement = conn.prepare_cached(
        "SELECT id, created_by, status, equipment, created_at_ms, version, lease_owner FROM orders WHERE id = ?1",
    )?;
    let read = |row: &Row<'_>| Ok(Stored { order: read_order(row)?, lease_owner: row.get(6)? });
    let found = statement.query_row([id.to_string()], read).optional()?;
    found.ok_or(OrderError::NotFound { id }.into())
}

pub(super) fn list(conn: &Connection, query: &ListQuery) -> Result<Page, Refusal> {
    let (epoch, secret): (u32, i64) = conn
        .prepare_cached("SELECT epoch, secret FROM database")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let after = query.token.as_ref().map_or(Ok(0), |token| token.open(query.status, secret))?;
    // Two statements, so that SQLite can use the index when there is a filter.
    let statement = match query.status {
        Some(_) => {
            format!("SELECT {ORDER}, place FROM orders WHERE status = ?3 AND place > ?1 ORDER BY place LIMIT ?2")
        }
        None => format!("SELECT {ORDER}, place FROM orders WHERE ?3 IS NULL AND place > ?1 ORDER BY place LIMIT ?2"),
    };
    let mut statement = conn.prepare_cached(&statement)?;
    // One more than asked for tells whether there is another page.
    let size = query.size as usize;
    let rows = statement.query_map(params![after, query.size + 1, query.status.map(Status::name)], |row| {
        Ok((read_order(row)?, row.get::<_, i64>(6)?))
    })?;
    let mut rows: Vec<(Order, i64)> = rows.collect::<Result<_, _>>()?;
    let is_last = rows.len() <= size;
    rows.truncate(size);
    let last_place = rows.last().map_or(after, |(_, place)| *place);
    Ok(Page {
        next_page_token: (!is_last).then(|| PageToken::issue(last_place, query.status, secret)),
        watch_position: match query.token {
            None => Some(Position { epoch, sequence: newest_change(conn)? }),
            Some(_) => None,
        },
        orders: rows.into_iter().map(|(order, _)| order).collect(),
    })
}

pub(super) fn update(conn: &Connection, update: OrderUpdate) -> Result<Order, Refusal> {
    let mut order = get_version(conn, update.id, &update.condition)?.order;
    if order.status != Status::Queued {
        let rule = "the equipment can change only while it is QUEUED";
        return Err(OrderError::WrongStatus { id: order.id, status: order.status, rule }.into());
    }
    order.equipment = update.equipment;
    change(conn, order, None)
}

pub(super) fn delete(conn: &Connection, deletion: &OrderDeletion) -> Result<(), Refusal> {
    let order = get_version(conn, deletion.id, &deletion.condition)?.order;
    if order.status == Status::Processing {
        let rule = "it can't be deleted while a worker holds it";
        return Err(OrderError::WrongStatus { id: order.id, status: order.status, rule }.into());
    }
    append_change(conn, ChangeKind::Deleted, &order)?;
    conn.prepare_cached("DELETE FROM orders WHERE id = ?1")?.execute([order.id.to_string()])?;
    Ok(())
}

/// The order, if there is one and its version is the one that was expected.
pub(super) fn get_version(conn: &Connection, id: OrderId, condition: &Condition) -> Result<Stored, Refusal> {
    let stored = get(conn, id)?;
    if !condition.holds_for(stored.order.version) {
        let (expected, actual) = (condition.clone(), stored.order.version);
        return Err(OrderError::VersionMismatch { expected, actual }.into());
    }
    Ok(stored)
}

/// Stores an order's new equipment or status as its next version, with who
/// holds it from now on: an owner and when the lease is over, in Unix milliseconds.
pub(super) fn change(conn: &Connection, mut order: Order, lease: Option<(&str, i64)>) -> Result<Order, Refusal> {
    order.version += 1;
    append_change(conn, ChangeKind::Updated, &order)?;
    conn.prepare_cached(
        "UPDATE orders SET status = ?2, equipment = ?3, version = ?4, lease_owner = ?5, lease_until_ms = ?6
         WHERE id = ?1",
    )?
    .execute(params![
        order.id.to_string(),
        order.status.name(),
        join(&order.equipment),
        order.version as i64,
        lease.map(|(owner, _)| owner),
        lease.map(|(_, until)| until),
    ])?;
    Ok(order)
}

/// Appends to the changes; SQLite numbers them without a gap (the newest + 1).
fn append_change(conn: &Connection, kind: ChangeKind, order: &Order) -> rusqlite::Result<i64> {
    conn.prepare_cached(
        "INSERT INTO changes (kind, id, created_by, status, equipment, created_at_ms, version)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .insert(params![
        kind.name(),
        order.id.to_string(),
        order.created_by,
        order.status.name(),
        join(&order.equipment),
        order.created_at.as_millisecond(),
        order.version as i64,
    ])
}

pub(super) fn newest_change(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT coalesce(max(sequence), 0) FROM changes")?.query_row([], |row| row.get(0))
}

pub(super) fn trim_changes(conn: &Connection) -> rusqlite::Result<()> {
    let oldest_kept = newest_change(conn)? - KEPT_CHANGES;
    conn.prepare_cached("DELETE FROM changes WHERE sequence <= ?1")?.execute([oldest_kept]).map(|_| ())
}

/// An order from the columns of [`ORDER`].
pub(super) fn read_order(row: &Row<'_>) -> rusqlite::Result<Order> {
    let equipment = text(row, 3)?.split(',').map(str::parse::<Equipment>).collect::<Result<_, _>>();
    Ok(Order {
        id: text(row, 0)?.parse().map_err(|error| unreadable(0, error))?,
        created_by: row.get(1)?,
        status: text(row, 2)?.parse().map_err(|error| unreadable(2, error))?,
        equipment: equipment.map_err(|error| unreadable(3, error))?,
        created_at: Timestamp::from_millisecond(row.get(4)?).map_err(|error| unreadable(4, error))?,
        version: row.get::<_, i64>(5)? as u64,
    })
}

fn text<'row>(row: &'row Row<'_>, column: usize) -> rusqlite::Result<&'row str> {
    row.get_ref(column)?.as_str().map_err(|error| unreadable(column, error))
}

pub(super) fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

/// `KEYBOARD,WEBCAM`: whoever opens the file with sqlite3 can read it.
fn join(equipment: &[Equipment]) -> String {
    equipment.iter().map(|item| item.name()).collect::<Vec<_>>().join(",")
}

/// Cut to the milliseconds that are stored.
fn in_milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// What a client may know of a failure of the database.
pub(super) fn unavailable(error: &rusqlite::Error) -> OrderError {
    let reason = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "the database is locked",
        Some(ErrorCode::ReadOnly) => "the database can't be written",
        _ => "the database fails",
    };
    OrderError::Unavailable { reason }
}
