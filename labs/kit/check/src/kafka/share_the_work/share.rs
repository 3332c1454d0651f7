//! A group at work: records come all the time, and it is watched who prints which.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::bench::Bench;
use crate::broker::{At, Fate, Group, LEAVE_GROUP, Member, New, Record, Relay};
use crate::kafka::topic::{Topic, new};
use crate::verdict::{Failed, Outcome};

/// Until everybody has found a place: 15 seconds, as the sentences say, and what a busy machine adds.
pub(super) const PATIENCE: Duration = Duration::from_secs(17);
/// So long the next records wait for a line of each of those before.
const ROUND: Duration = Duration::from_millis(500);
/// Between records and records: who prints what another has printed, does it by then.
const MOMENT: Duration = Duration::from_millis(100);
/// So many times one after the other it must be the same.
const SETTLED: usize = 3;
/// So many times one after the other two members have printed everything: they don't share.
const BOTH: usize = 3;

/// The keys of records that came at one time, one in each partition.
type Round = [String; 3];

/// A topic, a group that reads it, and who is in it.
pub(super) struct Share {
    pub(super) topic: Topic,
    pub(super) group: Group,
    /// Those who run.
    pub(super) members: Vec<Member>,
    /// Before those who have no other: behind it a fetch doesn't wait long.
    relay: Relay,
    rounds: Vec<Round>,
    /// The keys of what came besides.
    others: Vec<String>,
}

impl Share {
    pub(super) async fn new(bench: &Bench) -> Result<Self, Failed> {
        let topic = Topic::new(bench).await?;
        let group = bench.group(&topic.name);
        let relay = bench.kafka().relay(|_| Fate::Pass).await?;
        Ok(Self { topic, group, members: Vec::new(), relay, rounds: Vec::new(), others: Vec::new() })
    }

    /// One more, behind that relay or the others'.
    pub(super) fn start(&mut self, bench: &Bench, relay: Option<&Relay>) -> Outcome {
        let at = At::Relay(relay.unwrap_or(&self.relay));
        self.members.push(self.group.start(bench, at, &[])?);
        Ok(())
    }

    /// How many have said that they leave, behind the others' relay.
    pub(super) fn leavers(&self) -> usize {
        self.relay.count(LEAVE_GROUP)
    }

    /// Sends records until they are printed by so many of the members, each by one of them, and
    /// each partition's by the same. Returns whose each partition is, by their numbers.
    pub(super) async fn settles(&mut self, bench: &Bench, owners: usize, expected: &str) -> Result<[usize; 3], Failed> {
        let Self { topic, group, members, rounds, .. } = self;
        let mut all: Vec<&mut Member> = members.iter_mut().collect();
        let watched = watch(bench, topic, group, rounds, owners);
        match group.until(&mut all, PATIENCE, expected, watched).await?? {
            Some(owners) => Ok(owners),
            None => Err(group.wrong(&format!("{expected}; here several print every record")).await),
        }
    }

    /// Each record that came is a line of some member.
    pub(super) async fn misses_nothing(&mut self) -> Outcome {
        let (group, keys) = (&self.group, [self.rounds.concat(), self.others.clone()].concat());
        let wanted = keys.clone();
        let all_there =
            group.have_printed(move |printed| wanted.iter().all(|key| of_key(printed, key).next().is_some()));
        if timeout(PATIENCE / 3, all_there).await.is_ok() {
            return Ok(());
        }
        let printed = group.printed();
        let missing: Vec<_> = keys.iter().filter(|key| of_key(&printed, key).next().is_none()).cloned().collect();
        let first = missing.first().cloned().unwrap_or_default();
        let (count, missing) = (keys.len(), missing.len());
        let expected =
            format!("a line for each of {count} records; {missing} have none, the first with the key {first}");
        Err(group.wrong(&expected).await)
    }

    /// Sends them; each must be a line sooner or later.
    pub(super) async fn sends(&mut self, news: &[New]) -> Outcome {
        self.others.extend(news.iter().filter_map(|new| new.key.clone()));
        self.topic.feed.send(news).await
    }

    /// Sends these, and waits until each is a line of a member.
    pub(super) async fn print(&mut self, news: &[New], expected: &str) -> Outcome {
        self.sends(news).await?;
        let keys: Vec<String> = news.iter().filter_map(|new| new.key.clone()).collect();
        let printed =
            self.group.have_printed(move |printed| keys.iter().all(|key| of_key(printed, key).next().is_some()));
        let mut all: Vec<&mut Member> = self.members.iter_mut().collect();
        self.group.until(&mut all, PATIENCE, expected, printed).await
    }
}

/// `None`: several have printed everything.
async fn watch(
    bench: &Bench,
    topic: &Topic,
    group: &Group,
    rounds: &mut Vec<Round>,
    owners: usize,
) -> Result<Option<[usize; 3]>, Failed> {
    let from = rounds.len();
    loop {
        let news: Vec<New> = (0..3).map(|partition| new(bench, partition)).collect();
        topic.feed.send(&news).await?;
        let keys: Vec<String> = news.into_iter().filter_map(|new| new.key).collect();
        let round: Round = keys.try_into().expect("each of three has a key");
        rounds.push(round.clone());
        let there = group.have_printed(move |printed| round.iter().all(|key| of_key(printed, key).next().is_some()));
        let _ = timeout(ROUND, there).await;
        sleep(MOMENT).await;
        let (printed, new) = (group.printed(), &rounds[from..]);
        if new.windows(BOTH).any(|rounds| rounds.iter().all(|round| of_several(&printed, round))) {
            return Ok(None);
        }
        if let Some(owned) = new.windows(SETTLED).next_back().and_then(|rounds| owned(&printed, rounds))
            && distinct(&owned) == owners
        {
            return Ok(Some(owned));
        }
    }
}

/// Who has printed it, by their numbers; as often as it was printed.
fn of_key<'a>(printed: &'a [Vec<Record>], key: &'a str) -> impl Iterator<Item = usize> + 'a {
    let with_number = (1..).zip(printed).flat_map(|(number, lines)| lines.iter().map(move |line| (number, line)));
    with_number.filter(move |(_, line)| line.key_text() == Some(key)).map(|(number, _)| number)
}

/// Two members have printed all of it.
fn of_several(printed: &[Vec<Record>], round: &Round) -> bool {
    let has_all = |lines: &&Vec<Record>| round.iter().all(|key| lines.iter().any(|line| line.key_text() == Some(key)));
    printed.iter().filter(has_all).count() > 1
}

/// Whose each partition is, where in each of these rounds one member has printed its record, once.
fn owned(printed: &[Vec<Record>], rounds: &[Round]) -> Option<[usize; 3]> {
    let owner = |key: &String| {
        let mut all = of_key(printed, key);
        all.next().filter(|_| all.next().is_none())
    };
    let of_round =
        |round: &Round| -> Option<[usize; 3]> { round.iter().map(owner).collect::<Option<Vec<_>>>()?.try_into().ok() };
    let first = of_round(rounds.first()?)?;
    rounds.iter().all(|round| of_round(round) == Some(first)).then_some(first)
}

fn distinct(owned: &[usize; 3]) -> usize {
    let mut all = owned.to_vec();
    all.sort_unstable();
    all.dedup();
    all.len()
}
