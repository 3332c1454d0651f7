//! A topic with events, a group that works through it, and the stock that it changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::database::{Content, Database, Lock};
pub(super) use super::event::Event;
use super::event::record;
use crate::bench::Bench;
use crate::broker::{Asked, At, Fate, Group, Member, Relay};
use crate::http::Gate;
use crate::kafka::topic::Topic;
use crate::verdict::{Failed, Outcome, Who};

/// Until a new member must have done what is there: ten seconds are what the sentences say, and
/// what a busy machine adds.
pub(super) const PATIENCE: Duration = Duration::from_secs(12);
/// Until one that comes after a killed one must: fifteen.
pub(super) const AGAIN: Duration = Duration::from_secs(17);
/// Until one that is done with all asks for more. Behind the relay it asks ten times a second.
const TO_ASK: Duration = Duration::from_secs(2);
/// How often it is looked. There is nothing to be told by.
const LOOK: Duration = Duration::from_millis(40);
/// When all ids are in `seen`, until the stock must be right.
const PARTED: Duration = Duration::from_secs(2);
/// Of each equipment there is so much and more.
const MANY: u64 = 1_000;

/// What there is. Nobody orders `laptop`, which is another one; the last two are in no statement that was
/// put together from text.
pub(super) const EQUIPMENT: [&str; 7] =
    ["LAPTOP", "laptop", "MONITOR", "MOUSE", "DESK LAMP", "ADA'S CHAIR", "Câble 27\""];
/// Of this there is one.
pub(super) const THE_LAST: &str = "DESK LAMP";

pub(super) struct Store {
    topic: Topic,
    pub(super) group: Group,
    /// Before the members: behind it a fetch doesn't wait long, and so no window is over before the
    /// record has come.
    relay: Relay,
    /// While there is one, requests for records wait at it.
    held: Arc<Mutex<Option<Gate>>>,
    pub(super) database: Database,
    /// What must be in it when all is done that was sent.
    expected: Mutex<Content>,
    /// The id of each record, in the order of its partition: so a failure names it.
    ids: Mutex<BTreeMap<i32, Vec<String>>>,
}

impl Store {
    pub(super) async fn new(bench: &Bench, seen: &[String]) -> Result<Self, Failed> {
        let many = |name| if name == THE_LAST { 1 } else { (MANY + bench.number(MANY)) as i64 };
        let stock = EQUIPMENT.map(|name| (name.to_owned(), many(name)));
        let content = Content { stock: stock.into(), seen: seen.iter().cloned().collect() };
        let (topic, database) = (Topic::new(bench).await?, Database::new(&content)?);
        let held = Arc::<Mutex<Option<Gate>>>::default();
        let gate = Arc::clone(&held);
        let plan = move |asked: Asked| match lock(&gate).clone() {
            Some(gate) if asked.is_fetch() => Fate::Hold(gate),
            _ => Fate::Pass,
        };
        let relay = bench.kafka().relay(plan).await?;
        let (group, ids) = (bench.group(&topic.name), Mutex::default());
        Ok(Self { topic, group, relay, held, database, expected: Mutex::new(content), ids })
    }

    /// Whoever has asked for records is a member of the group.
    pub(super) async fn expect_member(&self) -> Outcome {
        self.group.expect_member(&self.relay).await
    }

    /// Sends them. Of those with an id that was there before nothing more is expected.
    pub(super) async fn send(&self, events: &[Event]) -> Outcome {
        let news: Vec<_> = events.iter().map(record).collect();
        {
            let (mut expected, mut ids) = (lock(&self.expected), lock(&self.ids));
            for event in events {
                ids.entry(event.partition).or_default().push(event.id.clone());
                if expected.seen.insert(event.id.clone()) {
                    for item in &event.equipment {
                        expected.stock.entry((*item).to_owned()).and_modify(|count| *count -= 1);
                    }
                }
            }
        }
        self.topic.feed.send_with(&news).await
    }

    /// The same to one that waits for records: it has them by now.
    pub(super) async fn hand_over(&self, events: &[Event]) -> Outcome {
        let gate = Gate::new();
        *lock(&self.held) = Some(gate.clone());
        gate.filled(1, TO_ASK).await;
        self.send(events).await?;
        *lock(&self.held) = None;
        gate.open();
        Ok(())
    }

    /// Somebody else puts so many more of each there.
    pub(super) async fn is_filled_up(&self, more: i64) -> Outcome {
        self.expects_more(more);
        self.database.execute(&more_of_each(more)).await
    }

    /// They do so in the transaction whose lock they hold.
    pub(super) async fn is_filled_up_by(&self, held: Lock, more: i64) -> Outcome {
        self.expects_more(more);
        held.release(&more_of_each(more)).await?;
        self.group.note(Who::Checker, "gives the lock back");
        Ok(())
    }

    fn expects_more(&self, more: i64) {
        lock(&self.expected).stock.values_mut().for_each(|count| *count += more);
        self.group.note(Who::Checker, format!("puts {more} more of each into the stock"));
    }

    pub(super) fn start(&self, bench: &Bench) -> Result<Member, Failed> {
        self.start_behind(bench, &self.relay)
    }

    pub(super) fn start_behind(&self, bench: &Bench, relay: &Relay) -> Result<Member, Failed> {
        self.group.start(bench, At::Relay(relay), &[("LAB_DATABASE", &self.database.path())])
    }

    /// Waits until the database is as it must be, or can't become so any more.
    pub(super) async fn becomes_right(&self, member: &mut Member, patience: Duration) -> Outcome {
        let expected = lock(&self.expected).clone();
        let settled = async {
            let mut all_seen: Option<Instant> = None;
            loop {
                let content = self.database.content().await?;
                if content == expected || is_beyond(&content, &expected) {
                    return Ok(());
                }
                match all_seen {
                    // Whoever parts the two has had the time to do both.
                    Some(since) if since.elapsed() > PARTED => return Ok(()),
                    None if content.seen == expected.seen => all_seen = Some(Instant::now()),
                    _ => {}
                }
                sleep(LOOK).await;
            }
        };
        let words = in_words(&expected);
        let waited = member.until(patience, &words, settled).await;
        let content = self.database.content().await?;
        match waited {
            Ok(Err(failed)) => Err(failed),
            _ if content == expected => Ok(()),
            Ok(Ok(())) => Err(self.wrong(&words, &content, &expected).await),
            // It says how long that took.
            Err(failed) => Err(self.wrong(&failed.expected, &content, &expected).await),
        }
    }

    /// It stays as it is for so long, while this one runs.
    pub(super) async fn stays(&self, before: &Content, member: &mut Member, time: Duration) -> Outcome {
        let changed = async {
            loop {
                match self.database.content().await {
                    Ok(content) if content == *before => sleep(LOOK).await,
                    other => return other,
                }
            }
        };
        let first = tokio::select! {
            changed = changed => changed?,
            ended = member.until(2 * time, "that it goes on", sleep(time)) => return ended,
        };
        let expected = format!("that neither `stock` nor `seen` changes: {}", in_words(before));
        Err(self.wrong(&expected, &first, before).await)
    }

    /// The content isn't as expected: each difference is said.
    pub(super) async fn wrong(&self, expected: &str, content: &Content, right: &Content) -> Failed {
        let mut differences = Vec::new();
        for (name, count) in &right.stock {
            let is = content.stock.get(name);
            if is != Some(count) {
                let is = is.map_or("missing".to_owned(), ToString::to_string);
                differences.push(format!("(stock: {name} is {is}, and not {count})"));
            }
        }
        differences.extend(right.seen.difference(&content.seen).map(|id| format!("(seen: {id} is missing)")));
        differences.extend(content.seen.difference(&right.seen).map(|id| format!("(seen: {id} is there)")));
        let failed = self.group.wrong(expected).await;
        let came_back = format!("{}\n{}", differences.join("\n"), failed.came_back);
        Failed { sent: self.with_ids(&failed.sent), came_back, ..failed }
    }

    /// Waits until the group is behind the last record of each partition, or so long.
    pub(super) async fn may_commit(&self, patience: Duration) -> Outcome {
        let begin = Instant::now();
        while begin.elapsed() < patience && !reaches(&self.ends(), &self.group.committed().await?) {
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Where each partition ends, as far as there is anything in it.
    pub(super) fn ends(&self) -> Vec<Option<i64>> {
        let ids = lock(&self.ids);
        (0..3).map(|number| ids.get(&number).map(|ids| ids.len() as i64)).collect()
    }

    /// The group is behind the last record of each partition.
    pub(super) async fn expect_committed_to_the_end(&self) -> Outcome {
        let (ends, committed) = (self.ends(), self.group.committed().await?);
        let at_the_end = reaches(&ends, &committed);
        let of = |(number, end): (usize, &Option<i64>)| end.map(|end| format!("partition {number} @ {end}"));
        let all: Vec<_> = ends.iter().enumerate().filter_map(of).collect();
        self.group.expect(&format!("that the group has committed: {}", all.join(", ")), at_the_end).await
    }

    /// The records that are listed there, each with its id.
    fn with_ids(&self, sent: &str) -> String {
        let ids = lock(&self.ids);
        let id = |line: &str| {
            let (place, _) = line.strip_prefix("partition ")?.split_once("  ")?;
            let (partition, offset) = place.split_once(" @ ")?;
            ids.get(&partition.parse().ok()?)?.get(offset.parse::<usize>().ok()?)
        };
        let named = |line: &str| match id(line) {
            Some(id) => format!("{line}  ce_id={id}"),
            None => line.replace("place, key, value", "place, key, value, ce_id"),
        };
        sent.lines().map(named).collect::<Vec<_>>().join("\n")
    }
}

/// Some has more than that been taken, or something is there that must not be.
fn is_beyond(content: &Content, expected: &Content) -> bool {
    let too_few = |(name, count): (&String, &i64)| expected.stock.get(name).is_none_or(|right| count < right);
    content.stock.iter().any(too_few) || !content.seen.is_subset(&expected.seen)
}

fn reaches(ends: &[Option<i64>], committed: &[Option<i64>]) -> bool {
    ends.iter().zip(committed).all(|(end, committed)| end.is_none() || end == committed)
}

fn more_of_each(more: i64) -> String {
    format!("UPDATE stock SET count = count + {more};")
}

fn in_words(content: &Content) -> String {
    let stock: Vec<_> = content.stock.iter().map(|(name, count)| format!("{name} {count}")).collect();
    format!("in `stock` {}; in `seen` {} ids", stock.join(", "), content.seen.len())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
