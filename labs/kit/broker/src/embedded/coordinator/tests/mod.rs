//! The states of a group, without a connection and without time.

mod limits;

use std::time::{Duration, Instant};

use tokio::sync::oneshot::{self, Receiver};

use super::answers::{Error, Joined, Synced};
use super::groups::Groups;
use super::requests::{Commit, Heartbeat, Join, Leave, Sync, Who};

const SESSION: Duration = Duration::from_secs(6);
const REBALANCE: Duration = Duration::from_secs(60);

/// All groups, and what time it is.
struct Stage {
    groups: Groups,
    now: Instant,
}

impl Stage {
    fn new() -> Self {
        Self { groups: Groups::default(), now: Instant::now() }
    }

    fn after(&mut self, time: Duration) {
        self.now += time;
        self.groups.pass(self.now);
    }

    fn ask(&mut self, join: &Join) -> Receiver<Joined> {
        let (reply, joined) = oneshot::channel();
        self.groups.join(join, self.now, reply);
        joined
    }

    fn join(&mut self, member: &str) -> Receiver<Joined> {
        self.ask(&join(member))
    }

    /// A new member: its id is given, and it joins by it.
    fn come(&mut self) -> (String, Receiver<Joined>) {
        let id = told(&mut self.join("")).member;
        let joined = self.join(&id);
        (id, joined)
    }

    fn sync(&mut self, member: &str, generation: i32, shares: &[(&str, &str)]) -> Receiver<Synced> {
        let share = |&(member, share): &(&str, &str)| (member.to_owned(), share.as_bytes().to_vec());
        let assignments = shares.iter().map(share).collect();
        let (reply, synced) = oneshot::channel();
        self.groups.sync(Sync { group: "g".into(), generation, who: who(member), assignments }, self.now, reply);
        synced
    }

    fn beat(&mut self, member: &str, generation: i32) -> Result<(), Error> {
        self.groups.heartbeat(&Heartbeat { group: "g".into(), generation, who: who(member) }, self.now)
    }

    fn leave(&mut self, who: Who) -> Result<(), Error> {
        self.groups.leave(&Leave { group: "g".into(), members: vec![who] }, self.now)[0]
    }

    fn commit(&mut self, member: &str, generation: i32) -> Result<(), Error> {
        let commit = Commit { group: "g".into(), generation, who: who(member), topics: Vec::new() };
        self.groups.commit(&commit, self.now)
    }

    /// A group of two that work: the leader, the other, and their generation.
    fn two(&mut self) -> (String, String, i32) {
        let (leader, mut first) = self.come();
        let generation = told(&mut first).generation;
        told(&mut self.sync(&leader, generation, &[])).expect("a share");
        let (other, mut second) = self.come();
        assert_eq!(self.beat(&leader, generation), Err(Error::RebalanceInProgress));
        nothing(&mut second);
        let again = told(&mut self.join(&leader));
        let generation = told(&mut second).generation;
        assert_eq!((again.generation, again.leader, again.members.len()), (generation, leader.clone(), 2));
        let mut waits = self.sync(&other, generation, &[]);
        nothing(&mut waits);
        let shares = [(&*leader, "0"), (&*other, "1, 2")];
        assert_eq!(told(&mut self.sync(&leader, generation, &shares)), Ok(b"0".to_vec()));
        assert_eq!(told(&mut waits), Ok(b"1, 2".to_vec()));
        (leader, other, generation)
    }
}

fn who(member: &str) -> Who {
    Who { member: member.to_owned(), instance: None }
}

fn join(member: &str) -> Join {
    Join {
        group: "g".into(),
        who: who(member),
        client: "client".into(),
        asks_twice: true,
        session_ms: SESSION.as_millis() as i32,
        rebalance_ms: REBALANCE.as_millis() as i32,
        kind: "consumer".into(),
        protocols: ["range", "roundrobin"].map(|name| (name.to_owned(), b"topics".to_vec())).into(),
    }
}

#[track_caller]
fn told<T>(answer: &mut Receiver<T>) -> T {
    answer.try_recv().expect("an answer")
}

#[track_caller]
fn nothing<T: std::fmt::Debug>(answer: &mut Receiver<T>) {
    answer.try_recv().expect_err("no answer yet");
}

#[test]
fn a_member_is_given_its_id_and_joins_by_it() {
    let mut stage = Stage::new();
    let refused = told(&mut stage.join(""));
    assert_eq!(refused.error, Some(Error::MemberIdRequired));
    assert!(refused.member.starts_with("client-"), "{}", refused.member);
    let joined = told(&mut stage.join(&refused.member));
    assert_eq!((joined.error, joined.generation, &*joined.protocol), (None, 1, "range"));
    assert_eq!(joined.members, [(who(&refused.member), b"topics".to_vec())]);
    assert_eq!(told(&mut stage.join("made-up")).error, Some(Error::UnknownMemberId));
    // Old clients join at once.
    let mut stage = Stage::new();
    assert_eq!(told(&mut stage.ask(&Join { asks_twice: false, ..join("") })).generation, 1);
}

#[test]
fn all_go_on_as_soon_as_every_member_has_joined_again() {
    let mut stage = Stage::new();
    let (leader, other, generation) = stage.two();
    assert_eq!((stage.beat(&leader, generation), stage.beat(&other, generation)), (Ok(()), Ok(())));
    // A third, whose id is given but who has not joined, is waited for as well.
    let third = told(&mut stage.join("")).member;
    let mut first = stage.join(&leader);
    let mut second = stage.join(&other);
    nothing(&mut first);
    let third = told(&mut stage.join(&third));
    assert_eq!([told(&mut first), told(&mut second), third].map(|joined| joined.generation), [generation + 1; 3]);
}

#[test]
fn who_leaves_is_not_waited_for() {
    let mut stage = Stage::new();
    let (leader, other, generation) = stage.two();
    assert_eq!(stage.leave(who(&leader)), Ok(()));
    assert_eq!(stage.leave(who(&leader)), Err(Error::UnknownMemberId));
    assert_eq!(stage.beat(&other, generation), Err(Error::RebalanceInProgress));
    let alone = told(&mut stage.join(&other));
    assert_eq!((alone.generation, alone.leader), (generation + 1, other));
}

#[test]
fn a_session_without_a_word_ends() {
    let mut stage = Stage::new();
    let (leader, other, generation) = stage.two();
    stage.after(SESSION - Duration::from_millis(1));
    assert_eq!(stage.beat(&other, generation), Ok(()));
    stage.after(Duration::from_millis(1));
    assert_eq!(stage.beat(&leader, generation), Err(Error::UnknownMemberId));
    assert_eq!(told(&mut stage.join(&other)).members.len(), 1);
    // A commit is a word, too.
    told(&mut stage.sync(&other, generation + 1, &[])).expect("a share");
    stage.after(SESSION / 2);
    assert_eq!(stage.commit(&other, generation + 1), Ok(()));
    stage.after(SESSION / 2);
    assert_eq!(stage.beat(&other, generation + 1), Ok(()));
}

#[test]
fn who_has_not_joined_again_in_time_is_out() {
    let mut stage = Stage::new();
    let (leader, other, generation) = stage.two();
    let mut joined = stage.ask(&Join { protocols: vec![("range".into(), b"other topics".to_vec())], ..join(&other) });
    for _ in 0..REBALANCE.as_secs() - 1 {
        stage.after(Duration::from_secs(1));
        // It lives, and says so, but it doesn't come.
        assert_eq!(stage.beat(&leader, generation), Err(Error::RebalanceInProgress));
        nothing(&mut joined);
    }
    stage.after(Duration::from_secs(1));
    assert_eq!(told(&mut joined).leader, other);
    assert_eq!(stage.beat(&leader, generation), Err(Error::UnknownMemberId));
}

#[test]
fn a_leader_that_does_not_share_out_in_time_is_out() {
    let mut stage = Stage::new();
    let (leader, mut joined) = stage.come();
    let generation = told(&mut joined).generation;
    for _ in 0..REBALANCE.as_secs() {
        assert_eq!(stage.beat(&leader, generation), Ok(()));
        stage.after(Duration::from_secs(1));
    }
    assert_eq!(stage.beat(&leader, generation), Err(Error::UnknownMemberId));
}

#[test]
fn only_a_member_of_this_generation_commits() {
    let mut stage = Stage::new();
    assert_eq!(stage.commit("anybody", 1), Ok(()), "the mock's matter");
    let (leader, other, generation) = stage.two();
    assert_eq!(stage.commit(&other, generation), Ok(()));
    assert_eq!(stage.commit(&other, generation - 1), Err(Error::IllegalGeneration));
    assert_eq!(stage.commit("zombie", generation), Err(Error::UnknownMemberId));
    assert_eq!(stage.commit("", -1), Err(Error::UnknownMemberId));
    stage.leave(who(&leader)).expect("it was in");
    assert_eq!(stage.commit(&other, generation), Ok(()), "before it joins again");
    told(&mut stage.join(&other));
    assert_eq!(stage.commit(&other, generation + 1), Err(Error::RebalanceInProgress));
    stage.leave(who(&other)).expect("it was in");
    assert_eq!(stage.commit(&other, generation + 1), Err(Error::UnknownMemberId));
    assert_eq!(stage.commit("", -1), Ok(()), "an operator, while nobody is in");
    stage.groups.forget_if_empty("g");
    assert_eq!(stage.commit(&other, generation + 1), Ok(()), "the mock's matter again");
}
