//! What is too large for a broker, in each version of the request that brings it.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};
use lab_broker::embedded::Embedded;
use rdkafka::ClientConfig;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use crate::member::Member;
use crate::support::{Deliveries, PATIENCE, read_all, unique};

/// Apache's default for `message.max.bytes`.
const LARGEST: usize = 1_048_588;
const MESSAGE_TOO_LARGE: i16 = 10;

/// One record, in a batch of so many bytes.
pub(crate) fn batch(bytes: usize) -> Bytes {
    let of = |value: usize| {
        let record = Record {
            transactional: false,
            control: false,
            partition_leader_epoch: 0,
            producer_id: -1,
            producer_epoch: -1,
            timestamp_type: TimestampType::Creation,
            offset: 0,
            sequence: 0,
            timestamp: 0,
            key: None,
            value: Some(Bytes::from(vec![b'x'; value])),
            headers: Default::default(),
            delete_horizon: false,
        };
        let options = RecordEncodeOptions { version: 2, compression: Compression::None };
        let mut batch = BytesMut::new();
        RecordBatchEncoder::encode(&mut batch, [&record], &options).expect("a batch");
        batch.freeze()
    };
    // What stands around the value depends on how its length is written.
    (60..80).map(|around| of(bytes - around)).find(|batch| batch.len() == bytes).expect("a batch of that length")
}

/// A batch for each of its partitions.
pub(crate) fn topic(name: &str, batches: [Bytes; 3]) -> TopicProduceData {
    let partition = |(number, records)| PartitionProduceData::default().with_index(number).with_records(Some(records));
    TopicProduceData::default()
        .with_name(TopicName(StrBytes::from_string(name.to_owned())))
        .with_partition_data((0..).zip(batches).map(partition).collect())
}

/// Number, error, offset.
type Told = (i32, i16, i64);

/// For each topic what is said of its partitions.
fn told(answer: &ProduceResponse) -> Vec<(String, Vec<Told>)> {
    let topic = |topic: &kafka_protocol::messages::produce_response::TopicProduceResponse| {
        let partitions = topic.partition_responses.iter();
        (topic.name.to_string(), partitions.map(|one| (one.index, one.error_code, one.base_offset)).collect())
    };
    answer.responses.iter().map(topic).collect()
}

#[test]
fn a_batch_that_is_too_large_is_refused_and_those_beside_it_are_not() {
    let embedded = Embedded::start().expect("it starts");
    let address = embedded.address().to_string();
    let (one, other) = (unique("one"), unique("other"));
    [&one, &other].iter().for_each(|topic| embedded.create_topic(topic, 3).expect("a new topic"));
    let (small, largest, larger) = (batch(1_000), batch(LARGEST), batch(LARGEST + 1));
    let mut client = Member::of(&unique("group"), &address);
    // Version 5 the mock answers in a form of its own.
    for (taken, version) in (0..).zip([3, 4, 6, 7, 8, 9, 10]) {
        let request = ProduceRequest::default().with_acks(-1).with_timeout_ms(5_000).with_topic_data(vec![
            topic(&one, [small.clone(), larger.clone(), largest.clone()]),
            topic(&other, [larger.clone(), small.clone(), small.clone()]),
        ]);
        let answer = client.ask(&request, version);
        let refused = |number| (number, MESSAGE_TOO_LARGE, -1);
        let expected = [
            (one.clone(), vec![(0, 0, taken), refused(1), (2, 0, taken)]),
            (other.clone(), vec![refused(0), (1, 0, taken), (2, 0, taken)]),
        ];
        assert_eq!(told(&answer), expected, "version {version}");
    }
    read_all(&address, &one, 0, 7);
    read_all(&address, &other, 2, 7);
}

#[test]
fn all_that_is_too_large_alone_is_refused_too() {
    let embedded = Embedded::start().expect("it starts");
    let name = unique("topic");
    embedded.create_topic(&name, 3).expect("a new topic");
    let mut client = Member::of(&unique("group"), &embedded.address().to_string());
    for _ in 0..2 {
        let larger = batch(2 * LARGEST);
        let topic = topic(&name, [larger.clone(), larger.clone(), larger]);
        let request = ProduceRequest::default().with_acks(1).with_timeout_ms(5_000).with_topic_data(vec![topic]);
        let answer = told(&client.ask(&request, 9));
        assert_eq!(answer[0].1, [0, 1, 2].map(|number| (number, MESSAGE_TOO_LARGE, -1)));
    }
}

/// With bounds of its own raised, a client hears it from the broker; and it goes on.
#[test]
fn a_client_hears_it_in_the_delivery_report() {
    let embedded = Embedded::start().expect("it starts");
    let (address, topic) = (embedded.address().to_string(), unique("topic"));
    embedded.create_topic(&topic, 3).expect("a new topic");
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &address).set("message.max.bytes", "5000000").set("linger.ms", "0");
    let producer: ThreadedProducer<Deliveries> = config.create_with_context(Deliveries::default()).expect("a producer");
    for (partition, bytes) in [(0, 10), (1, 1_200_000), (2, 10), (1, 10)] {
        let value = vec![b'x'; bytes];
        let record = BaseRecord::<str, [u8]>::to(&topic).partition(partition).payload(&value);
        producer.send(record).map_err(|(error, _)| error).expect("room in the queue");
        producer.flush(PATIENCE).expect("reports");
    }
    let reports = producer.context().all();
    let errors: Vec<_> =
        reports.iter().map(|report| report.as_ref().err().and_then(|error| error.rdkafka_error_code())).collect();
    assert_eq!(errors, [None, Some(RDKafkaErrorCode::MessageSizeTooLarge), None, None]);
    read_all(&address, &topic, 1, 1);
}
