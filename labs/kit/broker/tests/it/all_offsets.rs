//! All that a group has committed, asked for without naming a topic.

use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::{GroupId, OffsetFetchRequest, OffsetFetchResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use lab_broker::embedded::Embedded;
use rdkafka::consumer::{CommitMode, Consumer};

use crate::member::Member;
use crate::support::{consume, consumer, produce, unique};

fn broker() -> (Embedded, String, [String; 3]) {
    let embedded = Embedded::start().expect("it starts");
    let topics = ["one", "two", "three"].map(unique);
    topics.iter().for_each(|topic| embedded.create_topic(topic, 3).expect("a new topic"));
    let address = embedded.address().to_string();
    (embedded, address, topics)
}

fn all(group: &str) -> OffsetFetchRequest {
    let group = GroupId(StrBytes::from_string(group.to_owned()));
    OffsetFetchRequest::default().with_group_id(group).with_topics(None)
}

/// Topic, partition, offset; sorted.
fn offsets(answer: &OffsetFetchResponse) -> Vec<(String, i32, i64)> {
    assert_eq!(answer.error_code, 0);
    let mut all = Vec::new();
    for topic in &answer.topics {
        assert!(!topic.partitions.is_empty());
        for one in &topic.partitions {
            assert_eq!(one.error_code, 0);
            all.push((topic.name.to_string(), one.partition_index, one.committed_offset));
        }
    }
    all.sort();
    all
}

#[test]
fn what_a_group_without_members_has_committed_is_all_told_in_each_version() {
    let (_embedded, address, [one, two, _]) = broker();
    let (group, stranger) = (unique("group"), unique("stranger"));
    let mut member = Member::of(&group, &address);
    assert_eq!((member.commit(&one, 7, 2), member.commit(&two, 0, 8)), (0, 0));
    let mut expected = vec![(one, 1, 7), (two, 1, 0)];
    expected.sort();
    for version in 2..=6 {
        // Asked by anybody.
        let mut other = Member::of(&stranger, &address);
        assert_eq!(offsets(&other.ask(&all(&group), version)), expected, "version {version}");
        assert_eq!(offsets(&other.ask(&all(&stranger), version)), [], "version {version}");
        // A list that is empty names none; one that isn't is answered as before.
        let none = all(&group).with_topics(Some(Vec::new()));
        assert_eq!(offsets(&other.ask(&none, version)), [], "version {version}");
        let (topic, partition, offset) = &expected[1];
        let name = TopicName(StrBytes::from_string(topic.clone()));
        let named = OffsetFetchRequestTopic::default().with_name(name).with_partition_indexes(vec![*partition]);
        let answer = other.ask(&all(&group).with_topics(Some(vec![named])), version);
        assert_eq!(offsets(&answer), [(topic.clone(), *partition, *offset)], "version {version}");
    }
}

#[test]
fn what_members_have_committed_is_told_for_both_protocols() {
    for protocol in ["classic", "consumer"] {
        let (_embedded, address, [one, ..]) = broker();
        let group = unique("group");
        for partition in [0, 2] {
            produce(&address, &one, partition, 5, 100).expect("delivered");
        }
        let reader = consumer(&address, &group, protocol);
        reader.subscribe(&[&one]).expect("subscribed");
        consume(&reader, 10);
        reader.commit_consumer_state(CommitMode::Sync).expect("committed");
        let answer = Member::of(&unique("other"), &address).ask(&all(&group), 6);
        assert_eq!(offsets(&answer), [(one.clone(), 0, 5), (one.clone(), 2, 5)], "{protocol}");
    }
}

/// A commit that is on its way when the question comes is answered for.
#[test]
fn a_question_right_behind_a_commit_sees_it() {
    let (_embedded, address, [one, ..]) = broker();
    for offset in 1..100 {
        let group = unique("group");
        let mut member = Member::of(&group, &address);
        assert_eq!(member.commit(&one, offset, 8), 0);
        assert_eq!(offsets(&member.ask(&all(&group), 6)), [(one.clone(), 1, offset)]);
    }
}
