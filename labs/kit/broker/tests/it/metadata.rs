//! What the embedded broker says of itself and its topics.

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use kafka_protocol::messages::{MetadataRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use lab_broker::embedded::Embedded;

use crate::member::Member;
use crate::support::unique;

#[test]
fn topics_are_told_in_each_version_and_nothing_after_them() {
    let embedded = Embedded::start().expect("it starts");
    let topic = unique("topic");
    embedded.create_topic(&topic, 3).expect("a new topic");
    let mut anybody = Member::of("none", &embedded.address().to_string());
    let name = TopicName(StrBytes::from_string(topic));
    let named = MetadataRequestTopic::default().with_name(Some(name.clone()));
    for version in 1..=12 {
        for topics in [None, Some(vec![named.clone()])] {
            let answer = anybody.ask(&MetadataRequest::default().with_topics(topics), version);
            assert_eq!(answer.brokers.len(), 1, "version {version}");
            let of = |topic: &MetadataResponseTopic| (topic.name.clone(), topic.error_code, topic.partitions.len());
            let told: Vec<_> = answer.topics.iter().map(of).collect();
            assert_eq!(told, [(Some(name.clone()), 0, 3)], "version {version}");
        }
    }
}
