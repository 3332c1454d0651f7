//! Requests that can't be taken: each becomes one dead letter and stops nobody.

mod cases;

use std::collections::HashMap;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use lab_proto::pb;
use lab_proto::pb::order_request::{Advance, Delete, Request as Wanted, Update};

use self::cases::{PARSE, good, headers, json_values, keys, values};
use super::records::{Raw, new_id};
use super::support::{Kafka, Seen};

/// What is sent, and what its dead letter's reason says.
type Case = (Raw, &'static str, &'static str);

/// What the four headers of a letter say, which are its last and its only `dlq_…`.
pub(super) fn origin(letter: &Seen) -> (String, String, i32, i64) {
    let dlq: Vec<_> = letter.headers.iter().filter(|(name, _)| name.starts_with("dlq_")).collect();
    let last = &letter.headers[letter.headers.len() - 4..];
    assert_eq!(dlq, last.iter().collect::<Vec<_>>(), "{letter:?}");
    let names: Vec<_> = last.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["dlq_reason", "dlq_topic", "dlq_partition", "dlq_offset"]);
    let text = |name: &str| letter.header(name).unwrap_or_else(|| panic!("no {name} in {letter:?}")).to_owned();
    let (partition, offset) = (text("dlq_partition"), text("dlq_offset"));
    let place = (partition.parse::<i32>().expect("a number"), offset.parse::<i64>().expect("a number"));
    assert_eq!((place.0.to_string(), place.1.to_string()), (partition, offset), "decimal text");
    (text("dlq_reason"), text("dlq_topic"), place.0, place.1)
}

/// Sends all, and a good request behind each; each is one letter as it came, and the good ones are applied.
async fn assert_dead_letters(cases: Vec<Case>) {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let places = kafka.send_all(cases.iter().map(|(raw, ..)| raw)).await;
    // Enough that some come behind the poison in each partition.
    let behind: Vec<Raw> = (0..30).map(|_| good()).collect();
    let good_places = kafka.send_all(&behind).await;
    kafka.idle().await;
    consumer.signal(Signal::SIGTERM);
    let output = consumer.end().await.expect(0);
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);

    let letters = kafka.read(&kafka.dead_letters()).await;
    assert_eq!(letters.len(), cases.len(), "one letter for each");
    let by_origin: HashMap<_, _> = letters.iter().map(|letter| (origin(letter), letter)).collect();
    let by_place: HashMap<_, _> =
        by_origin.iter().map(|((why, topic, p, o), letter)| ((*p, *o), (why, topic, letter))).collect();
    let lines: HashMap<_, _> = output.json_lines().into_iter().map(|line| (place_of(&line), line)).collect();
    for ((raw, code, says), place) in cases.iter().zip(&places) {
        let (reason, topic, letter) = by_place.get(place).unwrap_or_else(|| panic!("no letter for {says}: {raw:?}"));
        assert_eq!(**topic, kafka.requests());
        assert!(reason.starts_with(&format!("{code}: ")) && reason.contains(says), "{says}: {reason}");
        assert!(
            raw.is_in(letter) && letter.headers.len() == raw.headers.len() + 4,
            "{says}: {letter:?} is not {raw:?}"
        );
        let key = raw.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
        assert_line(&lines[place], key, raw.header("ce_type"), "dead_lettered", &kafka);
    }
    for (raw, place) in behind.iter().zip(&good_places) {
        let key = raw.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
        assert_line(&lines[place], key, Some("order.create"), "applied", &kafka);
    }
    assert_eq!(lines.len(), cases.len() + behind.len());
    let facts = kafka.facts_once(behind.len()).await;
    assert_eq!(facts.len(), behind.len(), "only the good ones are orders");
}

pub(super) fn place_of(line: &Value) -> (i32, i64) {
    let number = |name: &str| line[name].as_i64().unwrap_or_else(|| panic!("no {name} in {line}"));
    (number("partition") as i32, number("offset"))
}

#[track_caller]
fn assert_line(line: &Value, id: Option<&str>, kind: Option<&str>, outcome: &str, kafka: &Kafka) {
    let (partition, offset) = place_of(line);
    let expected = json!({
        "id": id, "type": kind, "outcome": outcome,
        "topic": kafka.requests(), "partition": partition, "offset": offset
    });
    assert_eq!(*line, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_no_id_makes_a_dead_letter() {
    assert_dead_letters(keys()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_say_nothing_or_wrong_make_a_dead_letter() {
    assert_dead_letters(headers()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_no_request_makes_a_dead_letter() {
    assert_dead_letters(values()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_is_no_request_makes_a_dead_letter() {
    assert_dead_letters(json_values()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_headers_and_those_that_nobody_knows_are_kept_in_a_dead_letter() {
    let large =
        good().with("ce_type", "order.place").and("x-large", vec![0xfe; 3_000]).and("", "no name").and("x", "1");
    let letter_of_a_letter = good().with("ce_type", "order.place").and("x-dlq", "once").with_null("x-null");
    assert_dead_letters(vec![(large, PARSE, "ce_type"), (letter_of_a_letter, PARSE, "ce_type")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn random_bytes_make_dead_letters() {
    let random = || (0..8).flat_map(|_| uuid::Uuid::new_v4().into_bytes()).collect::<Vec<u8>>();
    let spoilt = |raw: Raw| raw.valued(Some(&[&[0xff][..], &random()].concat()));
    let cases = (0..40).flat_map(|_| [spoilt(good()), spoilt(Raw::create_protobuf(&new_id()))]);
    assert_dead_letters(cases.map(|raw| (raw, PARSE, "")).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_the_orders_rules_refuse_makes_a_dead_letter() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let (order, other) = (new_id(), new_id());
    let update = |id: &str, expected_version| {
        Raw::protobuf(id, Wanted::Update(Update { equipment: vec![pb::Equipment::Mouse.into()], expected_version }))
    };
    let delete = |id: &str, expected_version| Raw::protobuf(id, Wanted::Delete(Delete { expected_version }));
    let advance = |id: &str, status: pb::OrderStatus, expected_version| {
        Raw::protobuf(id, Wanted::Advance(Advance { status: status.into(), expected_version }))
    };
    use pb::OrderStatus::{Completed, Processing, Unspecified};
    // In this order: all have one key, or one that stands alone.
    let requests = [
        (Raw::create(&order), None),
        (Raw::create(&order), Some("already_exists: there is an order")),
        (update(&other, 1), Some("not_found: there is no order")),
        (delete(&other, 0), Some("not_found: there is no order")),
        (advance(&other, Processing, 1), Some("not_found: there is no order")),
        (update(&order, 7), Some("version_mismatch: the order is at version 1, not 7")),
        (delete(&order, 7), Some("version_mismatch: the order is at version 1, not 7")),
        (update(&order, 0), Some("condition_missing: ")),
        (advance(&order, Processing, 0), Some("condition_missing: ")),
        (advance(&order, Unspecified, 1), Some("invalid: status")),
        (advance(&order, Completed, 1), Some("wrong_status: ")),
        (advance(&order, Processing, 1), None),
        (advance(&order, Processing, 2), Some("wrong_status: ")),
        (delete(&order, 2), Some("wrong_status: ")),
        (delete(&order, 0), Some("wrong_status: ")),
        (update(&order, 2), Some("wrong_status: ")),
        (advance(&order, Completed, 2), None),
        (advance(&order, Processing, 3), Some("wrong_status: ")),
        (delete(&order, 3), None),
        (Raw::create(&order), Some("already_exists: ")),
    ];
    let places = kafka.send_all(requests.iter().map(|(raw, _)| raw)).await;
    kafka.idle().await;
    consumer.signal(Signal::SIGTERM);
    let lines: HashMap<_, _> =
        consumer.end().await.expect(0).json_lines().into_iter().map(|line| (place_of(&line), line)).collect();
    let letters = kafka.read(&kafka.dead_letters()).await;
    let reasons: HashMap<_, _> = letters
        .iter()
        .map(|letter| {
            let (reason, _, partition, offset) = origin(letter);
            ((partition, offset), (reason, letter))
        })
        .collect();
    assert_eq!(letters.len(), reasons.len(), "each once");
    for ((raw, says), place) in requests.iter().zip(&places) {
        let outcome = if says.is_some() { "dead_lettered" } else { "applied" };
        assert_eq!(lines[place]["outcome"], outcome, "{says:?} {}", lines[place]);
        let reason = reasons.get(place);
        assert_eq!(reason.is_some(), says.is_some(), "{says:?}: {reason:?}");
        if let (Some((reason, letter)), Some(says)) = (reason, says) {
            assert!(reason.starts_with(says), "{says}: {reason}");
            assert!(raw.is_in(letter), "{letter:?}");
        }
    }
}
