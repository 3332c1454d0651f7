//! Watches: every change once, in order, from a position on.
//!
//! A watch is a position and nothing else. It asks for what comes after it,
//! and the store answers when there is something. So a slow reader costs no
//! memory: it asks later, and reads from the table what it missed.

use std::collections::HashMap;
use std::sync::Arc;

use futures_channel::oneshot;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use rusqlite::{Connection, Row};

use super::sql::{self, ORDER, Refusal};
use super::{Answer, Reply, STOPPED, Store, lock};
use crate::change::not_a_position;
use crate::{Change, ChangeKind, OrderError, Position, WatchFrom};

/// Watches that are at the same place share the answer.
type Changes = Arc<[Change]>;

/// A reader of changes; see [`Store::watch`].
pub struct Watch {
    store: Store,
    position: Position,
}

impl Watch {
    /// Changes in one answer. When there are so many, there may be more.
    pub const MOST_AT_ONCE: usize = 100;

    pub(super) fn new(store: Store, position: Position) -> Self {
        Self { store, position }
    }

    /// Where it is: the next change is the one after this position.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Waits until there are changes after the position, and moves it past
    /// them. `PositionGone` when they were trimmed meanwhile.
    pub async fn next(&mut self) -> Result<Changes, OrderError> {
        let (reply, answer) = oneshot::channel();
        lock(&self.store.shared.waiting).push(Waiter { after: self.position, reply });
        if !self.store.wake_reader() {
            return Err(OrderError::Unavailable { reason: STOPPED });
        }
        let changes = Reply(Answer::Pending(answer)).await?;
        if let Some(last) = changes.last() {
            self.position = last.position;
        }
        Ok(changes)
    }

    /// The changes one by one. It ends with the first error.
    pub fn changes(self) -> impl Stream<Item = Result<Change, OrderError>> + Send {
        let batches = stream::try_unfold(self, |mut watch| async move {
            let changes = watch.next().await?;
            let each = stream::iter((0..changes.len()).map(move |at| Ok(changes[at].clone())));
            Ok::<_, OrderError>(Some((each, watch)))
        });
        batches.try_flatten().boxed()
    }
}

/// A watch that waits for what comes after a position.
pub(super) struct Waiter {
    after: Position,
    reply: oneshot::Sender<Result<Changes, Refusal>>,
}

/// The position at which a watch starts, if the database can serve it.
pub(super) fn start(conn: &Connection, from: WatchFrom) -> Result<Position, Refusal> {
    let epoch = conn.prepare_cached("SELECT epoch FROM database")?.query_row([], |row| row.get(0))?;
    let (oldest, newest) = (oldest_change(conn)?, sql::newest_change(conn)?);
    match from {
        WatchFrom::Now => Ok(Position { epoch, sequence: newest }),
        WatchFrom::Oldest => Ok(Position { epoch, sequence: oldest - 1 }),
        WatchFrom::After(position) if position.epoch != epoch => Err(OrderError::PositionGone.into()),
        WatchFrom::After(Position { sequence, .. }) if !(0..=newest).contains(&sequence) => {
            Err(OrderError::from(not_a_position()).into())
        }
        WatchFrom::After(position) if position.sequence < oldest - 1 => Err(OrderError::PositionGone.into()),
        WatchFrom::After(position) => Ok(position),
    }
}

/// Answers those for whom there is something; `still` gets the others.
pub(super) fn serve(conn: &Connection, waiting: Vec<Waiter>, still: &mut Vec<Waiter>) -> rusqlite::Result<()> {
    let (oldest, newest) = (oldest_change(conn)?, sql::newest_change(conn)?);
    let mut read: HashMap<i64, Changes> = HashMap::new();
    for waiter in waiting.into_iter().filter(|waiter| !waiter.reply.is_canceled()) {
        let after = waiter.after.sequence;
        if after >= newest {
            still.push(waiter);
        } else if after < oldest - 1 {
            let _ = waiter.reply.send(Err(OrderError::PositionGone.into()));
        } else {
            let changes = match read.get(&after) {
                Some(changes) => Arc::clone(changes),
                None => read_changes(conn, waiter.after)?,
            };
            read.insert(after, Arc::clone(&changes));
            // Dropped in this moment: then nobody wants to know.
            let _ = waiter.reply.send(Ok(changes));
        }
    }
    Ok(())
}

/// The number of the oldest change that is kept; 1 while there is none.
fn oldest_change(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT coalesce(min(sequence), 1) FROM changes")?.query_row([], |row| row.get(0))
}

fn read_changes(conn: &Connection, after: Position) -> rusqlite::Result<Changes> {
    let statement =
        format!("SELECT {ORDER}, kind, sequence FROM changes WHERE sequence > ?1 ORDER BY sequence LIMIT ?2");
    let read = |row: &Row<'_>| {
        let position = Position { epoch: after.epoch, sequence: row.get(7)? };
        Ok(Change { position, kind: read_kind(row)?, order: sql::read_order(row)? })
    };
    let mut statement = conn.prepare_cached(&statement)?;
    statement.query_map([after.sequence, Watch::MOST_AT_ONCE as i64], read)?.collect()
}

fn read_kind(row: &Row<'_>) -> rusqlite::Result<ChangeKind> {
    let name: String = row.get(6)?;
    let known = ChangeKind::ALL.into_iter().find(|kind| kind.name() == name);
    known.ok_or_else(|| sql::unreadable(6, crate::UnknownName("a kind of change")))
}
