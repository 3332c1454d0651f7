//! One group: its members, and where they are in sharing the partitions.
//!
//! ```text
//! Empty ──► Preparing ──► Completing ──► Stable
//!             ▲ who is in   ▲ who has what  │
//!             └─────────────┴───────────────┘ somebody comes or goes
//! ```

use std::collections::BTreeMap;
use std::mem;
use std::time::{Duration, Instant};

use tokio::sync::oneshot::Sender;

use super::answers::{Error, Joined, Synced};
use super::member::Member;
use super::requests::{Commit, Heartbeat, Sync, Who};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody is in. It is kept so that one who was can't commit.
    #[default]
    Empty,
    /// It waits until every member has joined again.
    Preparing,
    /// It waits until the leader has said who has what.
    Completing,
    Stable,
}

#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) state: State,
    /// Who is still missing then is no longer a member.
    pub(super) deadline: Option<Instant>,
    pub(super) generation: i32,
    pub(super) kind: String,
    pub(super) protocol: String,
    pub(super) leader: String,
    pub(super) members: BTreeMap<String, Member>,
    /// Ids that were given to members who have yet to join by them, and when they lapse.
    pub(super) pending: BTreeMap<String, Instant>,
}

impl Group {
    /// Its members, and those that will be.
    pub(super) fn size(&self) -> usize {
        self.members.len() + self.pending.len()
    }

    pub(super) fn sync(&mut self, sync: Sync, now: Instant, reply: Sender<Synced>) {
        let refusal = self.check(&sync.who, sync.generation).err().or(match self.state {
            State::Empty => Some(Error::UnknownMemberId),
            State::Preparing => Some(Error::RebalanceInProgress),
            State::Completing | State::Stable => None,
        });
        let member = self.members.get_mut(&sync.who.member);
        let Some(member) = member.filter(|_| refusal.is_none()) else {
            let _ = reply.send(Err(refusal.unwrap_or(Error::UnknownMemberId)));
            return;
        };
        member.synced = true;
        member.wait_to_sync(reply);
        if self.state == State::Completing && self.leader == sync.who.member {
            for (member, assignment) in sync.assignments {
                if let Some(member) = self.members.get_mut(&member) {
                    member.assignment = assignment;
                }
            }
            self.state = State::Stable;
        }
        if self.state == State::Stable {
            for member in self.members.values_mut() {
                member.synced(Ok(member.assignment.clone()), now);
            }
        }
    }

    pub(super) fn heartbeat(&mut self, beat: &Heartbeat, now: Instant) -> Result<(), Error> {
        self.check(&beat.who, beat.generation)?;
        self.alive(&beat.who, now);
        if self.state == State::Preparing { Err(Error::RebalanceInProgress) } else { Ok(()) }
    }

    pub(super) fn leave(&mut self, who: &Who, now: Instant) -> Result<(), Error> {
        // An operator removes a member by the name of its instance.
        let of_instance = who.instance.as_deref().filter(|_| who.member.is_empty());
        let member = of_instance.and_then(|instance| self.of_instance(instance)).unwrap_or(&who.member).to_owned();
        if self.pending.remove(&member).is_some() {
            self.complete_if_all_are_in(now);
            return Ok(());
        }
        self.known(&Who { member: member.clone(), instance: who.instance.clone() })?;
        self.remove(&member, now);
        Ok(())
    }

    /// Whether these offsets may be committed. A member that commits is alive.
    pub(super) fn commit(&mut self, commit: &Commit, now: Instant) -> Result<(), Error> {
        let is_member = commit.generation >= 0 || !commit.who.member.is_empty() || commit.who.instance.is_some();
        match self.state {
            // An operator, or a reader that shares with nobody.
            State::Empty if commit.generation < 0 => return Ok(()),
            _ if !is_member => return Err(Error::UnknownMemberId),
            _ => self.check(&commit.who, commit.generation)?,
        }
        if self.state == State::Completing {
            return Err(Error::RebalanceInProgress);
        }
        self.alive(&commit.who, now);
        Ok(())
    }

    /// What time alone does. To be called once in a while.
    pub(super) fn pass(&mut self, now: Instant) {
        self.pending.retain(|_, &mut end| now < end);
        let ended: Vec<_> = self.members_where(|member| member.has_ended(now));
        ended.iter().for_each(|member| self.remove(member, now));
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            self.deadline = None;
            match self.state {
                State::Empty => {}
                State::Preparing => self.complete(now),
                State::Completing | State::Stable => {
                    let silent = self.members_where(|member| !member.synced);
                    silent.iter().for_each(|member| self.remove(member, now));
                }
            }
        }
        self.complete_if_all_are_in(now);
    }

    fn members_where(&self, is: impl Fn(&Member) -> bool) -> Vec<String> {
        self.members.iter().filter(|(_, member)| is(member)).map(|(id, _)| id.clone()).collect()
    }

    /// Whether somebody is who it says, and of this generation.
    fn check(&self, who: &Who, generation: i32) -> Result<(), Error> {
        self.known(who)?;
        if generation == self.generation { Ok(()) } else { Err(Error::IllegalGeneration) }
    }

    pub(super) fn known(&self, who: &Who) -> Result<(), Error> {
        if let Some(instance) = &who.instance {
            let member = self.of_instance(instance).ok_or(Error::UnknownMemberId)?;
            return if member == who.member { Ok(()) } else { Err(Error::FencedInstanceId) };
        }
        if self.members.contains_key(&who.member) { Ok(()) } else { Err(Error::UnknownMemberId) }
    }

    pub(super) fn of_instance(&self, instance: &str) -> Option<&str> {
        let mut members = self.members.iter();
        members.find(|(_, member)| member.instance.as_deref() == Some(instance)).map(|(id, _)| id.as_str())
    }

    pub(super) fn renew(&mut self, now: Instant) {
        self.members.values_mut().for_each(|member| member.is_alive(now));
        self.deadline = self.deadline.map(|_| now + self.patience());
    }

    fn alive(&mut self, who: &Who, now: Instant) {
        if let Some(member) = self.members.get_mut(&who.member) {
            member.is_alive(now);
        }
    }

    pub(super) fn remove(&mut self, member: &str, now: Instant) {
        let Some(mut removed) = self.members.remove(member) else { return };
        removed.refuse(member, Error::UnknownMemberId);
        if self.leader == member {
            self.leader = self.members.keys().next().cloned().unwrap_or_default();
        }
        self.rebalance(now);
        self.complete_if_all_are_in(now);
    }

    /// From here on it waits for its members.
    pub(super) fn rebalance(&mut self, now: Instant) {
        let before = mem::replace(&mut self.state, State::Preparing);
        if before == State::Preparing {
            return;
        }
        for (id, member) in &mut self.members {
            // Only those that wait for the leader's word: nobody else waits in these states.
            member.refuse(id, Error::RebalanceInProgress);
        }
        self.deadline = Some(now + self.patience());
    }

    fn patience(&self) -> Duration {
        self.members.values().map(|member| member.rebalance).max().unwrap_or_default()
    }

    pub(super) fn complete_if_all_are_in(&mut self, now: Instant) {
        let all = self.pending.is_empty() && self.members.values().all(Member::is_joining);
        if self.state == State::Preparing && all {
            self.complete(now);
        }
    }

    /// A new generation of those that have joined.
    fn complete(&mut self, now: Instant) {
        // Members with an instance's name keep their place until their session ends.
        self.members.retain(|_, member| member.is_joining() || member.instance.is_some());
        let joining = self.members_where(Member::is_joining);
        if joining.is_empty() && !self.members.is_empty() {
            self.deadline = Some(now + self.patience());
            return;
        }
        self.generation += 1;
        if !joining.contains(&self.leader) {
            self.leader = joining.first().cloned().unwrap_or_default();
        }
        self.protocol = self.chosen();
        self.state = if joining.is_empty() { State::Empty } else { State::Completing };
        self.deadline = (!joining.is_empty()).then(|| now + self.patience());
        for id in joining {
            let joined = self.seen_by(&id);
            if let Some(member) = self.members.get_mut(&id) {
                member.joined(joined, now);
            }
        }
    }

    /// What a member is told of the generation.
    pub(super) fn seen_by(&self, id: &str) -> Joined {
        let everybody = self.members.iter().map(|(id, member)| (member.who(id), member.metadata(&self.protocol)));
        Joined {
            error: None,
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            member: id.to_owned(),
            members: if id == self.leader { everybody.collect() } else { Vec::new() },
        }
    }
}
