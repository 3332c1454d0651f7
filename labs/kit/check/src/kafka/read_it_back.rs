//! kafka/02: read a topic to the end that was there at the start.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{join, try_join};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::README;
use crate::bench::Bench;
use crate::broker::{Asked, At, Consuming, FETCH, Fate, Feed, New, Record};
use crate::exercise::{Exercise, Role, checks};
use crate::http::Gate;
use crate::verdict::{Failed, Outcome};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "kafka/02",
    name: "read_it_back",
    role: Role::KafkaConsumer,
    data: include_str!("read_it_back.toml"),
    readme: README,
    checks: checks![
        a_new_group_gets_all,
        another_group_gets_all,
        each_line_says_what_it_is,
        what_is_not_there_is_null,
        empty_partitions_have_no_records,
        a_slow_broker_is_not_at_its_end,
        the_same_group_goes_on,
        the_end_is_where_it_was,
        nobody_is_there,
    ],
};

/// From the start: ten seconds, as the sentences say, and what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(12);
/// What a slow broker takes for its first records, as the sentence says.
const SLOW: Duration = Duration::from_secs(3);
/// By so many requests of the checker's the last partition is longer than the others.
const LONGER: usize = 12;
/// Between two records that come while the program reads.
const MOMENT: Duration = Duration::from_millis(50);

async fn a_new_group_gets_all(bench: &mut Bench) -> Outcome {
    for counts in [[5, 3, 2], [2, 40, 7]] {
        let topic = filled(bench, counts).await?;
        reads_all(&topic.read_by(bench, &bench.word()).await?)?;
        bench.seen.insert(Arc::new(topic));
    }
    Ok(())
}

async fn another_group_gets_all(bench: &mut Bench) -> Outcome {
    let read = bench.seen.get::<Arc<Topic>>().map(Arc::clone);
    let topic = read.expect("a new group has read it");
    reads_all(&topic.read_by(bench, &bench.word()).await?)
}

async fn each_line_says_what_it_is(bench: &mut Bench) -> Outcome {
    let topic = Topic::new(bench).await?;
    let texts = [
        json!({ "id": bench.id(), "n": 1 }).to_string(),
        format!("Zoë \"{}\" \\ 🎧", bench.word()),
        format!("two\nlines, a\ttab and {}\r\n", bench.word()),
        bench.number(1_000_000).to_string(),
        "null".to_owned(),
        format!(" {} ", bench.word()),
        String::new(),
    ];
    let news: Vec<New> = (0..)
        .zip(&texts)
        .map(|(number, text)| New {
            partition: number % 3,
            key: Some(text.chars().rev().collect()),
            value: Some(text.clone()),
        })
        .collect();
    topic.feed.send(&news).await?;
    reads_all(&topic.read_by(bench, &bench.word()).await?)
}

async fn what_is_not_there_is_null(bench: &mut Bench) -> Outcome {
    let topic = Topic::new(bench).await?;
    let mut news: Vec<New> = (0..6).map(|number| new(bench, number % 3)).collect();
    news[0].key = None;
    news[1].value = None;
    (news[5].key, news[5].value) = (None, None);
    topic.feed.send(&news).await?;
    reads_all(&topic.read_by(bench, &bench.word()).await?)
}

async fn empty_partitions_have_no_records(bench: &mut Bench) -> Outcome {
    for counts in [[0, 3, 0], [2, 0, 4], [0, 0, 0]] {
        let topic = filled(bench, counts).await?;
        reads_all(&topic.read_by(bench, &bench.word()).await?)?;
    }
    Ok(())
}

async fn a_slow_broker_is_not_at_its_end(bench: &mut Bench) -> Outcome {
    let (topic, gate) = (filled(bench, [3, 2, 4]).await?, Gate::new());
    let held = gate.clone();
    let hold = move |asked: Asked| if asked.is_fetch() { Fate::HoldAnswer(held.clone()) } else { Fate::Pass };
    let relay = bench.kafka().relay(hold).await?;
    let enough = async {
        if timeout(PATIENCE, relay.wait_for(FETCH, 1)).await.is_ok() {
            sleep(SLOW).await;
            gate.open();
            sleep(PATIENCE).await;
        }
    };
    let group = bench.word();
    let slow = bench.consume(At::Relay(&relay), &topic.name, &group, enough);
    // Both take their time: the other is for the last check.
    let (slow, nobody) = try_join!(slow, without_a_broker(bench))?;
    bench.seen.insert(Arc::new(nobody));
    reads_all(&slow)
}

async fn the_same_group_goes_on(bench: &mut Bench) -> Outcome {
    // With both it takes a while until the broker has seen that the first run's member has left.
    let (again, end) = join!(goes_on(bench), ends_where_it_was(bench));
    bench.seen.insert(Ending(end));
    again
}

/// What came of a check that was made with another.
#[derive(Clone)]
struct Ending(Outcome);

async fn the_end_is_where_it_was(bench: &mut Bench) -> Outcome {
    match bench.seen.get::<Ending>() {
        Some(Ending(outcome)) => outcome.clone(),
        None => ends_where_it_was(bench).await,
    }
}

async fn goes_on(bench: &Bench) -> Outcome {
    let (topic, group) = (filled(bench, [4, 2, 3]).await?, bench.word());
    let first = topic.read_by(bench, &group).await?;
    reads_all(&first)?;
    let mut known = first.there;
    for more in [[0, 0, 0], [2, 0, 1]] {
        topic.send(bench, more).await?;
        let again = topic.read_by(bench, &group).await?;
        let new: Vec<Record> = again.there.iter().filter(|record| !known.contains(record)).cloned().collect();
        let what = match new.len() {
            0 => format!("nothing on stdout: the group {group} has read all of these before"),
            count => format!("on stdout the {count} records that the group {group} hasn't read before"),
        };
        again.expect_printed(&what, &new)?;
        again.expect_exit(0)?;
        known = again.there;
    }
    Ok(())
}

async fn ends_where_it_was(bench: &Bench) -> Outcome {
    let (topic, group) = (filled(bench, [1, 1, 1]).await?, bench.word());
    // While it still reads here, it is given what is behind the end of the others.
    for _ in 0..LONGER {
        topic.send(bench, [0, 0, 1]).await?;
    }
    let before = bench.kafka().read(&topic.name).await?;
    let first = tokio::select! {
        first = topic.read_by(bench, &group) => first?,
        failed = topic.feed.send_on(|| (0..3).map(|partition| new(bench, partition)).collect(), MOMENT) => {
            return failed;
        }
    };
    first.expect_exit(0)?;
    let printed = first.printed()?;
    let has_them = before.iter().all(|record| printed.contains(record));
    first.expect(&format!("on stdout at least the {} records that were there at the start", before.len()), has_them)?;
    // What it had in hand, and didn't print, is as good as lost when it has committed that.
    let second = topic.read_by(bench, &group).await?;
    let rest: Vec<Record> = second.there.iter().filter(|record| !printed.contains(record)).cloned().collect();
    let what = format!("on stdout the {} records that the group {group} hasn't printed the first time", rest.len());
    second.expect_printed(&what, &rest)?;
    second.expect_exit(0)
}

async fn nobody_is_there(bench: &mut Bench) -> Outcome {
    let run = match bench.seen.get::<Arc<Consuming>>() {
        Some(run) => Arc::clone(run),
        None => Arc::new(without_a_broker(bench).await?),
    };
    run.expect_exit(1)?;
    run.expect_no_output()
}

async fn without_a_broker(bench: &Bench) -> Result<Consuming, Failed> {
    let topic = Topic::new(bench).await?;
    bench.consume(At::Nobody, &topic.name, &bench.word(), sleep(PATIENCE)).await
}

/// Each record once, and exit code 0.
fn reads_all(run: &Consuming) -> Outcome {
    let what = match run.there.len() {
        0 => "nothing on stdout".to_owned(),
        count => format!("on stdout each of the {count} records, once, those of a partition in their order"),
    };
    run.expect_printed(&what, &run.there)?;
    run.expect_exit(0)
}

/// A topic, and how records get there.
struct Topic {
    name: String,
    feed: Feed,
}

impl Topic {
    async fn new(bench: &Bench) -> Result<Self, Failed> {
        let name = bench.kafka().topic().await?;
        Ok(Self { feed: bench.kafka().feed(&name)?, name })
    }

    /// So many more in each partition.
    async fn send(&self, bench: &Bench, counts: [usize; 3]) -> Outcome {
        let partitions = (0..).zip(counts).flat_map(|(partition, count)| std::iter::repeat_n(partition, count));
        self.feed.send(&partitions.map(|partition| new(bench, partition)).collect::<Vec<_>>()).await
    }

    async fn read_by(&self, bench: &Bench, group: &str) -> Result<Consuming, Failed> {
        bench.consume(At::Broker, &self.name, group, sleep(PATIENCE)).await
    }
}

/// A topic with so many records in each partition.
async fn filled(bench: &Bench, counts: [usize; 3]) -> Result<Topic, Failed> {
    let topic = Topic::new(bench).await?;
    topic.send(bench, counts).await?;
    Ok(topic)
}

fn new(bench: &Bench, partition: i32) -> New {
    New { partition, key: Some(bench.id()), value: Some(format!("order of {}", bench.word())) }
}
