//! Good requests in styles that another client may have.

use nix::sys::signal::Signal;
use serde_json::json;

use super::records::{Raw, created_at_ms, new_id, order_of};
use super::support::Kafka;

/// 2026-11-24T20:12:00.123Z
const THEN: i64 = 1_795_551_120_123;

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_other_styles_are_taken() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let create = || Raw::create(&new_id());
    let upper = new_id().to_uppercase();
    let reversed = |mut raw: Raw| {
        raw.headers.reverse();
        raw
    };
    // Each with the time that its order has; none: its record's own.
    let styles = [
        (create(), Some(THEN)),
        (Raw::create_protobuf(&new_id()), Some(THEN)),
        (Raw::create(&upper), Some(THEN)),
        (create().with("content-type", "application/json; charset=utf-8"), Some(THEN)),
        (create().with("content-type", "APPLICATION/JSON"), Some(THEN)),
        (Raw::create_protobuf(&new_id()).with("content-type", "application/protobuf;x=y"), Some(THEN)),
        (create().with("ce_time", "2026-11-25T01:42:00.123+05:30"), Some(THEN)),
        (create().with("ce_time", "2026-11-24T20:12:00.123999999Z"), Some(THEN)),
        (create().with("ce_time", "2026-11-24t20:12:00.123z"), Some(THEN)),
        (create().with("ce_time", "1969-12-31T23:59:59.999Z"), Some(-1)),
        (create().without("ce_time"), None),
        (create().without("ce_specversion"), Some(THEN)),
        (reversed(create()), Some(THEN)),
        (create().with("ce_type", "order.delete").and("ce_type", "order.create"), Some(THEN)),
        (create().with("ce_time", "nonsense").and("ce_time", "2026-11-24T20:12:00.123Z"), Some(THEN)),
        (create().and("x-unknown", b"\xff\xfe").and("", "").with_null("x-null"), Some(THEN)),
        (create().with("traceparent", "nonsense"), Some(THEN)),
        (create().with("ce_source", "urn:\u{1f600}").with("ce_id", "x".repeat(1_024)), Some(THEN)),
    ];
    let before = now_ms();
    kafka.send_all(styles.iter().map(|(raw, _)| raw)).await;
    let facts = kafka.facts_once(styles.len()).await;
    let after = now_ms();
    assert_eq!(kafka.read(&kafka.dead_letters()).await, []);
    for (raw, time) in &styles {
        let key = String::from_utf8(raw.key.clone().expect("a key")).expect("text").to_lowercase();
        let fact = facts.iter().find(|fact| fact.key() == key).unwrap_or_else(|| panic!("no fact of {raw:?}"));
        let created_at = created_at_ms(&order_of(fact).expect("an order"));
        match time {
            Some(time) => assert_eq!(created_at, *time, "{raw:?}"),
            None => assert!((before..=after).contains(&created_at), "{created_at} is not in {before}..={after}"),
        }
    }
    consumer.signal(Signal::SIGTERM);
    consumer.end().await.expect(0);
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    now.as_millis() as i64
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_may_have_64_characters_however_long_they_are() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let name = "😀".repeat(64);
    let (json, other) = (new_id(), new_id());
    kafka.send_one(&Raw::json(&json, "create", json!({ "created_by": name, "equipment": ["MOUSE"] }))).await;
    let create = lab_proto::pb::order_request::Create { created_by: name.clone(), equipment: vec![2; 20] };
    kafka.send_one(&Raw::protobuf(&other, lab_proto::pb::order_request::Request::Create(create))).await;
    for fact in kafka.facts_once(2).await {
        assert_eq!(order_of(&fact).expect("an order").created_by, name);
    }
    consumer.signal(Signal::SIGTERM);
    consumer.end().await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_of_an_event_has_no_effect_and_is_said_to_be_one() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let order = new_id();
    let (first, second) = (Raw::create(&order).with("ce_id", "1"), Raw::create(&order).with("ce_id", "2"));
    let elsewhere = Raw::create(&new_id()).with("ce_id", "1").with("ce_source", "/elsewhere");
    kafka.send_all([&first, &first, &elsewhere, &second, &first]).await;
    kafka.idle().await;
    kafka.facts_once(2).await;
    consumer.signal(Signal::SIGTERM);
    let lines = consumer.end().await.expect(0).json_lines();
    let outcomes = |id: &str| -> Vec<String> {
        let of = lines.iter().filter(|line| line["id"] == id);
        of.map(|line| line["outcome"].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(outcomes(&order), ["applied", "repeated", "dead_lettered", "repeated"]);
    assert_eq!(lines.len(), 5);
    assert_eq!(kafka.read(&kafka.facts()).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_request_is_in_its_log_line() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let traces = ["4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4737"];
    let traceparent = |trace: &str| format!("00-{trace}-00f067aa0ba902b7-01");
    let good = Raw::create(&new_id()).with("traceparent", traceparent(traces[0]));
    let bad = Raw::create(&new_id()).with("traceparent", traceparent(traces[1])).with("ce_type", "order.place");
    kafka.send_all([&good, &bad]).await;
    kafka.idle().await;
    consumer.signal(Signal::SIGTERM);
    let output = consumer.end().await.expect(0);
    for (raw, trace) in [good, bad].iter().zip(traces) {
        let line =
            output.stderr.lines().find(|line| line.contains(trace)).unwrap_or_else(|| panic!("{}", output.stderr));
        let id = String::from_utf8(raw.key.clone().expect("a key")).expect("text");
        assert!(line.contains(&id), "{line}");
    }
    let letters = kafka.read(&kafka.dead_letters()).await;
    assert_eq!(letters[0].header("traceparent"), Some(&*traceparent(traces[1])));
}
