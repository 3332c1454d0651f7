//! kafka/01: send a record, and know that it arrived.

mod away;
mod orders;
mod refused;

use std::time::Duration;

use futures_util::join;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use self::away::{nobody_is_there, silence_is_no_delivery, without_a_broker};
use self::orders::{bad_lines, escaped, full_order, is_order, line_with, mixed, order, texts};
use self::refused::{what_is_refused_is_named, what_is_too_large_is_named};
use super::README;
use crate::bench::Bench;
use crate::broker::{Asked, At, Fate, METADATA, PRODUCE, Producing, lines_of};
use crate::exercise::{Exercise, Role, checks};
use crate::http::Gate;
use crate::verdict::Outcome;

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "kafka/01",
    name: "first_record",
    role: Role::KafkaProducer,
    data: include_str!("../first_record.toml"),
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
/// What a slow broker takes: two seconds, as the sentence says, and a moment more, for libraries look
/// at their time-outs once in a while.
const SLOW: Duration = Duration::from_millis(2_200);
/// From the start: ten seconds, as the sentences say, and what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(11);
/// Some of these programs wait for one delivery after the other.
const MANY: usize = 40;

async fn it_is_there_at_the_end(bench: &mut Bench) -> Outcome {
    let (for_the_record, for_the_way) = join!(a_slow_broker(bench, PRODUCE), a_slow_broker(bench, METADATA));
    for_the_record.and(for_the_way)
}

/// It takes so long for the first request of this kind, and for those that come meanwhile.
async fn a_slow_broker(bench: &Bench, kind: i16) -> Outcome {
    let (gate, order) = (Gate::new(), order(bench));
    let held = gate.clone();
    let hold = move |asked: Asked| if asked.api == kind { Fate::Hold(held.clone()) } else { Fate::Pass };
    let relay = bench.kafka().relay(hold).await?;
    let enough = async {
        if timeout(TO_START, relay.wait_for(kind, 1)).await.is_ok() {
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
    // They take as long as the program waits, and are judged in the end.
    let without_a_broker = bench.begin(without_a_broker);
    bench.seen.insert(without_a_broker);
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
    let plain = vec![bench.id()];
    for ids in [plain, texts(bench)] {
        let lines: Vec<String> = (0..).zip(&ids).map(|(number, id)| line_with(bench, number, id)).collect();
        let run = bench.produce(At::Broker, &lines, PATIENCE).await?;
        for id in &ids {
            let its = run.records.iter().filter(|record| record.key.as_deref() == Some(id.as_bytes()));
            let what =
                format!("one record whose key is the text that JSON writes as {}: without its quotes", json!(id));
            run.expect(&what, its.count() == 1)?;
        }
        run.expect(&format!("{} records", ids.len()), run.records.len() == ids.len())?;
    }
    Ok(())
}

async fn the_value_is_the_order(bench: &mut Bench) -> Outcome {
    // U+0085 ends a line in some languages, and is a character like others in JSON.
    let few =
        [json!({ "id": bench.id() }), json!({ "id": bench.id() }), json!({ "id": bench.id(), "note": "a\u{85}b" })];
    let several = (0..4).map(|_| full_order(bench)).chain(few).collect();
    for orders in [vec![full_order(bench)], several] {
        let spaced = |order: &Value| order.to_string().replace("\":", "\" : ");
        let lines: Vec<String> = orders.iter().map(spaced).enumerate().map(every_other_escaped).collect();
        let run = bench.produce(At::Broker, &lines, PATIENCE).await?;
        for line in &lines {
            let came: Option<Value> = serde_json::from_str(line).ok();
            let id = came.as_ref().and_then(|came| came["id"].as_str());
            let its = run.records.iter().find(|record| record.key_text() == id);
            let what = "one record, and its value is the JSON that came, with all of its fields";
            let what =
                if lines.len() == 1 { what.to_owned() } else { format!("{what}: of {}", id.unwrap_or_default()) };
            run.expect(&what, its.is_some_and(|record| is_order(record, line)))?;
        }
    }
    Ok(())
}

async fn a_bad_line_is_named(bench: &mut Bench) -> Outcome {
    for bad in bad_lines(bench).chunks(11) {
        let (lines, good) = mixed(bench, bad);
        let run = bench.produce(At::Broker, &lines, PATIENCE).await?;
        let (lines, good) = (&lines, &good);
        let numbered = |is_good: bool| (1..).zip(lines).filter(move |(_, line)| good.contains(*line) == is_good);
        for (number, line) in numbered(false) {
            let name = format!("line {number}");
            let shown = if line.is_empty() { "(an empty line)" } else { line };
            run.expect(&format!("on stderr: {name}, for this is no order: {shown}"), run.names(&name))?;
        }
        run.expect("the other lines are in the topic as they came, and nothing else", are_there(&run, good))?;
        // What a parser says of one line has its number 1.
        for name in numbered(true).filter(|(number, _)| *number > 1).map(|(number, _)| format!("line {number}")) {
            run.expect(&format!("{name}, which is an order, isn't named on stderr"), !run.names(&name))?;
        }
        run.expect_exit(1)?;
    }
    Ok(())
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
        && lines.iter().all(|line| run.records.iter().any(|record| is_order(record, line)))
}

fn every_other_escaped((number, line): (usize, String)) -> String {
    if number % 2 == 1 { escaped(&line) } else { line }
}
