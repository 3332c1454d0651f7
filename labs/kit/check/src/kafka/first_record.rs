//! kafka/01: send a record, and know that it arrived.

use std::sync::Arc;
use std::time::Duration;

use futures_util::try_join;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::README;
use crate::bench::Bench;
use crate::broker::{Asked, At, Fate, PRODUCE, Producing, Relay, lines_of};
use crate::exercise::{Exercise, Role, checks};
use crate::http::Gate;
use crate::verdict::{Failed, Outcome};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "kafka/01",
    name: "first_record",
    role: Role::KafkaProducer,
    data: include_str!("first_record.toml"),
    readme: README,
    checks: checks![
        it_is_there_at_the_end,
        each_line_is_a_record,
        the_key_is_the_id,
        the_value_is_the_order,
        a_bad_line_is_named,
        what_is_too_large_is_named,
        what_is_refused_is_named,
        nobody_is_there,
        silence_is_no_delivery,
    ],
};

/// Until the first record comes. Some languages take seconds on a busy machine.
const TO_START: Duration = Duration::from_secs(15);
/// What a slow broker takes, as the sentence says.
const SLOW: Duration = Duration::from_secs(2);
/// From the start: ten seconds, as the sentences say, and what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(12);
/// `INVALID_RECORD`: the broker has looked at the record and doesn't take it; to ask again is no use.
const INVALID_RECORD: i16 = 87;
/// More than a client sends, or a broker takes, unless somebody has told both otherwise.
const TOO_LARGE: usize = 1_200_000;
/// Some of these programs wait for one delivery after the other.
const MANY: usize = 40;

async fn it_is_there_at_the_end(bench: &mut Bench) -> Outcome {
    let (gate, order) = (Gate::new(), order(bench));
    let held = gate.clone();
    let hold = move |asked: Asked| if asked.is_produce() { Fate::Hold(held.clone()) } else { Fate::Pass };
    let relay = bench.kafka().relay(hold).await?;
    let enough = async {
        if timeout(TO_START, relay.wait_for(PRODUCE, 1)).await.is_ok() {
            sleep(SLOW).await;
            // A program that has ended by now has given up its connection, and the record with it.
            gate.open();
            sleep(PATIENCE).await;
        }
    };
    let run = bench.produce_until(At::Relay(&relay), &lines_of(&[order]), enough).await?;
    run.expect("exit code 0, and one record in the topic", run.records.len() == 1)?;
    run.expect_exit(0)
}

async fn each_line_is_a_record(bench: &mut Bench) -> Outcome {
    let mut lines: Vec<String> = (0..MANY).map(|_| order(bench)).collect();
    // Whether somebody orders the same twice is not for the sender to judge.
    lines.push(lines[0].clone());
    // The last line of a file may lack its end.
    for stdin in [lines_of(&lines), lines_of(&lines).trim_end().to_owned(), lines[1].clone()] {
        let count = stdin.lines().count();
        let run = bench.produce_until(At::Broker, &stdin, sleep(PATIENCE)).await?;
        run.expect(&format!("as many records in the topic as lines on stdin: {count}"), run.records.len() == count)?;
        run.expect_exit(0)?;
    }
    Ok(())
}

async fn the_key_is_the_id(bench: &mut Bench) -> Outcome {
    let ids = [
        bench.id(),
        bench.word(),
        format!("{:012}", bench.number(1_000_000)),
        format!("Zoë's \"{}\" \\ 🎧", bench.word()),
        bench.word().repeat(20),
    ];
    for id in ids {
        // Another `id` stands before it, and one behind.
        let inner = json!({ "id": bench.word() });
        let line = format!("{{\"by\":{inner},\"id\":{},\"to\":{inner}}}", json!(id));
        let run = bench.produce(At::Broker, &[line], PATIENCE).await?;
        let is_it = run.records.len() == 1 && run.records[0].key.as_deref() == Some(id.as_bytes());
        run.expect(&format!("one record, and its key is the text {id}"), is_it)?;
    }
    Ok(())
}

async fn the_value_is_the_order(bench: &mut Bench) -> Outcome {
    for value in [full_order(bench), json!({ "id": bench.id() }), full_order(bench)] {
        let run = bench.produce(At::Broker, &[value.to_string().replace("\":", "\" : ")], PATIENCE).await?;
        let sent = run.records.first().and_then(|record| record.value.as_deref());
        let same = sent.and_then(|sent| serde_json::from_slice::<Value>(sent).ok()).as_ref() == Some(&value);
        run.expect("one record, and its value is the JSON that came, with all of its fields", same)?;
    }
    Ok(())
}

async fn a_bad_line_is_named(bench: &mut Bench) -> Outcome {
    let good: Vec<String> = (0..3).map(|_| order(bench)).collect();
    let (word, cut) = (bench.word(), &good[0][..good[0].len() - 1]);
    let bad = [
        word.clone(),
        json!({ "created_by": word }).to_string(),
        cut.to_owned(),
        format!("[{}]", good[0]),
        json!({ "id": bench.number(1_000_000) }).to_string(),
        json!({ "id": null, "created_by": word }).to_string(),
        json!(good[0]).to_string(),
    ];
    for bad in bad.chunks(3) {
        let mut lines = good.clone();
        // One is the first.
        bad.iter().enumerate().for_each(|(number, bad)| lines.insert(number * 2, bad.clone()));
        let run = bench.produce(At::Broker, &lines, PATIENCE).await?;
        let here = bad.iter().enumerate().map(|(number, _)| format!("line {}", number * 2 + 1));
        let said = here.clone().all(|line| run.names(&line));
        run.expect(&format!("on stderr: {}", here.collect::<Vec<_>>().join(", ")), said)?;
        run.expect("the other lines are in the topic, and nothing else", are_there(&run, &good))?;
        run.expect_exit(1)?;
    }
    Ok(())
}

async fn what_is_too_large_is_named(bench: &mut Bench) -> Outcome {
    let ids = [bench.id(), bench.id(), bench.id()];
    let lines = ids.each_ref().map(|id| json!({ "id": id, "created_by": bench.word() }).to_string());
    let large = format!("{{\"note\":\"{}\",\"id\":\"{}\"}}", "x".repeat(TOO_LARGE), ids[1]);
    let [first, _, last] = lines;
    let run = bench.produce(At::Broker, &[first, large, last], PATIENCE).await?;
    // Whoever has raised every bound may have had it taken.
    let arrived = run.records.iter().any(|record| record.key_text() == Some(&ids[1]));
    if !arrived {
        run.expect_named(&ids[1])?;
        run.expect_exit(1)?;
    }
    for id in [&ids[0], &ids[2]] {
        let there = run.records.iter().any(|record| record.key_text() == Some(id));
        run.expect(&format!("the record with the key {id} in the topic"), there)?;
        run.expect(&format!("{id}, which has arrived, isn't named on stderr"), !run.names(id))?;
    }
    Ok(())
}

async fn what_is_refused_is_named(bench: &mut Bench) -> Outcome {
    let refuse = |asked: Asked| if asked.is_produce() { Fate::Refuse(INVALID_RECORD) } else { Fate::Pass };
    let relay = bench.kafka().relay(refuse).await?;
    for count in [1, 3] {
        let (ids, lines) = orders(bench, count);
        let run = bench.produce(At::Relay(&relay), &lines, PATIENCE).await?;
        all_are_named(&run, &ids)?;
    }
    Ok(())
}

async fn nobody_is_there(bench: &mut Bench) -> Outcome {
    for (ids, run) in &without_a_broker(bench).await?[..1] {
        all_are_named(run, ids)?;
    }
    Ok(())
}

async fn silence_is_no_delivery(bench: &mut Bench) -> Outcome {
    for (ids, run) in &without_a_broker(bench).await?[1..] {
        all_are_named(run, ids)?;
    }
    Ok(())
}

/// Runs in which no delivery can be known, with the ids: two checks judge them, because each
/// takes as long as the program waits. First where nobody listens; then brokers that are
/// silent, from the first question on or from the first record on.
type Runs = Arc<Vec<(Vec<String>, Producing)>>;

async fn without_a_broker(bench: &mut Bench) -> Result<Runs, Failed> {
    if let Some(runs) = bench.seen.get::<Runs>() {
        return Ok(runs.clone());
    }
    let silent = |from: fn(Asked) -> bool| {
        // Nobody opens it.
        let gate = Gate::new();
        move |asked: Asked| if from(asked) { Fate::HoldAnswer(gate.clone()) } else { Fate::Pass }
    };
    let deaf: Relay = bench.kafka().relay(silent(|_| true)).await?;
    let late: Relay = bench.kafka().relay(silent(Asked::is_produce)).await?;
    // Who waits for one delivery after the other takes that long for each.
    let given = [4, 1, 4].map(|count| orders(bench, count));
    let (nobody, deaf, late) = try_join!(
        bench.produce(At::Nobody, &given[0].1, PATIENCE),
        bench.produce(At::Relay(&deaf), &given[1].1, PATIENCE),
        bench.produce(At::Relay(&late), &given[2].1, PATIENCE),
    )?;
    let runs: Runs = Arc::new(given.into_iter().map(|(ids, _)| ids).zip([nobody, deaf, late]).collect());
    bench.seen.insert(runs.clone());
    Ok(runs)
}

/// Exit code 1, and each id on stderr.
fn all_are_named(run: &Producing, ids: &[String]) -> Outcome {
    run.expect_exit(1)?;
    ids.iter().try_for_each(|id| run.expect_named(id))
}

/// Each of these is there once, and nothing else.
fn are_there(run: &Producing, lines: &[String]) -> bool {
    let sorted = |mut all: Vec<String>| {
        all.sort_unstable();
        all
    };
    let key = |line: &String| serde_json::from_str::<Value>(line).ok()?["id"].as_str().map(str::to_owned);
    let there = run.records.iter().map(|record| record.key_text().unwrap_or_default().to_owned());
    sorted(there.collect()) == sorted(lines.iter().filter_map(key).collect())
}

/// Ids, and orders with them.
fn orders(bench: &Bench, count: usize) -> (Vec<String>, Vec<String>) {
    let ids: Vec<String> = (0..count).map(|_| bench.id()).collect();
    let lines = ids.iter().map(|id| json!({ "id": id, "created_by": bench.word() }).to_string()).collect();
    (ids, lines)
}

fn order(bench: &Bench) -> String {
    json!({ "id": bench.id(), "created_by": bench.word(), "equipment": ["KEYBOARD"] }).to_string()
}

/// Every kind of JSON, but for numbers that languages write in several ways.
fn full_order(bench: &Bench) -> Value {
    json!({
        "id": bench.id(),
        "created_by": format!("Zoë \"{}\" \\ {{}} 🦀\n", bench.word()),
        "equipment": ["KEYBOARD", bench.word(), "KEYBOARD"],
        "desk": 100_000 + bench.number(800_000),
        bench.word(): { "none": null, "yes": true, "half": -0.5, "empty": [[], {}, ""] },
    })
}
