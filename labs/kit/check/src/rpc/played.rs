//! A service that the graded program calls, played by the checker: it records each call,
//! answers when and what a check wants, and sees when the caller gives up.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::received::Received;
use super::reply::Reply;
use super::serve::accept;
use super::status::Code;
use crate::verdict::{Event, Who};

/// Calls that are kept. A caller that goes on for ever is told apart from one that doesn't.
const KEPT: usize = 1_000;

/// What a call gets; the number of those before it is given as well.
type Plan = dyn Fn(&Received, usize) -> Reply + Send + Sync;

/// A service under way. Each clone is the same; with the last one every connection is closed.
#[derive(Clone)]
pub(crate) struct Service {
    log: Arc<Log>,
    _tasks: Arc<JoinSet<()>>,
}

pub(super) struct Log {
    plan: Mutex<Arc<Plan>>,
    calls: Mutex<Calls>,
    /// How many came in all.
    count: watch::Sender<usize>,
    /// Changes with each that is given up.
    given_up: watch::Sender<usize>,
}

#[derive(Default)]
struct Calls {
    /// By their numbers, from the first.
    kept: Vec<Received>,
    /// Those that came before the present plan.
    earlier: usize,
}

impl Service {
    /// Listens there. Until a plan is made, each call gets UNIMPLEMENTED.
    pub(crate) async fn start_at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let nothing_planned: Arc<Plan> = Arc::new(|_: &Received, _| unimplemented());
        let log = Arc::new(Log {
            plan: Mutex::new(nothing_planned),
            calls: Mutex::default(),
            count: watch::Sender::new(0),
            given_up: watch::Sender::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&log)));
        Ok(Self { log, _tasks: Arc::new(tasks) })
    }

    /// What it answers from now on; the number of the calls since now is given as well.
    pub(crate) fn answers(&self, plan: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static) {
        *self.log.plan.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
        let mut calls = self.log.calls();
        calls.earlier = calls.kept.len();
    }

    /// What came since then.
    pub(crate) fn received(&self) -> Vec<Received> {
        let calls = self.log.calls();
        calls.kept[calls.earlier..].to_vec()
    }

    /// Returns when so many have come since then. The caller sets the time for that.
    pub(crate) async fn wait_for(&self, count: usize) {
        let due = self.log.calls().earlier + count;
        // The sender lives as long as this does.
        let _ = self.log.count.subscribe().wait_for(|&came| came >= due).await;
    }

    /// Returns when so many of those have been given up. The caller sets the time for that.
    pub(crate) async fn wait_for_given_up(&self, count: usize) {
        let mut given_up = self.log.given_up.subscribe();
        let holds = |_: &usize| self.received().iter().filter(|call| call.given_up.is_some()).count() >= count;
        let _ = given_up.wait_for(holds).await;
    }

    /// What came, was answered and was given up when, since then; the time begins at `begin`.
    pub(crate) fn ladder(&self, begin: Instant) -> Vec<Event> {
        let calls = self.received();
        let event = |at: Instant, who, what: String| {
            let at_ms = at.saturating_duration_since(begin).as_millis() as u64;
            Event { at_ms, who, what }
        };
        let first_line = |text: &str| text.lines().next().unwrap_or_default().to_owned();
        let mut events = Vec::new();
        for call in &calls {
            let timeout = call.timeout().map(|timeout| format!(" with {} ms left", timeout.as_millis()));
            let what = format!("{}{}", call.method, timeout.unwrap_or_default());
            events.push(event(call.at, Who::You, what));
            events.extend(call.replied.map(|at| event(at, Who::Checker, first_line(&call.reply))));
            events.extend(call.given_up.map(|at| event(at, Who::You, "(gave it up)".to_owned())));
        }
        events.sort_by_key(|event| event.at_ms);
        events
    }
}

impl Log {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Chooses what it gets while no other can come in between; and its number.
    pub(super) fn note(&self, mut received: Received, known: bool) -> (usize, Reply) {
        let plan = Arc::clone(&self.plan.lock().unwrap_or_else(PoisonError::into_inner));
        let mut calls = self.calls();
        let number = *self.count.borrow();
        let reply = if known { plan(&received, number.saturating_sub(calls.earlier)) } else { unimplemented() };
        received.reply = reply.to_string();
        if calls.kept.len() < KEPT {
            calls.kept.push(received);
        }
        self.count.send_replace(number + 1);
        (number, reply)
    }

    pub(super) fn is_replied(&self, number: usize) {
        if let Some(call) = self.calls().kept.get_mut(number) {
            call.replied = Some(Instant::now());
        }
    }

    pub(super) fn is_given_up(&self, number: usize) {
        if let Some(call) = self.calls().kept.get_mut(number) {
            call.given_up = Some(Instant::now());
        }
        self.given_up.send_modify(|count| *count += 1);
    }
}

fn unimplemented() -> Reply {
    Reply::status(Code::UNIMPLEMENTED, "there is no such method here")
}
