//! A header whose name is not UTF-8. rdkafka can't write one, so the record is
//! put together by hand; nor can it read one without a panic.

use lab_native::last_header;
use nix::sys::signal::Signal;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::{ClientConfig, Message};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::records::{Raw, new_id};
use super::support::Kafka;
use crate::support::{PATIENCE, within};

/// Zigzag, then seven bits a byte: the numbers of a record.
fn varint(into: &mut Vec<u8>, number: usize) {
    let mut rest = number << 1;
    while rest > 0x7f {
        into.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    into.push(rest as u8);
}

fn bytes(into: &mut Vec<u8>, bytes: &[u8]) {
    varint(into, bytes.len());
    into.extend_from_slice(bytes);
}

/// CRC-32C, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

/// A batch of one record (version 2 of the format).
fn batch(raw: &Raw, name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut record = vec![0, 0, 0];
    bytes(&mut record, raw.key.as_deref().expect("a key"));
    bytes(&mut record, raw.value.as_deref().expect("a value"));
    varint(&mut record, raw.headers.len() + 1);
    for (name, value) in &raw.headers {
        bytes(&mut record, name.as_bytes());
        bytes(&mut record, value.as_deref().expect("a value"));
    }
    bytes(&mut record, name);
    bytes(&mut record, value);
    let mut checked = [0; 6].to_vec();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let now = (now.as_millis() as i64).to_be_bytes();
    checked.extend_from_slice(&now);
    checked.extend_from_slice(&now);
    // No producer id, no sequence; one record.
    checked.extend_from_slice(&[0xff; 14]);
    checked.extend_from_slice(&1_i32.to_be_bytes());
    bytes(&mut checked, &record);
    let mut batch = [0; 8].to_vec();
    batch.extend_from_slice(&(checked.len() as i32 + 9).to_be_bytes());
    batch.extend_from_slice(&[0, 0, 0, 0, 2]);
    batch.extend_from_slice(&crc32c(&checked).to_be_bytes());
    batch.extend(checked);
    batch
}

/// Produce (version 3), and the error code of its answer.
async fn produce(kafka: &Kafka, batch: &[u8]) -> i16 {
    let topic = kafka.requests();
    // Produce 3, correlation 1, no client; no transaction, all replicas, 10 s; one topic.
    let mut request = vec![0, 0, 0, 3, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x27, 0x10, 0, 0, 0, 1];
    request.extend_from_slice(&(topic.len() as i16).to_be_bytes());
    request.extend_from_slice(topic.as_bytes());
    // One partition, 0.
    request.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0]);
    request.extend_from_slice(&(batch.len() as i32).to_be_bytes());
    request.extend_from_slice(batch);
    let exchange = async {
        let mut stream = TcpStream::connect(&kafka.brokers).await.expect("it listens");
        stream.write_all(&(request.len() as i32).to_be_bytes()).await.expect("it reads");
        stream.write_all(&request).await.expect("it reads");
        let mut answer = vec![0; stream.read_i32().await.expect("an answer") as usize];
        stream.read_exact(&mut answer).await.expect("all of it");
        answer
    };
    let answer = within("an answer", exchange).await;
    // Correlation, topics, the topic's name, partitions, partition.
    let at = 4 + 4 + 2 + topic.len() + 4 + 4;
    i16::from_be_bytes([answer[at], answer[at + 1]])
}

/// The value under this name in the only dead letter, and its reason.
fn read_letter(kafka: &Kafka, name: &std::ffi::CStr) -> (Vec<u8>, String) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &kafka.brokers).set("group.id", "none");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut all = TopicPartitionList::new();
    for partition in 0..3 {
        all.add_partition_offset(&kafka.dead_letters(), partition, Offset::Beginning).expect("a place");
    }
    consumer.assign(&all).expect("it can be read");
    let letter = consumer.poll(PATIENCE).expect("a letter").expect("a letter");
    assert!(letter.payload().is_some());
    let header = |name| last_header(&letter, name).expect("it is there").to_vec();
    (header(name), String::from_utf8(header(c"dlq_reason")).expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_whose_name_is_not_utf_8_stops_nobody_and_is_kept() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let (good, bad) = (Raw::create(&new_id()), Raw::create(&new_id()).with("ce_type", "order.place"));
    for raw in [&good, &bad] {
        assert_eq!(produce(&kafka, &batch(raw, b"\xff\xfe", b"kept\xff")).await, 0);
    }
    kafka.send_one(&Raw::create(&new_id())).await;
    assert_eq!(kafka.facts_once(2).await.len(), 2);
    kafka.idle().await;
    consumer.signal(Signal::SIGTERM);
    assert_eq!(consumer.end().await.expect(0).json_lines().len(), 3);
    let (kept, reason) = tokio::task::block_in_place(|| read_letter(&kafka, c"\xff\xfe"));
    assert_eq!(kept, b"kept\xff");
    assert!(reason.starts_with("not_parseable: ce_type"), "{reason}");
}
