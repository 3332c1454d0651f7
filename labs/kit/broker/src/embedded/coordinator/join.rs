//! How a member comes into a group, and which way of sharing the group takes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::sync::oneshot::Sender;
use uuid::Uuid;

use super::answers::{Error, Joined};
use super::group::{Group, State};
use super::member::Member;
use super::requests::Join;

/// What a JoinGroup comes to, if it isn't refused.
enum Place {
    /// It is answered when all are in: the member's id.
    Waits(String),
    /// Nothing changes by it.
    Knows(Joined),
}

impl Group {
    pub(super) fn join(&mut self, join: &Join, now: Instant, reply: Sender<Joined>) {
        match self.place(join, now) {
            Ok(Place::Waits(id)) => {
                if let Some(member) = self.members.get_mut(&id) {
                    member.wait_to_join(reply);
                }
                self.complete_if_all_are_in(now);
            }
            // Who has hung up in the meantime asks again.
            Ok(Place::Knows(joined)) => drop(reply.send(joined)),
            Err((id, error)) => drop(reply.send(Joined::refused(id, error))),
        }
    }

    fn place(&mut self, join: &Join, now: Instant) -> Result<Place, (String, Error)> {
        let id = join.who.member.clone();
        if !self.suits(join) {
            return Err((id, Error::InconsistentGroupProtocol));
        }
        if id.is_empty() {
            return self.newcomer(join, now);
        }
        if self.pending.remove(&id).is_some() {
            return Ok(self.add(id, join, now));
        }
        self.known(&join.who).map_err(|error| (id.clone(), error))?;
        let Some(member) = self.members.get_mut(&id) else { return Err((id, Error::UnknownMemberId)) };
        let asks_again = member.protocols == join.protocols;
        member.update(join);
        member.is_alive(now);
        match self.state {
            // The answer was lost, perhaps.
            State::Completing if asks_again => Ok(Place::Knows(self.seen_by(&id))),
            State::Stable if asks_again && self.leader != id => Ok(Place::Knows(self.seen_by(&id))),
            _ => {
                self.rebalance(now);
                Ok(Place::Waits(id))
            }
        }
    }

    /// Whether its kind is the group's, and there is a way to share that all know.
    fn suits(&self, join: &Join) -> bool {
        if self.members.is_empty() {
            return !join.kind.is_empty() && !join.protocols.is_empty();
        }
        join.kind == self.kind && join.protocols.iter().any(|(name, _)| self.is_common(name))
    }

    fn newcomer(&mut self, join: &Join, now: Instant) -> Result<Place, (String, Error)> {
        let begin = join.who.instance.as_ref().unwrap_or(&join.client);
        let id = format!("{begin}-{}", Uuid::new_v4());
        if join.asks_for_an_id() {
            let session = Duration::from_millis(join.session_ms.max(0).unsigned_abs().into());
            self.pending.insert(id.clone(), now + session);
            return Err((id, Error::MemberIdRequired));
        }
        let before = join.who.instance.as_ref().and_then(|instance| self.of_instance(instance));
        match before.map(str::to_owned) {
            Some(before) => Ok(self.replace(&before, id, join, now)),
            None => Ok(self.add(id, join, now)),
        }
    }

    fn add(&mut self, id: String, join: &Join, now: Instant) -> Place {
        if self.members.is_empty() {
            (self.leader, self.kind) = (id.clone(), join.kind.clone());
        }
        self.members.insert(id.clone(), Member::new(join, now));
        self.rebalance(now);
        Place::Waits(id)
    }

    /// An instance has been started again: it takes over what it had, and nobody else is disturbed.
    fn replace(&mut self, before: &str, id: String, join: &Join, now: Instant) -> Place {
        let seen = Joined { member: id.clone(), members: Vec::new(), ..self.seen_by(before) };
        if let Some(mut member) = self.members.remove(before) {
            member.refuse(before, Error::FencedInstanceId);
            member.update(join);
            member.is_alive(now);
            self.members.insert(id.clone(), member);
        }
        if self.leader == before {
            self.leader.clone_from(&id);
        }
        if self.state == State::Stable && self.chosen() == self.protocol {
            // It is told of the leader as it was, so that it doesn't share out by itself.
            return Place::Knows(seen);
        }
        self.rebalance(now);
        Place::Waits(id)
    }

    /// The way that all can share by, and that most like best.
    pub(super) fn chosen(&self) -> String {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            let mut names = member.protocols.iter().map(|(name, _)| name.as_str());
            if let Some(best) = names.find(|name| self.is_common(name)) {
                *votes.entry(best).or_default() += 1;
            }
        }
        votes.into_iter().max_by_key(|&(_, votes)| votes).map(|(name, _)| name.to_owned()).unwrap_or_default()
    }

    fn is_common(&self, protocol: &str) -> bool {
        self.members.values().all(|member| member.supports(protocol))
    }
}
