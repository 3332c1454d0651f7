//! All groups, and how many there may be.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Instant;

use tokio::sync::oneshot::Sender;

use super::super::LONGEST_GROUP;
use super::answers::{Error, Joined, Synced};
use super::group::{Group, State};
use super::requests::{Commit, Heartbeat, Join, Leave, Sync};

/// More groups are not known: those without members are forgotten first.
const MAX_GROUPS: usize = 1_000;
/// Of all groups together. A member has 64 KiB at most: longer requests are not read.
const MAX_MEMBERS: usize = 1_000;
/// As Apache's brokers have it: `group.min.session.timeout.ms` of docker-compose.yml, and half an hour.
const SESSION_MS: RangeInclusive<i32> = 1_000..=1_800_000;

#[derive(Debug, Default)]
pub(super) struct Groups(BTreeMap<String, Group>);

impl Groups {
    pub(super) fn join(&mut self, join: &Join, now: Instant, reply: Sender<Joined>) {
        match self.group_of(join) {
            Ok(group) => group.join(join, now, reply),
            Err(error) => drop(reply.send(Joined::refused(join.who.member.clone(), error))),
        }
    }

    fn group_of(&mut self, join: &Join) -> Result<&mut Group, Error> {
        if join.group.is_empty() || join.group.len() > LONGEST_GROUP {
            return Err(Error::InvalidGroupId);
        }
        if !SESSION_MS.contains(&join.session_ms) {
            return Err(Error::InvalidSessionTimeout);
        }
        if join.who.member.is_empty() {
            if self.0.values().map(Group::size).sum::<usize>() >= MAX_MEMBERS {
                return Err(Error::GroupMaxSizeReached);
            }
            self.make(&join.group)?;
        }
        self.0.get_mut(&join.group).ok_or(Error::UnknownMemberId)
    }

    fn make(&mut self, group: &str) -> Result<(), Error> {
        if !self.0.contains_key(group) && self.0.len() >= MAX_GROUPS {
            let empty = self.0.iter().find(|(_, group)| group.size() == 0).map(|(name, _)| name.clone());
            self.0.remove(&empty.ok_or(Error::CoordinatorNotAvailable)?);
        }
        self.0.entry(group.to_owned()).or_default();
        Ok(())
    }

    pub(super) fn sync(&mut self, sync: Sync, now: Instant, reply: Sender<Synced>) {
        match self.0.get_mut(&sync.group) {
            Some(group) => group.sync(sync, now, reply),
            None => drop(reply.send(Err(Error::UnknownMemberId))),
        }
    }

    pub(super) fn heartbeat(&mut self, beat: &Heartbeat, now: Instant) -> Result<(), Error> {
        self.0.get_mut(&beat.group).ok_or(Error::UnknownMemberId)?.heartbeat(beat, now)
    }

    /// One result for each of the members.
    pub(super) fn leave(&mut self, leave: &Leave, now: Instant) -> Vec<Result<(), Error>> {
        let mut group = self.0.get_mut(&leave.group);
        let leaves = |who| group.as_mut().map_or(Err(Error::UnknownMemberId), |group| group.leave(who, now));
        leave.members.iter().map(leaves).collect()
    }

    /// Whether it makes somebody the first member. One who has yet to be told its id is told at once: else it
    /// can't say that it leaves.
    pub(super) fn begins_with(&self, join: &Join) -> bool {
        !join.asks_for_an_id() && self.0.get(&join.group).is_none_or(|group| group.members.is_empty())
    }

    /// A group that isn't known here is the mock's matter.
    pub(super) fn commit(&mut self, commit: &Commit, now: Instant) -> Result<(), Error> {
        self.0.get_mut(&commit.group).map_or(Ok(()), |group| group.commit(commit, now))
    }

    /// The group goes on by the consumer protocol: who was in it is the mock's matter.
    pub(super) fn forget_if_empty(&mut self, group: &str) {
        if self.0.get(group).is_some_and(|group| group.state == State::Empty && group.size() == 0) {
            self.0.remove(group);
        }
    }

    pub(super) fn renew(&mut self, now: Instant) {
        self.0.values_mut().for_each(|group| group.renew(now));
    }

    pub(super) fn pass(&mut self, now: Instant) {
        self.0.values_mut().for_each(|group| group.pass(now));
    }
}
