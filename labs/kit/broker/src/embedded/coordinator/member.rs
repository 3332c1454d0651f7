//! A member of a group.

use std::time::{Duration, Instant};

use tokio::sync::oneshot::Sender;

use super::answers::{Error, Joined, Synced};
use super::requests::{Join, Who};

/// A new member's first JoinGroup may wait for this long; then it is taken for gone.
const NEW: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(super) struct Member {
    pub(super) instance: Option<String>,
    session: Duration,
    /// How long the others wait for it when they share anew.
    pub(super) rebalance: Duration,
    pub(super) protocols: Vec<(String, Vec<u8>)>,
    pub(super) assignment: Vec<u8>,
    /// Its JoinGroup, as long as it has no answer.
    joining: Option<Sender<Joined>>,
    /// Its SyncGroup, as long as it has no answer.
    syncing: Option<Sender<Synced>>,
    /// Whether it has asked for its share of this generation.
    pub(super) synced: bool,
    /// Whether it has never been told of a generation.
    new: bool,
    /// When its session ends.
    end: Instant,
}

impl Member {
    pub(super) fn new(join: &Join, now: Instant) -> Self {
        let mut member = Self {
            instance: join.who.instance.clone(),
            session: Duration::ZERO,
            rebalance: Duration::ZERO,
            protocols: Vec::new(),
            assignment: Vec::new(),
            joining: None,
            syncing: None,
            synced: false,
            new: true,
            end: now + NEW,
        };
        member.update(join);
        member
    }

    /// Takes over what a JoinGroup says.
    pub(super) fn update(&mut self, join: &Join) {
        let millis = |millis: i32| Duration::from_millis(millis.max(0).unsigned_abs().into());
        (self.session, self.rebalance) = (millis(join.session_ms), millis(join.rebalance_ms));
        self.protocols.clone_from(&join.protocols);
    }

    pub(super) fn wait_to_join(&mut self, reply: Sender<Joined>) {
        // One that was there before is from a connection that has gone.
        self.joining = Some(reply);
    }

    pub(super) fn wait_to_sync(&mut self, reply: Sender<Synced>) {
        self.syncing = Some(reply);
    }

    pub(super) fn is_joining(&self) -> bool {
        self.joining.is_some()
    }

    /// Answers its JoinGroup: a new generation has begun.
    pub(super) fn joined(&mut self, joined: Joined, now: Instant) {
        (self.synced, self.new) = (false, false);
        self.assignment.clear();
        self.is_alive(now);
        if let Some(reply) = self.joining.take() {
            // It may have hung up. Then its session ends by and by.
            let _ = reply.send(joined);
        }
    }

    /// Answers its SyncGroup, if there is one.
    pub(super) fn synced(&mut self, synced: Synced, now: Instant) {
        if let Some(reply) = self.syncing.take() {
            self.is_alive(now);
            let _ = reply.send(synced);
        }
    }

    /// It, or its connection, is no longer the member: whatever it asks is refused.
    pub(super) fn refuse(&mut self, who: &str, error: Error) {
        if let Some(reply) = self.joining.take() {
            let _ = reply.send(Joined::refused(who.to_owned(), error));
        }
        if let Some(reply) = self.syncing.take() {
            let _ = reply.send(Err(error));
        }
    }

    pub(super) fn is_alive(&mut self, now: Instant) {
        if !self.new {
            self.end = now + self.session;
        }
    }

    /// Who waits for the others can't send heartbeats, and needs none; but for a new one, see [`NEW`].
    pub(super) fn has_ended(&self, now: Instant) -> bool {
        let waits = self.joining.is_some() || self.syncing.is_some();
        now >= self.end && (self.new || !waits)
    }

    pub(super) fn metadata(&self, protocol: &str) -> Vec<u8> {
        let found = self.protocols.iter().find(|(name, _)| name == protocol);
        found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    pub(super) fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }

    pub(super) fn who(&self, member: &str) -> Who {
        Who { member: member.to_owned(), instance: self.instance.clone() }
    }
}
