//! A topic, a group that works through it, and what it works on.

use std::time::Duration;

use serde_json::json;

use crate::bench::Bench;
use crate::broker::{Asked, At, Fate, Group, Member, New, Record, Relay};
use crate::kafka::effect::{Answer, Effect, Post};
use crate::kafka::topic::Topic;
use crate::verdict::{Failed, Outcome};

/// Until a new member must have its first record, and for all that follows at once; ten seconds
/// are what the sentences say, and what a busy machine adds.
pub(super) const PATIENCE: Duration = Duration::from_secs(12);

/// From the answer to the line.
const TO_PRINT: Duration = Duration::from_secs(4);

pub(super) struct Work {
    pub(super) topic: Topic,
    pub(super) group: Group,
    pub(super) effect: Effect,
    /// Before the members: behind it a fetch doesn't wait long.
    relay: Relay,
}

impl Work {
    pub(super) async fn new(
        bench: &Bench,
        plan: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
    ) -> Result<Self, Failed> {
        let (topic, effect) = (Topic::new(bench).await?, Effect::start(bench, plan).await?);
        let group = bench.group(&topic.name);
        group.shows(effect.source());
        let relay = bench.kafka().relay(|_: Asked| Fate::Pass).await?;
        Ok(Self { topic, group, effect, relay })
    }

    /// Whoever has worked is a member of the group.
    pub(super) async fn expect_member(&self) -> Outcome {
        self.group.expect_member(&self.relay).await
    }

    /// Sends so many more to each partition; these are then in the topic, the new ones last.
    pub(super) async fn send(&self, bench: &Bench, counts: [usize; 3]) -> Result<Vec<Record>, Failed> {
        let partitions = (0..).zip(counts).flat_map(|(partition, count)| std::iter::repeat_n(partition, count));
        self.send_these(bench, &partitions.map(|partition| new(bench, partition)).collect::<Vec<_>>()).await
    }

    pub(super) async fn send_these(&self, bench: &Bench, news: &[New]) -> Result<Vec<Record>, Failed> {
        let before = bench.kafka().read(&self.topic.name).await?;
        self.topic.feed.send(news).await?;
        let all = bench.kafka().read(&self.topic.name).await?;
        self.effect.knows(&all);
        Ok(all.into_iter().filter(|record| !before.contains(record)).collect())
    }

    pub(super) fn start(&self, bench: &Bench) -> Result<Member, Failed> {
        self.start_behind(bench, &self.relay)
    }

    pub(super) fn start_behind(&self, bench: &Bench, relay: &Relay) -> Result<Member, Failed> {
        self.group.start(bench, At::Relay(relay), &[("LAB_EFFECT_URL", &self.effect.url())])
    }

    /// Waits until each of these is done, and printed by this member.
    pub(super) async fn works_through(&self, member: &mut Member, records: &[Record]) -> Outcome {
        self.does(member, records, PATIENCE).await?;
        member.prints(TO_PRINT, "a line on stdout for each record that is done", records).await
    }

    /// Waits until each of these is done, or something shows that it won't be.
    pub(super) async fn does(&self, member: &mut Member, records: &[Record], patience: Duration) -> Outcome {
        let values: Vec<String> = records.iter().map(value_of).collect();
        let goes_wrong = self.effect.goes_wrong();
        // The same value may be there twice.
        let are_done = move |posts: &[Post]| {
            let times = |value: &String| values.iter().filter(|one| *one == value).count();
            let done = |value: &String| posts.iter().filter(|post| post.done && post.value == *value).count();
            values.iter().all(|value| done(value) >= times(value))
        };
        let done = self.effect.have_come(move |posts| are_done(posts) || goes_wrong(posts).is_some());
        let expected = match records.len() {
            1 => "a POST that is answered with 2xx".to_owned(),
            count => format!("{count} POSTs that are answered with 2xx, one for each record"),
        };
        member.until(patience, &expected, done).await?;
        match self.effect.goes_wrong()(&self.effect.posts()) {
            Some(expected) => Err(self.group.wrong(expected).await),
            None => Ok(()),
        }
    }

    /// The values of these that came, in the order in which they came.
    pub(super) fn posted_of(&self, records: &[Record]) -> Vec<String> {
        let values: Vec<String> = records.iter().map(value_of).collect();
        let posts = self.effect.posts().into_iter().map(|post| post.value);
        posts.filter(|value| values.contains(value)).collect()
    }

    /// How often its value came.
    pub(super) fn count_of(&self, record: &Record) -> usize {
        self.posted_of(std::slice::from_ref(record)).len()
    }

    /// The next offset of each partition.
    pub(super) async fn ends(&self, bench: &Bench) -> Result<Vec<Option<i64>>, Failed> {
        let there = bench.kafka().read(&self.topic.name).await?;
        let of = |number| there.iter().filter(move |record| record.partition == number).map(|record| record.offset + 1);
        Ok((0..3).map(|number| of(number).max()).collect())
    }

    /// The group is behind the last record of each partition.
    pub(super) async fn expect_committed_to_the_end(&self, bench: &Bench) -> Outcome {
        let (ends, committed) = (self.ends(bench).await?, self.group.committed().await?);
        self.group.expect(&committed_to(&ends), reaches(&committed, &ends)).await
    }
}

pub(super) fn new(bench: &Bench, partition: i32) -> New {
    let value = json!({ "id": bench.word(), "n": bench.number(1_000) });
    New { partition, key: Some(bench.word()), value: Some(value.to_string()) }
}

/// `committed offsets: 5 in partition 0, …`
pub(super) fn committed_to(ends: &[Option<i64>]) -> String {
    let of = |(number, end): (usize, &Option<i64>)| end.map(|end| format!("partition {number} @ {end}"));
    let all = ends.iter().enumerate().filter_map(of).collect::<Vec<_>>().join(", ");
    format!("that the group has committed, each the next after the last that was done: {all}")
}

/// In each partition that has records it is exactly there.
pub(super) fn reaches(committed: &[Option<i64>], ends: &[Option<i64>]) -> bool {
    ends.iter().zip(committed).all(|(end, committed)| end.is_none() || committed == end)
}

pub(super) fn value_of(record: &Record) -> String {
    String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()
}

pub(super) fn is_done(posts: &[Post], value: &str) -> bool {
    posts.iter().any(|post| post.done && post.value == value)
}

pub(super) fn of_partition(records: &[Record], number: i32) -> Vec<Record> {
    records.iter().filter(|record| record.partition == number).cloned().collect()
}
