//! How many batches come with one answer, in each version of the request.

use bytes::Bytes;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{FetchRequest, MetadataRequest, ProduceRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::RecordBatchDecoder;
use lab_broker::embedded::Embedded;

use crate::member::Member;
use crate::support::unique;
use crate::too_large::{self, batch};

/// In three partitions so many batches of one record.
const BATCHES: usize = 7;

struct Reading {
    _embedded: Embedded,
    name: TopicName,
    id: uuid::Uuid,
    client: Member,
}

impl Reading {
    /// Each batch has so many bytes.
    fn new(size: usize) -> Self {
        let embedded = Embedded::start().expect("it starts");
        let (address, topic) = (embedded.address().to_string(), unique("topic"));
        embedded.create_topic(&topic, 3).expect("a new topic");
        let mut client = Member::of("none", &address);
        for _ in 0..BATCHES {
            let batches = [batch(size), batch(size), batch(size)];
            let request = ProduceRequest::default().with_acks(-1).with_timeout_ms(5_000);
            let answer = client.ask(&request.with_topic_data(vec![too_large::topic(&topic, batches)]), 9);
            assert!(answer.responses[0].partition_responses.iter().all(|partition| partition.error_code == 0));
        }
        let name = TopicName(StrBytes::from_string(topic));
        let named = MetadataRequestTopic::default().with_name(Some(name.clone()));
        let id = client.ask(&MetadataRequest::default().with_topics(Some(vec![named])), 12).topics[0].topic_id;
        Self { _embedded: embedded, name, id, client }
    }

    /// The offsets that come of each partition, from these on.
    fn fetch(&mut self, version: i16, from: [i64; 3], bytes: i32, of_each: i32) -> Vec<(i32, Vec<i64>)> {
        let partition = |(number, offset)| {
            let partition = FetchPartition::default().with_partition(number).with_fetch_offset(offset);
            partition.with_partition_max_bytes(of_each)
        };
        let partitions = (0..).zip(from).map(partition).collect();
        let topic = match version {
            ..13 => FetchTopic::default().with_topic(self.name.clone()),
            13.. => FetchTopic::default().with_topic_id(self.id),
        };
        let request = FetchRequest::default()
            .with_max_wait_ms(10)
            .with_max_bytes(bytes)
            .with_topics(vec![topic.with_partitions(partitions)]);
        let answer = self.client.ask(&request, version);
        let partitions = answer.responses.into_iter().flat_map(|topic| topic.partitions);
        partitions.map(|partition| (partition.partition_index, offsets(partition.records))).collect()
    }
}

fn offsets(records: Option<Bytes>) -> Vec<i64> {
    let Some(mut records) = records else { return Vec::new() };
    let sets = RecordBatchDecoder::decode_all(&mut records).expect("batches");
    sets.into_iter().flat_map(|set| set.records).map(|record| record.offset).collect()
}

#[test]
fn several_batches_come_at_once_in_each_version() {
    let mut reading = Reading::new(100);
    for version in 4..=16 {
        let end = BATCHES as i64;
        let expected = [(0, (0..end).collect()), (1, (5..end).collect()), (2, vec![])];
        assert_eq!(reading.fetch(version, [0, 5, end], 1 << 20, 1 << 20), expected, "version {version}");
    }
}

#[test]
fn no_more_come_than_were_asked_for() {
    let mut reading = Reading::new(1_000);
    let of_each = reading.fetch(11, [0; 3], 1 << 20, 3_999);
    assert_eq!(of_each, (0..3).map(|number| (number, vec![0, 1, 2])).collect::<Vec<_>>());
    let count = |of_each: Vec<(i32, Vec<i64>)>| of_each.iter().map(|(_, offsets)| offsets.len()).sum::<usize>();
    assert_eq!(count(reading.fetch(11, [0; 3], 5_500, 1 << 20)), 5);
    // The first of each comes, however large: else nobody could go on.
    assert_eq!(count(reading.fetch(11, [0; 3], 1 << 20, 1)), 3);
}
