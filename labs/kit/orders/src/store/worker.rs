//! A thread that owns a connection: takes what waits, runs it in one
//! transaction, and replies after the commit.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use rusqlite::Connection;
use tracing::{error, info};

use super::open::Identity;
use super::sql::{self, Refusal};
use super::{Shared, Store, lease, lock, watch};
use crate::OrderError;

/// Calls that may wait; one more is refused.
const QUEUE: usize = 1_024;
/// Calls in one transaction.
const BATCH: usize = 256;
/// How often somebody looks for leases that have ended.
const LEASE_CHECK: Duration = Duration::from_millis(250);
/// How often somebody looks for changes by other processes, while there are watches.
const WATCH_POLL: Duration = Duration::from_millis(20);

pub(super) enum Job {
    Call(Box<dyn Call>),
    /// Look at the shared lists.
    Wake,
    Stop,
}

/// One call on its way through a batch.
pub(super) trait Call: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// `guarded`: what it writes can be undone without the rest of the batch.
    fn run(&mut self, conn: &Connection, guarded: bool);
    fn reply(self: Box<Self>, committed: Result<(), OrderError>);
}

pub(super) struct Command<T, F> {
    work: Option<F>,
    answer: Result<T, Refusal>,
    reply: oneshot::Sender<Result<T, Refusal>>,
}

impl<T, F> Command<T, F> {
    pub(super) fn new(work: F, reply: oneshot::Sender<Result<T, Refusal>>) -> Self {
        let answer = Err(OrderError::Unavailable { reason: "it was not reached" }.into());
        Self { work: Some(work), answer, reply }
    }
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T, Refusal> + Send> Call for Command<T, F> {
    fn is_abandoned(&self) -> bool {
        self.reply.is_canceled()
    }

    fn run(&mut self, conn: &Connection, guarded: bool) {
        // Looked at again here: the wait for another program's lock may have been long.
        let Some(work) = self.work.take().filter(|_| !self.is_abandoned()) else { return };
        self.answer = if guarded { sql::in_savepoint(conn, work) } else { work(conn) };
    }

    fn reply(self: Box<Self>, committed: Result<(), OrderError>) {
        // The receiver may be gone; then nobody wants to know.
        let _ = self.reply.send(committed.map_err(Refusal::from).and(self.answer));
    }
}

/// Starts the writer, and for a file the reader.
pub(super) fn start(conn: Connection, file: Option<(Connection, Identity)>) -> Store {
    let shared = Arc::new(Shared::default());
    let (write_jobs, to_writer) = sync_channel(QUEUE);
    let mut store = Store { writer: write_jobs.clone(), reader: write_jobs, shared: Arc::clone(&shared) };
    let mut writer = Worker::new(conn, to_writer, &shared, Duties { writes: true, watches: file.is_none() });
    if let Some((conn, identity)) = file {
        let (read_jobs, to_reader) = sync_channel(QUEUE);
        store.reader = read_jobs.clone();
        writer.reader = Some(read_jobs);
        writer.identity = Some(identity);
        Worker::new(conn, to_reader, &shared, Duties { writes: false, watches: true }).spawn("orders-reader");
    }
    writer.spawn("orders-writer");
    store
}

#[derive(Clone, Copy)]
struct Duties {
    writes: bool,
    watches: bool,
}

struct Worker {
    conn: Connection,
    jobs: Receiver<Job>,
    shared: Arc<Shared>,
    duties: Duties,
    /// The reader's queue, if there is one: watches are served there.
    reader: Option<SyncSender<Job>>,
    /// The file that the writer was opened on.
    identity: Option<Identity>,
    leases_checked: Instant,
    watches_looked: Instant,
    failing: bool,
}

impl Worker {
    fn new(conn: Connection, jobs: Receiver<Job>, shared: &Arc<Shared>, duties: Duties) -> Self {
        let (leases_checked, watches_looked) = (Instant::now(), Instant::now());
        let shared = Arc::clone(shared);
        let (reader, identity, failing) = (None, None, false);
        Self { conn, jobs, shared, duties, reader, identity, leases_checked, watches_looked, failing }
    }

    fn spawn(self, name: &str) {
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || self.run());
        let thread = thread.expect("the operating system gives a thread at the start of the program");
        lock(&shared.threads).push(thread);
    }

    fn run(mut self) {
        loop {
            let (calls, woken, stop) = self.gather();
            if !calls.is_empty() {
                self.run_batch(calls);
            }
            if self.duties.writes {
                self.end_leases(stop);
            }
            if self.duties.watches {
                self.serve_watches(woken);
            }
            if stop {
                break;
            }
        }
        // In this order: a watch that comes now finds the queue closed, and one
        // that came before is in the list.
        drop(self.jobs);
        if self.duties.watches {
            lock(&self.shared.waiting).clear();
        }
    }

    /// Waits for a job, then takes what else is there, and waits for nothing more.
    fn gather(&mut self) -> (Vec<Box<dyn Call>>, bool, bool) {
        let (mut calls, mut woken) = (Vec::new(), false);
        let mut next = self.jobs.recv_timeout(self.patience());
        while calls.len() < BATCH {
            match next {
                Ok(Job::Call(call)) if call.is_abandoned() => {}
                Ok(Job::Call(call)) => calls.push(call),
                Ok(Job::Wake) => woken = true,
                Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => return (calls, woken, true),
                Err(RecvTimeoutError::Timeout) => break,
            }
            next = self.jobs.try_recv().map_err(|_| RecvTimeoutError::Timeout);
        }
        (calls, woken, false)
    }

    fn patience(&self) -> Duration {
        if self.duties.watches && !lock(&self.shared.waiting).is_empty() {
            WATCH_POLL
        } else if self.duties.writes {
            LEASE_CHECK
        } else {
            Duration::from_secs(3_600)
        }
    }

    fn run_batch(&mut self, mut calls: Vec<Box<dyn Call>>) {
        let guarded = self.duties.writes;
        let committed = self.transaction(|conn| {
            calls.iter_mut().for_each(|call| call.run(conn, guarded));
            Ok(())
        });
        for call in calls {
            call.reply(committed.clone());
        }
    }

    /// Leases end when their time is over or their stream is gone.
    fn end_leases(&mut self, stop: bool) {
        let given_up = std::mem::take(&mut *lock(&self.shared.given_up));
        if given_up.is_empty() && self.leases_checked.elapsed() < LEASE_CHECK || stop && given_up.is_empty() {
            return;
        }
        self.leases_checked = Instant::now();
        // A look first: a transaction that writes would keep other processes from theirs.
        if !lease::any_over(&self.conn, &given_up).unwrap_or(true) {
            return;
        }
        if self.transaction(|conn| lease::end(conn, &given_up)).is_err() {
            lock(&self.shared.given_up).extend(given_up);
        }
    }

    fn serve_watches(&mut self, woken: bool) {
        if !woken && self.watches_looked.elapsed() < WATCH_POLL {
            return;
        }
        self.watches_looked = Instant::now();
        let waiting = std::mem::take(&mut *lock(&self.shared.waiting));
        if waiting.is_empty() {
            return;
        }
        let mut still = Vec::new();
        // What could not be read stays in `still`, and is tried again at the next poll.
        let _ = self.transaction(|conn| watch::serve(conn, waiting, &mut still));
        lock(&self.shared.waiting).extend(still);
    }

    /// Runs `work` in one transaction. After an error nothing of it is in the database.
    fn transaction<T>(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, OrderError> {
        if self.identity.as_ref().is_some_and(|file| !file.is_in_place()) {
            if !std::mem::replace(&mut self.failing, true) {
                error!("the database file is gone; changes are refused until this program is started again");
            }
            return Err(OrderError::Unavailable { reason: "its database file is gone" });
        }
        // IMMEDIATE: a transaction that begins by reading and then writes could
        // find that another process wrote in between (SQLITE_BUSY_SNAPSHOT).
        let begin = if self.duties.writes { "BEGIN IMMEDIATE" } else { "BEGIN" };
        let before = self.conn.total_changes();
        let done = sql::execute(&self.conn, begin).and_then(|()| {
            let value = work(&self.conn)?;
            if self.duties.writes && self.conn.total_changes() != before {
                sql::trim_changes(&self.conn)?;
            }
            sql::execute(&self.conn, "COMMIT")?;
            Ok(value)
        });
        if !self.conn.is_autocommit() {
            // Without this the next BEGIN would fail. Its own failure shows there.
            let _ = sql::execute(&self.conn, "ROLLBACK");
        }
        self.note_health(done.as_ref().err());
        if self.conn.total_changes() != before {
            self.changed();
        }
        done.map_err(|error| sql::unavailable(&error))
    }

    fn changed(&mut self) {
        match &self.reader {
            Some(reader) if !lock(&self.shared.waiting).is_empty() => {
                // A full queue: the reader is awake, and looks after its batch.
                let _ = reader.try_send(Job::Wake);
            }
            Some(_) => {}
            // This thread serves the watches itself, next.
            None => self.watches_looked -= WATCH_POLL,
        }
    }

    /// One log line when the database starts to fail, one when it works again.
    fn note_health(&mut self, failure: Option<&rusqlite::Error>) {
        match failure {
            Some(error) if !self.failing => error!(%error, "the database fails; requests are refused until it works"),
            None if self.failing => info!("the database works again"),
            _ => {}
        }
        self.failing = failure.is_some();
        if failure.is_some_and(sql::is_full) {
            // What the log of changes (WAL) holds may fit into the file proper, and
            // then its room is free again. PASSIVE waits for nobody.
            let _ = self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
    }
}
