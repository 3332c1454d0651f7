//! Groups of the classic protocol on the embedded broker.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use lab_broker::embedded::Embedded;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{ClientConfig, Offset};

use crate::member::Member;
use crate::support::{committed, consume, consumer, eventually, produce, unique};

const REBALANCE_IN_PROGRESS: i16 = 27;
const UNKNOWN_MEMBER_ID: i16 = 25;

/// A broker with a topic of three partitions: the broker, its address, the topic.
fn broker() -> (Embedded, String, String) {
    let embedded = Embedded::start().expect("it starts");
    let topic = unique("topic");
    embedded.create_topic(&topic, 3).expect("a new topic");
    let address = embedded.address().to_string();
    (embedded, address, topic)
}

/// A consumer whose session lasts longer than any test.
fn long_lived(brokers: &str, group: &str, topic: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("group.id", group)
        .set("group.protocol", "classic")
        .set("session.timeout.ms", "120000")
        .set("heartbeat.interval.ms", "100")
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    consumer.subscribe(&[topic]).expect("subscribed");
    consumer
}

/// Serves all, until each has so many partitions.
fn until_shared(consumers: &[&BaseConsumer], shares: &[usize]) {
    eventually("the shares", || {
        let has = |consumer: &&BaseConsumer| {
            drop(consumer.poll(Duration::from_millis(10)));
            consumer.assignment().expect("an assignment").count()
        };
        let mut seen: Vec<_> = consumers.iter().map(has).collect();
        seen.sort_unstable();
        (seen == shares).then_some(())
    });
}

#[test]
fn members_share_and_what_one_leaves_the_other_has_at_once() {
    let (_embedded, address, topic) = broker();
    let group = unique("group");
    let first = long_lived(&address, &group, &topic);
    until_shared(&[&first], &[3]);
    let second = long_lived(&address, &group, &topic);
    let begin = Instant::now();
    until_shared(&[&first, &second], &[1, 2]);
    println!("the second has its share after {:?}", begin.elapsed());
    produce(&address, &topic, 0, 5, 100).expect("delivered");
    // Closing needs an answer of the other's: it is asked in a thread of its own.
    let begin = Instant::now();
    let closing = std::thread::spawn(move || drop(second));
    until_shared(&[&first], &[3]);
    println!("the first has all again after {:?}", begin.elapsed());
    closing.join().expect("closed");
    // The session is two minutes; nobody waits for it.
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    consume(&first, 5);
}

#[test]
fn who_ends_while_it_joins_is_no_member() {
    let (_embedded, address, topic) = broker();
    for millis in (0..=400).step_by(50) {
        let group = unique("group");
        let joining = long_lived(&address, &group, &topic);
        drop(joining.poll(Duration::from_millis(millis)));
        drop(joining);
        // The session is two minutes: the next is given its share before, or never here.
        until_shared(&[&long_lived(&address, &group, &topic)], &[3]);
    }
}

#[test]
fn a_group_that_ended_goes_on_at_once() {
    let (_embedded, address, topic) = broker();
    let group = unique("group");
    produce(&address, &topic, 1, 3, 100).expect("delivered");
    let begin = Instant::now();
    for _ in 0..3 {
        let member = long_lived(&address, &group, &topic);
        until_shared(&[&member], &[3]);
        consume(&member, 3);
    }
    println!("three runs after {:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[test]
fn who_is_killed_is_out_after_its_session_and_its_zombie_commits_nothing() {
    let (_embedded, address, topic) = broker();
    let group = unique("group");
    produce(&address, &topic, 1, 3, 100).expect("delivered");
    let mut killed = Member::of(&group, &address);
    killed.session_ms = 1_500;
    killed.join_alone(5);
    assert_eq!(killed.sync(b"all", 3).error_code, 0);
    assert_eq!(killed.commit(&topic, 1, 7), 0);
    let living = long_lived(&address, &group, &topic);
    eventually("word of the other", || {
        drop(living.poll(Duration::from_millis(10)));
        (killed.beat(3) == REBALANCE_IN_PROGRESS).then_some(())
    });
    assert_eq!(killed.commit(&topic, 2, 7), 0, "until the next generation it may");
    // From here on it says nothing.
    until_shared(&[&living], &[3]);
    assert_eq!(killed.beat(3), UNKNOWN_MEMBER_ID);
    for version in 2..=9 {
        assert_eq!(killed.commit(&topic, 3, version), UNKNOWN_MEMBER_ID);
    }
    assert_eq!(committed(&living, &topic, 1), Offset::Offset(2));
    assert_eq!(consume(&living, 1).into_iter().collect::<Vec<_>>(), [(1, 1)]);
    living.commit_consumer_state(CommitMode::Sync).expect("committed");
    assert_eq!(committed(&living, &topic, 1), Offset::Offset(3));
}

#[test]
fn while_the_broker_is_away_no_session_ends() {
    let (embedded, address, _topic) = broker();
    let group = unique("group");
    let mut member = Member::of(&group, &address);
    member.session_ms = 3_000;
    member.join_alone(5);
    assert_eq!(member.sync(b"all", 3).error_code, 0);
    embedded.set_up(false);
    let longer_than_a_session = Duration::from_millis(3_500);
    std::thread::sleep(longer_than_a_session);
    embedded.set_up(true);
    member.connect(&address);
    // Sessions are looked at every 50 ms.
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(member.beat(3), 0);
    std::thread::sleep(longer_than_a_session);
    assert_eq!(member.beat(3), UNKNOWN_MEMBER_ID);
}

/// What is written here by hand, read by another.
#[test]
fn every_version_of_each_request_is_answered_in_its_form() {
    let (_embedded, address, topic) = broker();
    for version in 0..=6 {
        let short = version.min(4);
        let mut member = Member::of(&unique("group"), &address);
        let joined = member.join_alone(version);
        assert_eq!((joined.generation_id, &joined.leader), (1, &member.id));
        assert_eq!(joined.protocol_name.as_deref(), Some("range"));
        let members: Vec<_> = joined.members.iter().map(|one| (&one.member_id, &one.metadata[..])).collect();
        assert_eq!(members, [(&member.id, &b"metadata"[..])]);
        assert_eq!(member.sync(b"share", short).assignment, &b"share"[..]);
        assert_eq!(member.beat(short), 0);
        assert_eq!(member.commit(&topic, 1, version + 3), 0);
        member.generation += 1;
        assert_eq!((member.beat(short), member.commit(&topic, 1, version + 3)), (22, 22));
        let left = member.leave(short);
        let errors: Vec<_> = left.members.iter().map(|one| one.error_code).chain([left.error_code]).collect();
        assert!(errors.iter().all(|&error| error == 0), "{errors:?}");
        assert_eq!(member.beat(short), UNKNOWN_MEMBER_ID);
    }
}

/// A fetch that waits for records is answered by the mock, after a moment, and the heartbeat after it at once.
#[test]
fn answers_come_in_the_order_of_the_requests() {
    let (_embedded, address, topic) = broker();
    let fetch = [
        &[0, 1, 0, 0, 0, 0, 0, 1, 255, 255][..], // Fetch, version 0, number 1, no client id
        &[255, 255, 255, 255, 0, 0, 1, 44, 0, 0, 0, 1], // no replica, 300 ms, one byte
        &[0, 0, 0, 1, 0, topic.len() as u8],     // one topic
        topic.as_bytes(),
        &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0], // partition 0 from its beginning
    ]
    .concat();
    let heartbeat = [0, 12, 0, 0, 0, 0, 0, 2, 255, 255, 0, 1, b'g', 0, 0, 0, 1, 0, 1, b'm'].to_vec();
    let versions = [0, 18, 0, 0, 0, 0, 0, 3, 255, 255].to_vec();
    let mut stream = TcpStream::connect(&address).expect("it listens");
    for request in [&fetch, &heartbeat, &versions, &heartbeat] {
        stream.write_all(&(request.len() as u32).to_be_bytes()).expect("written");
        stream.write_all(request).expect("written");
    }
    let numbers = [(); 4].map(|()| {
        let mut head = [0; 8];
        stream.read_exact(&mut head).expect("an answer");
        let [length, number] = [0, 4].map(|at| u32::from_be_bytes(head[at..at + 4].try_into().expect("four bytes")));
        stream.read_exact(&mut vec![0; length as usize - 4]).expect("an answer");
        number
    });
    assert_eq!(numbers, [1, 2, 3, 2]);
}

/// As KIP-511 has it: who asks in a newer version is told of the older ones in a form that anybody reads.
#[test]
fn a_client_that_is_newer_is_told_which_versions_there_are() {
    let (_embedded, address, _topic) = broker();
    let mut stream = TcpStream::connect(&address).expect("it listens");
    for version in [3, 4, 99] {
        let request = [0, 0, 0, 14, 0, 18, 0, version, 0, 0, 0, 9, 255, 255, 0, 1, 1, 0];
        stream.write_all(&request).expect("written");
        let mut answer = [0; 20];
        stream.read_exact(&mut answer).expect("an answer");
        // Its length, its number, UNSUPPORTED_VERSION, one request: ApiVersions from 0 to 2.
        assert_eq!(answer, [0, 0, 0, 16, 0, 0, 0, 9, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 2]);
    }
}

#[test]
fn a_group_by_one_protocol_goes_on_by_the_other() {
    let (_embedded, address, topic) = broker();
    let group = unique("group");
    produce(&address, &topic, 1, 3, 100).expect("delivered");
    for (protocol, expected) in [("classic", 3), ("consumer", 1)] {
        let member = consumer(&address, &group, protocol);
        member.subscribe(&[&topic]).expect("subscribed");
        consume(&member, expected);
        member.commit_consumer_state(CommitMode::Sync).expect("committed");
        produce(&address, &topic, 1, 1, 100).expect("delivered");
    }
}
