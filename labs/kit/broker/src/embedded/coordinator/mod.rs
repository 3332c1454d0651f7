//! The coordinator of groups of the classic protocol, as Apache Kafka has it.
//!
//! The mock has one too, but that makes everybody wait for almost a session in each rebalance:
//! 44 s by default. This one goes on as soon as every member has joined again. So JoinGroup,
//! SyncGroup, Heartbeat and LeaveGroup are answered here. The mock never hears of these groups;
//! it keeps their offsets, once it has been looked here who may commit them. Groups of the
//! consumer protocol (KIP-848) are the mock's.
//!
//! Reading order: [`Coordinator`]; `groups`; `group`, the states; `join`; `member`; `requests` and `answers`,
//! the wire. None of them knows the time: it is passed in.

mod answers;
mod group;
mod groups;
mod join;
mod member;
mod requests;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::sleep;

use answers::{Error, Joined};
use groups::Groups;
use requests::Request;

const TICK: Duration = Duration::from_millis(50);
/// So long the first to come waits for others, as with Apache (`group.initial.rebalance.delay.ms` of
/// docker-compose.yml). Clients have heard of their topic by then: some join before, and share nothing out.
const FIRST: Duration = Duration::from_millis(300);

/// What comes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// This, and the mock doesn't hear of it.
    Here(Vec<u8>),
    /// What the mock says to it.
    Mock,
    /// It can't be read; Apache hangs up, too.
    None,
}

#[derive(Debug, Default)]
pub(super) struct Coordinator {
    groups: Mutex<Groups>,
    away: AtomicBool,
}

impl Coordinator {
    /// Answers a request (without its length) when its time has come.
    pub(super) async fn answer(&self, request: &[u8]) -> Answer {
        let Some((head, request)) = requests::read(request) else { return Answer::None };
        let now = Instant::now();
        match request {
            Request::Join(join) => {
                if self.groups().begins_with(&join) {
                    sleep(FIRST).await;
                }
                let now = Instant::now();
                let member = join.who.member.clone();
                let (reply, joined) = oneshot::channel();
                self.groups().join(&join, now, reply);
                // Its sender goes when the same member asks again, on another connection.
                let joined = joined.await.unwrap_or_else(|_| Joined::refused(member, Error::UnknownMemberId));
                Answer::Here(answers::joined(&head, &joined))
            }
            Request::Sync(sync) => {
                let (reply, synced) = oneshot::channel();
                self.groups().sync(sync, now, reply);
                let synced = synced.await.unwrap_or(Err(Error::UnknownMemberId));
                Answer::Here(answers::synced(&head, &synced))
            }
            Request::Heartbeat(beat) => Answer::Here(answers::beat(&head, self.groups().heartbeat(&beat, now))),
            Request::Leave(leave) => Answer::Here(answers::left(&head, &leave, &self.groups().leave(&leave, now))),
            Request::Commit(commit) => match self.groups().commit(&commit, now) {
                Ok(()) => Answer::Mock,
                Err(error) => Answer::Here(answers::refused(&head, &commit, error)),
            },
            Request::Other(group) => {
                self.groups().forget_if_empty(&group);
                Answer::Mock
            }
        }
    }

    /// Ends sessions and waits, until it is dropped.
    pub(super) async fn watch(&self) {
        loop {
            sleep(TICK).await;
            if !self.away.load(Ordering::Relaxed) {
                self.groups().pass(Instant::now());
            }
        }
    }

    /// While the broker is away nobody can say that they live; when it is back, every session begins anew.
    pub(super) fn set_up(&self, up: bool) {
        if up {
            self.groups().renew(Instant::now());
        }
        self.away.store(!up, Ordering::Relaxed);
    }

    fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
