//! Poison of each kind among good requests, while somebody else has the database locked.

use std::time::Duration;

use prost::Message as _;

use super::apache::{On, size};
use super::ledger::{self, count};
use super::requests::{Feeder, consumers};
use crate::kafka::support::{Kafka, Seen};

/// For longer than the store waits for a lock (5 s), and on Apache Kafka for as long as is promised.
fn locked(on: On) -> Duration {
    Duration::from_secs(if on == On::Embedded { size(8, 20) } else { 20 })
}
const SOURCE: (&str, Option<&[u8]>) = ("ce_source", Some(b"/test"));
const JSON: (&str, Option<&[u8]>) = ("content-type", Some(b"application/json"));
const PROTOBUF: (&str, Option<&[u8]>) = ("content-type", Some(b"application/protobuf"));
const CREATE: &str = r#"{"create":{"created_by":"USER14","equipment":["KEYBOARD"]}}"#;

type Headers = Vec<(&'static str, Option<&'static [u8]>)>;

/// A request that can't be taken, and the code of its reason.
struct Poison {
    reason: &'static str,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Headers,
}

fn new_id() -> Vec<u8> {
    uuid::Uuid::now_v7().to_string().into_bytes()
}

/// The headers of an event that is like none before.
fn headers(kind: &'static str, content_type: (&'static str, Option<&'static [u8]>)) -> Headers {
    let id: &'static str = uuid::Uuid::new_v4().to_string().leak();
    vec![("ce_id", Some(id.as_bytes())), SOURCE, ("ce_type", Some(kind.as_bytes())), content_type]
}

fn json(reason: &'static str, kind: &'static str, value: &str) -> Poison {
    let value = Some(value.as_bytes().to_vec());
    Poison { reason, key: Some(new_id()), value, headers: headers(kind, JSON) }
}

/// Those that nobody could read.
fn not_parseable() -> Vec<Poison> {
    let create = || json("not_parseable", "order.create", CREATE);
    let without = |name: &str| {
        let mut poison = create();
        poison.headers.retain(|(header, _)| *header != name);
        poison
    };
    let with = |name: &'static str, value: Option<&'static [u8]>| {
        let mut poison = without(name);
        poison.headers.push((name, value));
        poison
    };
    let keyed = |key: Option<&[u8]>| Poison { key: key.map(<[u8]>::to_vec), ..create() };
    let empty = lab_proto::pb::OrderRequest { request: None }.encode_to_vec();
    let protobuf =
        |value: Vec<u8>| Poison { value: Some(value), headers: headers("order.create", PROTOBUF), ..create() };
    vec![
        keyed(None),
        keyed(Some(b"")),
        keyed(Some(b"order 7")),
        keyed(Some(b"\xff\xfe")),
        Poison { headers: Vec::new(), ..create() },
        without("ce_id"),
        without("ce_source"),
        without("ce_type"),
        without("content-type"),
        with("ce_id", Some(b"")),
        with("ce_id", Some(b"\xff")),
        with("ce_type", Some(b"order.explode")),
        with("ce_type", Some(b"order.delete")),
        with("ce_time", Some(b"yesterday")),
        with("ce_specversion", Some(b"0.3")),
        with("content-type", Some(b"text/plain")),
        with("content-type", None),
        Poison { value: None, ..create() },
        json("not_parseable", "order.create", "{"),
        protobuf(empty),
        protobuf(b"\xff\xff\xff\xff".to_vec()),
    ]
}

/// Those that can be read, and not done. `there` is an order that is there, at version 2.
fn refused(there: &str) -> Vec<Poison> {
    let of = |poison: Poison| Poison { key: Some(there.as_bytes().to_vec()), ..poison };
    let update = |version: u32| format!(r#"{{"update":{{"equipment":["MOUSE"],"expected_version":{version}}}}}"#);
    vec![
        json("invalid", "order.create", r#"{"create":{"created_by":"","equipment":["KEYBOARD"]}}"#),
        json("invalid", "order.create", r#"{"create":{"created_by":"USER14","equipment":[]}}"#),
        json("condition_missing", "order.update", &update(0)),
        json("not_found", "order.update", &update(1)),
        json("not_found", "order.delete", r#"{"delete":{"expected_version":0}}"#),
        of(json("already_exists", "order.create", CREATE)),
        of(json("version_mismatch", "order.update", &update(7))),
        of(json("wrong_status", "order.advance", r#"{"advance":{"status":"COMPLETED","expected_version":2}}"#)),
    ]
}

/// Sends a poison, and what its letter must be.
async fn send(kafka: &Kafka, poison: Poison) -> (Poison, i32, i64) {
    let (topic, key, value) = (kafka.requests(), poison.key.as_deref(), poison.value.as_deref());
    let (partition, offset) = kafka.send(&topic, key, value, &poison.headers).await;
    (poison, partition, offset)
}

/// The letters of a poison: those that name its place.
fn letters_of(letters: &[Seen], partition: i32, offset: i64) -> Vec<&Seen> {
    let place = (partition.to_string(), offset.to_string());
    let names = |letter: &&Seen| {
        letter.header("dlq_partition") == Some(&place.0) && letter.header("dlq_offset") == Some(&place.1)
    };
    letters.iter().filter(names).collect()
}

fn assert_is_letter_of(kafka: &Kafka, letter: &Seen, poison: &Poison) {
    assert_eq!((&letter.key, &letter.value), (&poison.key, &poison.value), "{letter:?}");
    let (original, added) = letter.headers.split_at(poison.headers.len());
    let as_sent = |(name, value): &(&str, Option<&[u8]>)| ((*name).to_owned(), value.map(<[u8]>::to_vec));
    assert_eq!(original, poison.headers.iter().map(as_sent).collect::<Vec<_>>(), "{letter:?}");
    let names: Vec<_> = added.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["dlq_reason", "dlq_topic", "dlq_partition", "dlq_offset"]);
    assert_eq!(letter.header("dlq_topic"), Some(&*kafka.requests()));
    let reason = letter.header("dlq_reason").expect("text");
    assert!(reason.starts_with(&format!("{}: ", poison.reason)), "{} expected, and it is {reason:?}", poison.reason);
}

/// Good requests and poison in turn, with a lock on the database in the middle.
async fn feed_while_locked(kafka: &Kafka, feeder: &mut Feeder, locked: Duration) -> Vec<(Poison, i32, i64)> {
    feeder.feed(10);
    feeder.delivered().await;
    let lock = ledger::locked(kafka);
    let mut sent = Vec::new();
    let there = feeder.orders[0].clone();
    let mut poison = not_parseable();
    poison.extend(refused(&there));
    let share = 490 / poison.len();
    for poison in poison {
        feeder.feed(share);
        feeder.delivered().await;
        sent.push(send(kafka, poison).await);
    }
    feeder.feed(500 - feeder.orders.len());
    feeder.delivered().await;
    tokio::time::sleep(locked).await;
    drop(lock);
    sent
}

async fn each_is_a_dead_letter_once(on: On) {
    let kafka = on.kafka().await;
    let _running = consumers(&kafka, 2, &[]).await;
    let mut feeder = Feeder::new(&kafka);
    let poison = feed_while_locked(&kafka, &mut feeder, locked(on)).await;
    let wrongs = count(&kafka, &feeder.orders, 2).await;
    println!("{} good requests, {} poison, locked for {:?}: {wrongs:?}", feeder.requests(), poison.len(), locked(on));
    let letters = kafka.read(&kafka.dead_letters()).await;
    for (poison, partition, offset) in &poison {
        let of_it = letters_of(&letters, *partition, *offset);
        assert_eq!(of_it.len(), 1, "letters of {partition} @ {offset} ({})", poison.reason);
        assert_is_letter_of(&kafka, of_it[0], poison);
    }
    assert_eq!(wrongs.dead_letters, poison.len(), "nothing else is a dead letter");
    assert_eq!((wrongs.lost, wrongs.doubled, wrongs.facts_missing, wrongs.facts_twice), (0, 0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_put_aside_once_and_a_locked_database_waited_for_on_the_embedded_broker() {
    each_is_a_dead_letter_once(On::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn poison_is_put_aside_once_and_a_locked_database_waited_for() {
    each_is_a_dead_letter_once(On::Apache).await;
}

/// The control: who doesn't try again puts good requests aside as well.
async fn good_requests_are_put_aside(on: On) {
    let kafka = on.kafka().await;
    let _running = consumers(&kafka, 2, &["--break", "try-again"]).await;
    let mut feeder = Feeder::new(&kafka);
    let poison = feed_while_locked(&kafka, &mut feeder, locked(on)).await;
    let wrongs = count(&kafka, &feeder.orders, 2).await;
    println!("the same with --break try-again: {wrongs:?}");
    assert!(wrongs.lost > 0 && wrongs.dead_letters > poison.len(), "{wrongs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_another_try_good_requests_are_put_aside_on_the_embedded_broker() {
    good_requests_are_put_aside(On::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Apache Kafka: Java, and Maven once"]
async fn control_without_another_try_good_requests_are_put_aside() {
    good_requests_are_put_aside(On::Apache).await;
}
