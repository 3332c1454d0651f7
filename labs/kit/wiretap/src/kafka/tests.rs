//! Every version of the messages that are read, written by kafka-protocol.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    BrokerId, DescribeClusterResponse, FetchResponse, FindCoordinatorResponse, MetadataResponse, ProduceRequest,
    ProduceResponse, RequestHeader, ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{Encodable, HeaderVersion, StrBytes};
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};

use super::request::Request;
use super::topics::Topics;
use super::{addresses, content};
use crate::{Call, Side};

const TOPIC: &str = "t.orders.v1";
const ID: [u8; 16] = [7; 16];

fn tap() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 4_711))
}

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

/// A message with its length.
fn framed(head: &impl Encodable, head_version: i16, body: &impl Encodable, version: i16) -> Vec<u8> {
    let mut bytes = BytesMut::zeroed(4);
    head.encode(&mut bytes, head_version).expect("a head");
    body.encode(&mut bytes, version).expect("a body");
    let length = bytes.len() as u32 - 4;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes.to_vec()
}

fn answer<T: Encodable + HeaderVersion>(body: &T, version: i16) -> Vec<u8> {
    framed(&ResponseHeader::default().with_correlation_id(5), T::header_version(version), body, version)
}

fn request(key: i16, version: i16) -> Request {
    let [a, b] = key.to_be_bytes();
    let [c, d] = version.to_be_bytes();
    Request::read(&[0, 0, 0, 8, a, b, c, d, 0, 0, 0, 5]).expect("a request")
}

/// An answer that names brokers, and the same as the tap should have it.
fn assert_rewritten<T: Encodable + HeaderVersion>(key: i16, version: i16, make: impl Fn(&'static str, i32) -> T) {
    let (real, wanted) = (answer(&make("broker.example", 9_092), version), answer(&make("127.0.0.1", 4_711), version));
    let topics = Topics::default();
    let rewritten = addresses::rewrite(&request(key, version), &real, tap(), &topics);
    assert_eq!(rewritten, Some(wanted), "request {key}, version {version}");
    if key == 3 && version >= 10 {
        assert_eq!(topics.name(ID), TOPIC);
    }
}

#[test]
fn answers_that_name_brokers_name_the_tap_in_every_version() {
    for version in 0..=13 {
        assert_rewritten(3, version, |host, port| {
            let broker = |id| {
                let broker = MetadataResponseBroker::default().with_node_id(BrokerId(id)).with_host(text(host));
                if version >= 1 { broker.with_rack(Some(text("rack"))) } else { broker }.with_port(port)
            };
            let partition = MetadataResponsePartition::default()
                .with_replica_nodes(vec![BrokerId(1), BrokerId(2)])
                .with_isr_nodes(vec![BrokerId(1)]);
            let topic = MetadataResponseTopic::default()
                .with_name(Some(TopicName(text(TOPIC))))
                .with_partitions(vec![partition]);
            let topic = if version >= 10 { topic.with_topic_id(uuid::Uuid::from_bytes(ID)) } else { topic };
            MetadataResponse::default().with_brokers(vec![broker(1), broker(2)]).with_topics(vec![topic])
        });
    }
    for version in 0..=6 {
        assert_rewritten(10, version, |host, port| {
            if version < 4 {
                return FindCoordinatorResponse::default().with_host(text(host)).with_port(port);
            }
            let found = Coordinator::default().with_key(text("group")).with_host(text(host)).with_port(port);
            FindCoordinatorResponse::default().with_coordinators(vec![found.clone(), found])
        });
    }
    for version in 0..=2 {
        assert_rewritten(60, version, |host, port| {
            let broker = DescribeClusterBroker::default().with_host(text(host)).with_port(port);
            DescribeClusterResponse::default().with_cluster_id(text("cluster")).with_brokers(vec![broker])
        });
    }
}

#[test]
fn a_coordinator_that_is_not_there_yet_has_no_address() {
    for version in 0..=3 {
        let answer = answer(&FindCoordinatorResponse::default().with_error_code(15).with_port(-1), version);
        let rewritten = addresses::rewrite(&request(10, version), &answer, tap(), &Topics::default());
        assert_eq!(rewritten.as_ref(), Some(&answer));
    }
}

/// A batch of two records.
fn batch() -> Bytes {
    let record = |offset: i64| Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: TimestampType::Creation,
        offset,
        sequence: -1,
        timestamp: 1_700_000_000_000,
        key: Some(Bytes::from("k")),
        value: (offset == 40).then(|| Bytes::from("{}")),
        headers: [(text("content-type"), Some(Bytes::from("application/json")))].into_iter().collect(),
    };
    let (mut bytes, records) = (BytesMut::new(), [record(40), record(41)]);
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    RecordBatchEncoder::encode(&mut bytes, &records, &options).expect("a batch");
    bytes.freeze()
}

fn topics() -> Topics {
    let topics = Topics::default();
    topics.learn(ID, TOPIC);
    topics
}

fn shown(side: &Side) -> Vec<(String, i32, Option<i64>, bool, &str)> {
    let record = |message: &crate::Message| message.record.clone().expect("a record");
    side.messages
        .iter()
        .map(|message| (record(message), message.text.as_str()))
        .map(|(record, text)| (record.topic, record.partition, record.offset, record.tombstone, text))
        .collect()
}

#[test]
fn records_are_read_in_every_version_of_produce_and_get_their_offsets() {
    for version in 3..=13 {
        let data = PartitionProduceData::default().with_index(2).with_records(Some(batch()));
        let topic = TopicProduceData::default().with_partition_data(vec![data]);
        let stored = PartitionProduceResponse::default().with_index(2).with_base_offset(17);
        let failed = PartitionProduceResponse::default().with_index(1).with_error_code(6);
        let answered = TopicProduceResponse::default().with_partition_responses(vec![stored, failed]);
        let (topic, answered) = if version >= 13 {
            (topic.with_topic_id(uuid::Uuid::from_bytes(ID)), answered.with_topic_id(uuid::Uuid::from_bytes(ID)))
        } else {
            (topic.with_name(TopicName(text(TOPIC))), answered.with_name(TopicName(text(TOPIC))))
        };
        let head = RequestHeader::default().with_request_api_version(version).with_client_id(Some(text("me")));
        let sent = ProduceRequest::default().with_acks(-1).with_topic_data(vec![topic]);
        let sent = framed(&head, ProduceRequest::header_version(version), &sent, version);
        let request = Request::read(&sent).expect("a request");
        let (acks, records) = content::produced(&request, &sent, &topics(), Instant::now()).expect("it is read");
        assert!(acks && records.unread.is_none(), "version {version}");
        let sent = Side { messages: records.messages, ..Side::default() };
        let mut call = Call { connection: 1, name: String::new(), sent, received: Side::default(), ended: true };
        let answer = answer(&ProduceResponse::default().with_responses(vec![answered]), version);
        let stored = content::stored(&request, &answer, &topics()).expect("it is read");
        stored.into_iter().for_each(|stored| stored.write(&mut call, Instant::now()));
        let wanted = [(TOPIC.into(), 2, Some(17), false, "{}"), (TOPIC.into(), 2, Some(18), true, "")];
        assert_eq!(shown(&call.sent), wanted, "version {version}");
        let texts: Vec<&str> = call.received.messages.iter().map(|message| message.text.as_str()).collect();
        assert_eq!(texts, ["partition 2, offset 17", "partition 1, NOT_LEADER_OR_FOLLOWER"], "version {version}");
    }
}

/// 10,000 records of a topic whose name has 1 MiB would be 10 GiB.
#[test]
fn a_name_that_no_topic_has_is_not_kept_with_each_record() {
    for (length, wanted) in [(249, 2), (250, 0), (1 << 20, 0)] {
        let data = PartitionProduceData::default().with_records(Some(batch()));
        let name = TopicName(StrBytes::from_string("x".repeat(length)));
        let topic = TopicProduceData::default().with_name(name).with_partition_data(vec![data]);
        let head = RequestHeader::default().with_request_api_version(12);
        let sent = ProduceRequest::default().with_topic_data(vec![topic]);
        let sent = framed(&head, ProduceRequest::header_version(12), &sent, 12);
        let request = Request::read(&sent).expect("a request");
        let (_, records) = content::produced(&request, &sent, &topics(), Instant::now()).expect("it is read");
        assert_eq!((records.messages.len(), records.unread.is_some()), (wanted, wanted == 0), "{length}");
    }
    let topics = Topics::default();
    topics.learn(ID, &"x".repeat(250));
    assert!(topics.name(ID).starts_with("topic id"));
}

#[test]
fn records_are_read_in_every_version_of_fetch() {
    for version in 4..=18 {
        // A broker may send half of the next batch.
        let records = [&batch()[..], &batch()[..30]].concat();
        let aborted = AbortedTransaction::default();
        let data = PartitionData::default().with_partition_index(2).with_records(Some(records.into()));
        let data = data.with_aborted_transactions(Some(vec![aborted]));
        let topic = FetchableTopicResponse::default().with_partitions(vec![data]);
        let topic = if version >= 13 {
            topic.with_topic_id(uuid::Uuid::from_bytes(ID))
        } else {
            topic.with_topic(TopicName(text(TOPIC)))
        };
        let answer = answer(&FetchResponse::default().with_responses(vec![topic]), version);
        let read = content::fetched(&request(1, version), &answer, &topics(), Instant::now()).expect("it is read");
        assert_eq!(read.unread, None);
        let side = Side { messages: read.messages, ..Side::default() };
        let wanted = [(TOPIC.into(), 2, Some(40), false, "{}"), (TOPIC.into(), 2, Some(41), true, "")];
        assert_eq!(shown(&side), wanted, "version {version}");
    }
}
