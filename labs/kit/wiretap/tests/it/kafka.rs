//! Kafka, on the embedded broker. librdkafka blocks the thread that drops a client,
//! which waits for answers: so the tap needs another.

use std::time::Duration;

use lab_broker::embedded::Embedded;
use lab_proto::pb;
use lab_wiretap::{Call, Message, Record, Tap, Wire};
use prost::Message as _;
use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};

use crate::support::{call, within};

async fn broker() -> (Embedded, Tap) {
    let broker = Embedded::start().expect("the embedded broker starts");
    broker.create_topic("lab.orders.v1", 3).expect("a new topic");
    let tap = Tap::start(Wire::Kafka, broker.address()).await.expect("a tap");
    (broker, tap)
}

fn config(tap: &Tap) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", tap.address().to_string());
    config
}

async fn send(producer: &FutureProducer, key: &str, value: Option<&[u8]>, kind: &str) -> (i32, i64) {
    let headers = [("x", "first"), ("x", "second"), ("content-type", kind)];
    let headers =
        headers.iter().fold(OwnedHeaders::new(), |all, &(key, value)| all.insert(Header { key, value: Some(value) }));
    let record = FutureRecord {
        topic: "lab.orders.v1",
        partition: None,
        payload: value,
        key: Some(key),
        timestamp: None,
        headers: Some(headers),
    };
    let sent = within(producer.send(record, Duration::ZERO)).await.expect("delivered");
    (sent.partition, sent.offset)
}

fn order() -> Vec<u8> {
    let equipment = vec![pb::Equipment::Webcam.into()];
    pb::Order {
        created_by: "USER14".into(),
        status: pb::OrderStatus::Queued.into(),
        equipment,
        version: 3,
        ..pb::Order::default()
    }
    .encode_to_vec()
}

const AS_TEXT: &str = "created_by: \"USER14\"\nstatus: QUEUED\nequipment: [WEBCAM]\nversion: 3";

fn records(messages: &[Message]) -> Vec<(&str, u64, &Record)> {
    messages
        .iter()
        .map(|message| (message.text.as_str(), message.bytes, message.record.as_ref().expect("a record")))
        .collect()
}

fn produced(tap: &Tap) -> Vec<Call> {
    tap.calls().into_iter().filter(|call| call.name == "Produce").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_shows_where_it_was_stored() {
    let (_broker, tap) = broker().await;
    let producer: FutureProducer = config(&tap).set("enable.idempotence", "true").create().expect("a producer");
    for (key, value, kind, text) in [
        ("a", Some(order()), "application/protobuf", AS_TEXT),
        ("b", Some(br#"{"a": 1}"#.to_vec()), "application/json; charset=utf-8", r#"{"a": 1}"#),
        ("c", Some(vec![1, 2, 3]), "application/x-unknown", "3 bytes"),
        ("d", Some(vec![0xff; 7]), "application/protobuf", "7 bytes, and no Order"),
        ("e", None, "application/protobuf", ""),
    ] {
        tap.clear();
        let (partition, offset) = send(&producer, key, value.as_deref(), kind).await;
        let calls = produced(&tap);
        let [call] = &calls[..] else { panic!("one call: {calls:#?}") };
        assert!(call.ended, "who knows of the delivery finds the call complete");
        let [(shown, bytes, record)] = records(&call.sent.messages)[..] else { panic!("one record: {call:#?}") };
        assert_eq!((shown, bytes), (text, value.as_ref().map_or(0, Vec::len) as u64));
        assert_eq!(
            (record.topic.as_str(), record.partition, record.offset),
            ("lab.orders.v1", partition, Some(offset))
        );
        assert_eq!((record.key.as_deref(), record.tombstone), (Some(key), value.is_none()));
        let headers: Vec<(&str, &str)> =
            record.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(headers, [("x", "first"), ("x", "second"), ("content-type", kind)]);
        assert_eq!(call.received.messages[0].text, format!("partition {partition}, offset {offset}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_consumer_gets_passes_too() {
    let (broker, tap) = broker().await;
    // Past the tap: only what is fetched can be seen.
    let producer: FutureProducer =
        ClientConfig::new().set("bootstrap.servers", broker.address().to_string()).create().expect("a producer");
    let sent = send(&producer, "a", Some(&order()), "application/protobuf").await;
    let consumer: StreamConsumer =
        config(&tap).set("group.id", "g").set("auto.offset.reset", "earliest").create().expect("a consumer");
    consumer.subscribe(&["lab.orders.v1"]).expect("subscribed");
    let received = within(consumer.recv()).await.expect("a record").detach();

    let call = call(&tap, |call| call.name == "Fetch").await;
    let [(text, bytes, record)] = records(&call.received.messages)[..] else { panic!("one record: {call:#?}") };
    assert_eq!((text, bytes), (AS_TEXT, rdkafka::Message::payload(&received).expect("a value").len() as u64));
    assert_eq!((record.topic.as_str(), record.key.as_deref()), ("lab.orders.v1", Some("a")));
    assert_eq!((record.partition, record.offset), (sent.0, Some(sent.1)));
    let names: Vec<String> = tap.calls().into_iter().map(|call| call.name).collect();
    for name in ["ApiVersions", "Metadata", "FindCoordinator", "JoinGroup"] {
        assert!(names.iter().any(|this| this == name), "{name} is not in {names:?}");
    }
    assert_eq!(names.iter().filter(|name| *name == "Fetch").count(), 1, "a fetch without records is not kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_records_of_one_request_have_their_own_offsets() {
    let (_broker, tap) = broker().await;
    let producer: FutureProducer = config(&tap).set("linger.ms", "50").create().expect("a producer");
    let records_sent = 500;
    let deliveries = (0..records_sent).map(|number| {
        let (key, value) = (number.to_string(), number.to_string());
        let producer = &producer;
        async move { (send(producer, &key, Some(value.as_bytes()), "text/plain").await, value) }
    });
    let mut delivered = futures_util::future::join_all(deliveries).await;
    let calls = produced(&tap);
    assert!(calls.len() < records_sent, "some went together");
    let mut shown: Vec<((i32, i64), String)> = calls
        .iter()
        .flat_map(|call| records(&call.sent.messages))
        .map(|(text, _, record)| ((record.partition, record.offset.expect("answered")), text.to_owned()))
        .collect();
    delivered.sort();
    shown.sort();
    assert_eq!(shown, delivered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_waits_for_no_answer_is_a_call_that_ended() {
    let (_broker, tap) = broker().await;
    let producer: FutureProducer = config(&tap).set("acks", "0").create().expect("a producer");
    send(&producer, "a", Some(b"x"), "text/plain").await;
    let call = call(&tap, |call| call.name == "Produce").await;
    assert!(call.ended && call.received.bytes == 0, "{call:#?}");
    assert_eq!(records(&call.sent.messages)[0].2.offset, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_ends_calls_and_clients_come_back_through_the_tap() {
    let (_broker, tap) = broker().await;
    let producer: FutureProducer = config(&tap).create().expect("a producer");
    send(&producer, "a", Some(b"x"), "text/plain").await;
    let (calls, before) = (tap.calls(), tap.bytes());
    let last = calls.iter().map(|call| call.connection).max().expect("a call");
    tap.cut();
    send(&producer, "b", Some(b"y"), "text/plain").await;
    let call = call(&tap, |call| call.name == "Produce" && call.connection > last && call.ended).await;
    assert_eq!(records(&call.sent.messages)[0].2.key.as_deref(), Some("b"));
    assert!(tap.bytes().sent > before.sent);
    producer.flush(Duration::from_secs(10)).expect("all is sent");
}
