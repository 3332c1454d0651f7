//! The store: orders in SQLite, on threads of its own.
//!
//! What was acknowledged is on disk: no reply leaves before its commit, and a
//! commit waits for the disk (`synchronous=FULL`). It is fast all the same,
//! because one transaction takes everything that waits (group commit): while
//! the disk works for one batch, the next one gathers. A lone change never
//! waits for company.
//!
//! Two threads, each with a connection: the writer commits, the reader answers
//! from the last commit and so never waits for the disk. `:memory:` can't be
//! shared by two connections; there one thread does both with the same code.
//!
//! Plain Rust without a runtime: each call returns a [`Reply`], which any
//! executor can await. A call whose reply was dropped before its turn is not
//! carried out: nobody would learn of it.

mod apply;
mod lease;
mod look;
mod open;
mod sql;
mod unusable;
mod watch;
mod worker;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::pin::Pin;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use futures_channel::oneshot;
use rusqlite::Connection;

pub use self::apply::Effect;
pub use self::lease::{Lease, Outcome};
pub use self::unusable::OpenError;
pub use self::watch::Watch;

use self::sql::Refusal;
use self::watch::Waiter;
use self::worker::{Command, Job};
use crate::{
    ListQuery, NewOrder, Order, OrderDeletion, OrderError, OrderId, OrderRequest, OrderUpdate, Page, WatchFrom,
};

/// A handle on the store; clones share it.
#[derive(Clone)]
pub struct Store {
    writer: SyncSender<Job>,
    reader: SyncSender<Job>,
    shared: Arc<Shared>,
}

/// What the handles and the threads share beside the queues: lists that must
/// take an entry even when a queue is full. Each holds at most one entry for
/// each open stream.
#[derive(Default)]
struct Shared {
    waiting: Mutex<Vec<Waiter>>,
    /// Owners of leases whose streams have ended.
    given_up: Mutex<Vec<String>>,
    /// The reader first, if there is one.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Opens the database file, or makes it; waits at most 5 s for its lock.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (writer, reader, identity) = open::file(path)?;
        Ok(worker::start(writer, Some((reader, identity))))
    }

    /// Whether the file that is there can be opened, as far as its content and the system tell.
    /// It stays as it is, to the byte. Locks are not looked at.
    pub fn look(path: &Path) -> Result<(), OpenError> {
        look::look(path)
    }

    /// A database that ends with the process.
    pub fn in_memory() -> Result<Self, OpenError> {
        Ok(worker::start(open::in_memory()?, None))
    }

    /// Places an order; the store gives id, time, status QUEUED and version 1.
    pub fn create(&self, new: NewOrder) -> Reply<Order> {
        self.write(move |conn| sql::create(conn, new))
    }

    /// Places orders in one transaction: all of them, or none when it fails.
    pub fn create_all(&self, new: Vec<NewOrder>) -> Reply<Vec<Order>> {
        self.write(move |conn| new.into_iter().map(|order| sql::create(conn, order)).collect())
    }

    /// Reads one order.
    pub fn get(&self, id: OrderId) -> Reply<Order> {
        self.read(move |conn| Ok(sql::get(conn, id)?.order))
    }

    /// Reads a page of orders.
    pub fn list(&self, query: ListQuery) -> Reply<Page> {
        self.read(move |conn| sql::list(conn, &query))
    }

    /// Replaces the equipment of a QUEUED order whose version meets the condition.
    pub fn update(&self, update: OrderUpdate) -> Reply<Order> {
        self.write(move |conn| sql::update(conn, update))
    }

    /// Removes an order that is not PROCESSING.
    pub fn delete(&self, deletion: OrderDeletion) -> Reply<()> {
        self.write(move |conn| sql::delete(conn, &deletion))
    }

    /// Applies requests in their order and in one transaction, each once: a
    /// repeat of one that took effect has none. A request that is refused leaves
    /// the others alone; when the call fails (`Unavailable`), none has any effect.
    pub fn apply(&self, requests: Vec<OrderRequest>) -> Reply<Vec<Result<Effect, OrderError>>> {
        self.write(move |conn| apply::all(conn, requests))
    }

    /// Starts a watch, and says at which position.
    pub async fn watch(&self, from: WatchFrom) -> Result<Watch, OrderError> {
        let position = self.read(move |conn| watch::start(conn, from)).await?;
        Ok(Watch::new(self.clone(), position))
    }

    /// A worker's hold on the orders that it is handed; see [`Lease`].
    pub fn lease(&self) -> Lease {
        Lease::new(self.clone())
    }

    /// Carries out what is queued, gives leases back and closes the file.
    /// Calls made later answer `Unavailable`. Blocks; at most as long as a
    /// batch waits for the file's lock.
    pub fn close(&self) {
        // The writer last: the last connection that closes tidies up the WAL.
        let mut threads = std::mem::take(&mut *lock(&self.shared.threads)).into_iter();
        for queue in [&self.reader, &self.writer] {
            // A queue that is closed already has nothing left to do.
            let _ = queue.send(Job::Stop);
            if let Some(thread) = threads.next() {
                let _ = thread.join();
            }
        }
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Refusal> + Send + 'static,
    ) -> Reply<T> {
        Self::submit(&self.writer, work)
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Refusal> + Send + 'static,
    ) -> Reply<T> {
        Self::submit(&self.reader, work)
    }

    fn submit<T: Send + 'static>(
        queue: &SyncSender<Job>,
        work: impl FnOnce(&Connection) -> Result<T, Refusal> + Send + 'static,
    ) -> Reply<T> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Call(Box::new(Command::new(work, reply)));
        Reply(match queue.try_send(job) {
            Ok(()) => Answer::Pending(answer),
            Err(TrySendError::Full(_)) => Answer::Refused("too many requests are waiting"),
            Err(TrySendError::Disconnected(_)) => Answer::Refused(STOPPED),
        })
    }

    /// Wakes the thread that serves watches; false when it has stopped. If its queue is full it is awake.
    fn wake_reader(&self) -> bool {
        !matches!(self.reader.try_send(Job::Wake), Err(TrySendError::Disconnected(_)))
    }

    fn wake_writer(&self) {
        let _ = self.writer.try_send(Job::Wake);
    }
}

const STOPPED: &str = "it has stopped";

/// The store's answer to one call, after the commit.
#[must_use = "a call whose reply is dropped may not be carried out"]
pub struct Reply<T>(Answer<T>);

enum Answer<T> {
    Pending(oneshot::Receiver<Result<T, Refusal>>),
    Refused(&'static str),
}

impl<T> Future for Reply<T> {
    type Output = Result<T, OrderError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Answer::Refused(reason) => Poll::Ready(Err(OrderError::Unavailable { reason })),
            // A failure of the database is logged where it becomes an `OrderError`:
            // here, so that the line is the caller's and carries its trace id.
            Answer::Pending(answer) => Pin::new(answer).poll(context).map(|answer| match answer {
                Ok(answer) => answer.map_err(OrderError::from),
                Err(_) => Err(OrderError::Unavailable { reason: STOPPED }),
            }),
        }
    }
}

/// The lists hold plain values, which a panic elsewhere can't leave half-changed.
fn lock<T>(list: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
