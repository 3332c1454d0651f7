//! One member, with nobody to share with.

use std::time::Duration;

use tokio::time::sleep;

use super::grows;
use super::leaves;
use crate::bench::Bench;
use crate::broker::{At, Fate, Group, Member, New, Record};
use crate::kafka::topic::{PATIENCE, filled, new};
use crate::verdict::{Failed, Outcome};

/// Records that are there before it: of one partition so many that offsets get longer.
const FIRST: [usize; 3] = [12, 5, 2];
/// As the sentence says.
const SILENCE: Duration = Duration::from_secs(2);

/// What came of it.
#[derive(Clone)]
struct Alone {
    all: Outcome,
    later: Outcome,
}

pub(super) async fn alone_gets_all(bench: &mut Bench) -> Outcome {
    let outcomes = alone(bench).await;
    bench.seen.insert(outcomes.clone());
    if outcomes.later.is_ok() {
        // They take long, and go on at the same time.
        grows::begin(bench);
        leaves::begin(bench);
    }
    outcomes.all
}

pub(super) async fn goes_on(bench: &mut Bench) -> Outcome {
    bench.seen.get::<Alone>().expect("one was alone").later.clone()
}

async fn alone(bench: &Bench) -> Alone {
    match first(bench).await {
        Err(failed) => Alone { all: Err(failed.clone()), later: Err(failed) },
        Ok(later) => Alone { all: Ok(()), later },
    }
}

async fn first(bench: &Bench) -> Result<Outcome, Failed> {
    let topic = filled(bench, FIRST).await?;
    let group = bench.group(&topic.name);
    let relay = bench.kafka().relay(|_| Fate::Pass).await?;
    let mut member = group.start(bench, At::Relay(&relay), &[])?;
    prints_all(bench, &group, &mut member, &topic.name, "a line for each record, those of a partition in their order")
        .await?;
    let more = async {
        member.until(PATIENCE, "that it still runs after 2 seconds without a record", sleep(SILENCE)).await?;
        topic.feed.send(&odd_ones(bench)).await?;
        prints_all(bench, &group, &mut member, &topic.name, "a line for each record that came later").await
    };
    Ok(more.await)
}

/// With and without a key and a value, and with what JSON has to write in another way.
fn odd_ones(bench: &Bench) -> Vec<New> {
    let text = || Some(format!("{} \"é\"\\ \t\u{1f3a7} / {{}}", bench.word()));
    let plain = |partition| new(bench, partition);
    let twice = plain(1);
    vec![
        twice.clone(),
        twice,
        New { key: None, ..plain(0) },
        plain(0),
        New { value: None, ..plain(1) },
        // An empty text isn't none.
        New { key: Some(String::new()), ..plain(1) },
        New { value: Some(String::new()), ..plain(0) },
        New { value: text(), key: text(), ..plain(2) },
        New { key: None, value: None, ..plain(2) },
        plain(2),
    ]
}

async fn prints_all(bench: &Bench, group: &Group, member: &mut Member, topic: &str, expected: &str) -> Outcome {
    let there = bench.kafka().read(topic).await?;
    member.prints(PATIENCE, expected, &there).await?;
    let printed = member.printed().await?;
    let of = |records: &[Record], number| -> Vec<Record> {
        records.iter().filter(|record| record.partition == number).cloned().collect()
    };
    let same = (0..3).all(|number| of(&printed, number) == of(&there, number));
    group.expect(&format!("{expected}, once"), same && printed.len() == there.len()).await
}
