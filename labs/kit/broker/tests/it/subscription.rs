//! Members of the consumer protocol that say what they subscribe to in another way than librdkafka.

use kafka_protocol::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, GroupId, TopicName};
use kafka_protocol::protocol::StrBytes;
use lab_broker::embedded::Embedded;

use crate::member::Member;
use crate::support::{eventually, unique};

const INVALID_REQUEST: i16 = 42;

/// One that joins.
fn heartbeat(group: &str, topics: Option<&[&str]>, pattern: Option<&str>) -> ConsumerGroupHeartbeatRequest {
    let text = |text: &str| StrBytes::from_string(text.to_owned());
    let names = |topics: &[&str]| topics.iter().map(|topic| TopicName(text(topic))).collect();
    ConsumerGroupHeartbeatRequest::default()
        .with_group_id(GroupId(text(group)))
        .with_member_id(text(&unique("member")))
        .with_rebalance_timeout_ms(60_000)
        .with_subscribed_topic_names(topics.map(names))
        .with_subscribed_topic_regex(pattern.map(text))
}

fn partitions(answer: &ConsumerGroupHeartbeatResponse) -> Option<usize> {
    assert_eq!(answer.error_code, 0);
    Some(answer.assignment.as_ref()?.topic_partitions.iter().map(|topic| topic.partitions.len()).sum())
}

#[test]
fn topics_without_a_pattern_are_a_subscription() {
    let embedded = Embedded::start().expect("it starts");
    let topic = unique("topic");
    embedded.create_topic(&topic, 3).expect("a new topic");
    let address = embedded.address().to_string();
    for pattern in [None, Some("")] {
        let group = unique("group");
        let mut member = Member::of(&group, &address);
        let mut request = heartbeat(&group, Some(&[&topic]), pattern);
        let mut beat = |request: &mut ConsumerGroupHeartbeatRequest| {
            let answer = member.ask(request, 1);
            request.member_epoch = answer.member_epoch;
            partitions(&answer)
        };
        let mut has = beat(&mut request);
        request.subscribed_topic_names = None;
        // That there is no pattern any more, which there never was; and then that nothing is new.
        for pattern in [Some(""), None] {
            request.subscribed_topic_regex = pattern.map(StrBytes::from_static_str);
            has = has.max(beat(&mut request));
        }
        eventually("the last of three partitions", || {
            has = has.max(beat(&mut request));
            (has == Some(3)).then_some(())
        });
    }
}

#[test]
fn what_subscribes_to_nothing_is_refused_and_the_broker_goes_on() {
    let embedded = Embedded::start().expect("it starts");
    let (address, group) = (embedded.address().to_string(), unique("group"));
    let mut member = Member::of(&group, &address);
    let refused = [
        heartbeat(&group, Some(&[]), None),
        heartbeat(&group, Some(&[]), Some("")),
        heartbeat(&group, Some(&["topic"]), None).with_member_epoch(-3),
        heartbeat(&group, Some(&["topic"]), None).with_rebalance_timeout_ms(-2),
    ];
    for request in refused {
        let answer = member.ask(&request, 1);
        assert_eq!(answer.error_code, INVALID_REQUEST, "{request:?}");
        assert!(answer.error_message.is_some());
        assert!(answer.assignment.is_none());
    }
    let pattern = member.ask(&heartbeat(&group, None, Some("topic.*")), 1);
    assert_ne!(pattern.error_code, INVALID_REQUEST);
    assert_eq!(member.ask(&heartbeat(&group, Some(&["topic"]), Some("")), 1).error_code, 0);
}
