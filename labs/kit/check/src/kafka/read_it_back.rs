//! kafka/02: read a topic to the end that was there at the start.

mod end;
mod slow;

use std::sync::Arc;
use std::time::Duration;

use futures_util::join;
use serde_json::json;
use tokio::time::sleep;

use self::end::is_where_it_was;
use self::slow::{is_not_at_its_end, pauses_in_between};
use super::README;
use super::topic::{TO_READ, Topic, filled, holding, new, opened};
use crate::bench::Bench;
use crate::broker::{Asked, At, Consuming, Fate, MEMBER, New, OFFSET_COMMIT, Record};
use crate::exercise::{Exercise, Role, checks};
use crate::http::Gate;
use crate::meanwhile::Meanwhile;
use crate::verdict::Outcome;

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

/// What it takes for a commit.
const COMMIT: Duration = Duration::from_secs(1);
/// For an end where nobody is there: ten seconds, and what a busy machine adds.
const NOBODY: Duration = Duration::from_secs(11);

async fn a_new_group_gets_all(bench: &mut Bench) -> Outcome {
    for counts in [[5, 3, 2], [2, 40, 7]] {
        let topic = filled(bench, counts).await?;
        reads_all(&topic.read_by(bench, &bench.word()).await?)?;
        bench.seen.insert(Arc::new(topic));
    }
    Ok(())
}

async fn another_group_gets_all(bench: &mut Bench) -> Outcome {
    // They take long, and are judged in the end.
    let begun = bench.begin(long_ones);
    bench.seen.insert(begun);
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
        (100_000 + bench.number(800_000)).to_string(),
        "null".to_owned(),
        format!(" {} ", bench.word()),
        String::new(),
        format!("\"{}\"", bench.word()),
        format!("\u{1}\u{7f}\u{feff}{}\u{2028}e\u{301}\t", bench.word()),
        json!([bench.word(), true]).to_string(),
        format!("\\n\\u0041 %41+{}", bench.word()),
        "1.0".to_owned(),
        "{}".to_owned(),
    ];
    let mut news: Vec<New> = (0..)
        .zip(texts.iter().zip(texts.iter().cycle().skip(1)))
        .map(|(number, (value, key))| New { partition: number % 3, key: Some(key.clone()), value: Some(value.clone()) })
        .collect();
    // The same again is another record.
    news.extend([news[0].clone(), news[0].clone()]);
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
    begun(bench).await.slow.clone()
}

async fn the_same_group_goes_on(bench: &mut Bench) -> Outcome {
    begun(bench).await.again.clone()
}

async fn the_end_is_where_it_was(bench: &mut Bench) -> Outcome {
    begun(bench).await.end.clone()
}

async fn nobody_is_there(bench: &mut Bench) -> Outcome {
    begun(bench).await.nobody.clone()
}

/// What came of the checks in which somebody has to wait: they are made at once.
struct LongOnes {
    slow: Outcome,
    again: Outcome,
    end: Outcome,
    nobody: Outcome,
}

async fn long_ones(bench: Bench) -> Arc<LongOnes> {
    let (slow, pauses, again, end, nobody) = join!(
        is_not_at_its_end(&bench),
        pauses_in_between(&bench),
        goes_on(&bench),
        is_where_it_was(&bench),
        fails_without_a_broker(&bench)
    );
    Arc::new(LongOnes { slow: slow.and(pauses), again, end, nobody })
}

async fn begun(bench: &Bench) -> Arc<LongOnes> {
    let begun = bench.seen.get::<Meanwhile<Arc<LongOnes>>>();
    begun.expect("an earlier check has begun them").outcome().await
}

async fn goes_on(bench: &Bench) -> Outcome {
    let (topic, group, gate) = (filled(bench, [4, 0, 3]).await?, bench.word(), Gate::new());
    let relay = holding(bench, &gate, Asked::is_commit, Fate::Hold).await?;
    // A program that ends before has given up its connection, and the commit with it.
    let enough = opened(&gate, relay.wait_for(OFFSET_COMMIT, 1), COMMIT, COMMIT + TO_READ);
    let first = bench.consume(At::Relay(&relay), &topic.name, &group, enough).await?;
    reads_all(&first)?;
    first.expect(MEMBER, relay.has_member())?;
    let mut known = first.there;
    // A partition in which it has committed nothing begins where it begins.
    for (more, run) in [([0, 0, 0], "second"), ([2, 3, 1], "third")] {
        topic.send(bench, more).await?;
        let committed = bench.kafka().committed(&group, &topic.name).await?;
        let again = topic.read_by(bench, &group).await?.noted(&format!("(its {run} run; {})", places(&committed)));
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

/// What a group has committed, as it is told.
fn places(committed: &[Option<i64>]) -> String {
    let place = |(partition, offset): (usize, &Option<i64>)| match offset {
        Some(offset) => format!("partition {partition} @ {offset}"),
        None => format!("partition {partition} nothing"),
    };
    let all: Vec<String> = committed.iter().enumerate().map(place).collect();
    format!("the group had committed: {}", all.join(", "))
}

async fn fails_without_a_broker(bench: &Bench) -> Outcome {
    let topic = Topic::new(bench).await?;
    let run = bench.consume(At::Nobody, &topic.name, &bench.word(), sleep(NOBODY)).await?;
    run.expect_exit(1)?;
    run.expect_no_output()
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
