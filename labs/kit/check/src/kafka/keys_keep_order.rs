//! kafka/03: choose the key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::README;
use crate::bench::Bench;
use crate::broker::{Asked, At, Fate, INVALID_RECORD, PRODUCE, Producing, Record, lines_of, partition_in_java};
use crate::exercise::{Exercise, Role, checks};
use crate::http::Gate;
use crate::verdict::{Failed, Outcome};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "kafka/03",
    name: "keys_keep_order",
    role: Role::KafkaProducer,
    data: include_str!("keys_keep_order.toml"),
    readme: README,
    checks: checks![
        each_event_is_a_record,
        the_value_is_the_event,
        the_last_of_each_key_is_an_order,
        each_order_is_in_its_order,
        java_finds_the_same_partition,
        what_is_not_taken_is_told,
    ],
};

/// From the start; some of these programs wait for one delivery after the other.
const PATIENCE: Duration = Duration::from_secs(15);
/// Ten seconds, as the sentence says, and what a busy machine adds.
const TO_GIVE_UP: Duration = Duration::from_secs(11);
/// Of a broker that takes its time.
const SLOW: Duration = Duration::from_secs(1);
const FEW: usize = 5;
const ORDERS: usize = 20;
const CUSTOMERS: usize = 6;
/// What happens to each order, in this order: some of it twice.
const TYPES: [&str; 10] =
    ["created", "changed", "paid", "changed", "handedOver", "sent", "delayed", "sent", "delivered", "closed"];

async fn each_event_is_a_record(bench: &mut Bench) -> Outcome {
    let run = run(bench).await?;
    let count = ORDERS * TYPES.len();
    let (ids, sent) = (run.events.iter().map(id_of), run.producing.records.iter().filter_map(event_of));
    let sent: BTreeSet<String> = sent.map(|event| id_of(&event)).collect();
    let all = run.producing.records.len() == count && sent == ids.collect();
    run.producing.expect(&format!("{count} records in the topic, one for each event"), all)?;
    run.producing.expect_exit(0)?;
    with_a_slow_broker(bench).await
}

/// A program that ends before it has its reports takes along what the broker hasn't yet.
async fn with_a_slow_broker(bench: &mut Bench) -> Outcome {
    let gate = Gate::new();
    let held = gate.clone();
    let hold = move |asked: Asked| if asked.is_produce() { Fate::Hold(held.clone()) } else { Fate::Pass };
    let relay = bench.kafka().relay(hold).await?;
    let enough = async {
        if timeout(PATIENCE, relay.wait_for(PRODUCE, 1)).await.is_ok() {
            sleep(SLOW).await;
            gate.open();
            sleep(PATIENCE).await;
        }
    };
    let lines: Vec<String> = events(bench).iter().take(FEW).map(Value::to_string).collect();
    let producing = bench.produce_until(At::Relay(&relay), &lines_of(&lines), enough).await?;
    producing.expect(&format!("{FEW} records in the topic of a slow broker"), producing.records.len() == FEW)?;
    producing.expect_exit(0)
}

async fn the_value_is_the_event(bench: &mut Bench) -> Outcome {
    let run = run(bench).await?;
    for record in &run.producing.records {
        let event = event_of(record).filter(|event| run.events.contains(event));
        if event.is_none() {
            return Err(run
                .producing
                .wrong_about("a value that is one of the events, with all of its fields", &[record]));
        }
    }
    Ok(())
}

async fn the_last_of_each_key_is_an_order(bench: &mut Bench) -> Outcome {
    let run = run(bench).await?;
    let mut last: BTreeMap<&[u8], &Record> = BTreeMap::new();
    for record in &run.producing.records {
        if let Some(key) = &record.key {
            last.insert(key, record);
        }
    }
    // What compaction keeps of each key; a record without a key it doesn't take at all.
    let kept: Vec<&Record> = last.into_values().collect();
    let orders: BTreeSet<String> = kept.iter().filter_map(|record| Some(order_of(&event_of(record)?))).collect();
    if kept.len() == ORDERS && orders.len() == ORDERS {
        return Ok(());
    }
    let expected = format!(
        "{ORDERS} keys, one for each order: when the last record of each key alone is kept, every order is still \
         there. Here {} records are kept, with {} of the {ORDERS} orders",
        kept.len(),
        orders.len()
    );
    // Of those without a key one is shown.
    let first = |record: &&Record| record.key.is_none() && event_of(record).as_ref() == run.events.first();
    let without = run.producing.records.iter().find(first).into_iter();
    Err(run.producing.wrong_about(&expected, &without.chain(kept).collect::<Vec<_>>()))
}

async fn each_order_is_in_its_order(bench: &mut Bench) -> Outcome {
    let run = run(bench).await?;
    for order in run.orders() {
        let sent = run.events.iter().filter(|event| order_of(event) == order).map(id_of);
        let records: Vec<&Record> = run.producing.records.iter().filter(|record| is_of(record, &order)).collect();
        let there = records.iter().filter_map(|record| Some(id_of(&event_of(record)?)));
        let together = records.iter().all(|record| record.partition == records[0].partition);
        if !together || !sent.eq(there) {
            let expected = format!("the {} events of the order {order} in one partition, as they came", TYPES.len());
            return Err(run.producing.wrong_about(&expected, &records));
        }
    }
    Ok(())
}

async fn java_finds_the_same_partition(bench: &mut Bench) -> Outcome {
    let run = run(bench).await?;
    for record in &run.producing.records {
        let partition = partition_in_java(record.key.as_deref().unwrap_or_default());
        if record.partition != partition {
            let key = record.key_text().map_or("(bytes that are no text)".to_owned(), |key| json!(key).to_string());
            let expected = format!("the key {key} in partition {partition}, where a producer in Java looks for it");
            return Err(run.producing.wrong_about(&expected, &[record]));
        }
    }
    Ok(())
}

async fn what_is_not_taken_is_told(bench: &mut Bench) -> Outcome {
    let few = |bench: &Bench| events(bench).iter().take(FEW).map(Value::to_string).collect::<Vec<_>>();
    for once in [false, true] {
        let refuses = AtomicBool::new(true);
        let refuse = move |asked: Asked| match asked.is_produce() && refuses.fetch_and(!once, Ordering::SeqCst) {
            true => Fate::Refuse(INVALID_RECORD),
            false => Fate::Pass,
        };
        let relay = bench.kafka().relay(refuse).await?;
        let producing = bench.produce(At::Relay(&relay), &few(bench), PATIENCE).await?;
        // Whoever sends an event again that was refused may have had it taken.
        producing.expect_exit(i32::from(producing.records.len() < FEW))?;
    }
    bench.produce(At::Nobody, &few(bench), TO_GIVE_UP).await?.expect_exit(1)
}

/// What was sent, and what came of it: all checks but the last look at the same.
struct Run {
    events: Vec<Value>,
    producing: Producing,
}

impl Run {
    fn orders(&self) -> BTreeSet<String> {
        self.events.iter().map(order_of).collect()
    }
}

async fn run(bench: &mut Bench) -> Result<Arc<Run>, Failed> {
    if let Some(run) = bench.seen.get::<Arc<Run>>() {
        return Ok(Arc::clone(run));
    }
    let events = events(bench);
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    let producing = bench.produce(At::Broker, &lines, PATIENCE).await?;
    let run = Arc::new(Run { events, producing });
    bench.seen.insert(Arc::clone(&run));
    Ok(run)
}

/// Those of each order in their order, and the orders in any.
fn events(bench: &Bench) -> Vec<Value> {
    let customers: [String; CUSTOMERS] = [
        bench.word(),
        format!("Zoë \"{}\" \\ 🎧", bench.word()),
        format!(" {} ", bench.word()),
        format!("Ms {}", bench.word()),
        (100_000 + bench.number(800_000)).to_string(),
        String::new(),
    ];
    let mut orders: Vec<(String, &String, usize)> =
        ids(bench).into_iter().zip(customers.iter().cycle()).map(|(id, customer)| (id, customer, 0)).collect();
    let mut events = Vec::new();
    while !orders.is_empty() {
        // The first line is shown, and looks the same each time.
        let chosen = if events.is_empty() { 0 } else { bench.number(1_000_000) as usize % orders.len() };
        let (id, customer, done) = &mut orders[chosen];
        // Some write the same id in capital letters.
        let order = if bench.number(1_000_000).is_multiple_of(3) { id.to_uppercase() } else { id.clone() };
        let event = json!({ "event_id": bench.id(), "order_id": order, "customer": customer, "type": TYPES[*done] });
        // The first of all and the last of each order are shown.
        events.push(if *done % 3 == 1 { with_more(bench, event) } else { event });
        *done += 1;
        if *done == TYPES.len() {
            orders.swap_remove(chosen);
        }
    }
    events
}

/// And fields of which the task says nothing.
fn with_more(bench: &Bench, mut event: Value) -> Value {
    event["note"] = Value::Null;
    event[bench.word()] = json!({ "none": null, "seen": false, "left": 0, "all": [] });
    event
}

/// Of some, one end alone differs: who takes a part of it for the key has two orders in one.
fn ids(bench: &Bench) -> Vec<String> {
    let mut ids: Vec<String> = (0..ORDERS).map(|_| bench.id()).collect();
    let other = |digit: &str| if digit == "0" { "1" } else { "0" };
    ids[1] = format!("{}{}", &ids[0][..35], other(&ids[0][35..]));
    ids[2] = format!("{}{}", other(&ids[0][..1]), &ids[0][1..]);
    ids
}

fn event_of(record: &Record) -> Option<Value> {
    serde_json::from_slice(record.value.as_deref()?).ok()
}

fn is_of(record: &Record, order: &str) -> bool {
    event_of(record).is_some_and(|event| order_of(&event) == order)
}

fn id_of(event: &Value) -> String {
    event["event_id"].as_str().unwrap_or_default().to_owned()
}

fn order_of(event: &Value) -> String {
    event["order_id"].as_str().unwrap_or_default().to_lowercase()
}
