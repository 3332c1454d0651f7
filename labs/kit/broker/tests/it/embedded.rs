//! The embedded broker, seen by librdkafka's clients.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use lab_broker::embedded::{Embedded, TopicError, Unread};
use rdkafka::Offset;
use rdkafka::consumer::{CommitMode, Consumer};

use crate::support::{committed, consume, consumer, eventually, produce, read_all, unique};

struct Broker {
    embedded: Embedded,
    address: String,
    topic: String,
}

/// A broker with a topic of three partitions.
fn broker() -> Broker {
    let embedded = Embedded::start().expect("it starts");
    let topic = unique("topic");
    embedded.create_topic(&topic, 3).expect("a new topic");
    Broker { address: embedded.address().to_string(), embedded, topic }
}

/// The mock's thread sleeps for a second at a time, unless it is woken, and about one command in a hundred
/// comes while it does. Twenty thousand that wait for that take longer than anybody waits here; woken,
/// they take two seconds.
#[test]
fn a_command_does_not_wait_for_traffic() {
    let (done, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for _ in 0..100 {
            let Broker { embedded, topic, .. } = broker();
            for number in 0..200 {
                embedded.create_topic(&format!("{topic}-{number}"), 1).expect("a new topic");
            }
        }
        done.send(()).expect("the test waits");
    });
    ended.recv_timeout(Duration::from_secs(60)).expect("the end of the commands");
}

#[test]
fn all_traffic_passes_the_address_that_was_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let embedded = Embedded::on(listener).expect("it starts");
    assert_eq!(embedded.address(), address);
    let client = consumer(&address.to_string(), "none", "consumer");
    let metadata = client.fetch_metadata(None, Duration::from_secs(10)).expect("an answer");
    let brokers: Vec<_> = metadata.brokers().iter().map(|broker| (broker.host(), broker.port())).collect();
    assert_eq!(brokers, [("127.0.0.1", i32::from(address.port()))]);
}

#[test]
fn a_topic_has_the_partitions_that_it_was_made_with() {
    let Broker { embedded, address, topic } = broker();
    let client = consumer(&address, "none", "consumer");
    let metadata = client.fetch_metadata(Some(&topic), Duration::from_secs(10)).expect("an answer");
    assert_eq!(metadata.topics()[0].partitions().len(), 3);

    assert_eq!(embedded.create_topic(&topic, 1), Err(TopicError::Exists(topic)));
    for name in ["", ".", "..", "a b", "ä", "a/b", "a\0b", &"x".repeat(250)] {
        assert_eq!(embedded.create_topic(name, 1), Err(TopicError::Name(name.to_owned())), "{name:?}");
    }
    for partitions in [0, -1, i32::MAX] {
        assert_eq!(embedded.create_topic("new", partitions), Err(TopicError::Partitions(partitions)));
    }
    embedded.create_topic(&"x".repeat(249), 1).expect("the longest name");
}

#[test]
fn a_group_reads_commits_and_goes_on_by_both_protocols() {
    for protocol in ["consumer", "classic"] {
        let Broker { embedded: _embedded, address, topic } = broker();
        for partition in 0..3 {
            produce(&address, &topic, partition, 10, 100).expect("delivered");
        }
        let group = unique("group");
        let first = consumer(&address, &group, protocol);
        first.subscribe(&[&topic]).expect("subscribed");
        assert_eq!(consume(&first, 30).len(), 3, "{protocol}");
        first.commit_consumer_state(CommitMode::Sync).expect("committed");
        assert_eq!(committed(&first, &topic, 1), Offset::Offset(10), "{protocol}");
        assert_eq!(first.fetch_watermarks(&topic, 1, Duration::from_secs(10)).expect("an answer"), (0, 10));
        drop(first);

        produce(&address, &topic, 1, 1, 100).expect("delivered");
        let second = consumer(&address, &group, protocol);
        second.subscribe(&[&topic]).expect("subscribed");
        assert_eq!(consume(&second, 1).into_iter().collect::<Vec<_>>(), [(1, 1)], "{protocol}");
    }
}

#[test]
fn connections_that_are_cut_come_back_and_nothing_is_lost() {
    let Broker { embedded, address, topic } = broker();
    let group = unique("group");
    let reader = consumer(&address, &group, "consumer");
    reader.subscribe(&[&topic]).expect("subscribed");
    produce(&address, &topic, 0, 5, 100).expect("delivered");
    consume(&reader, 5);
    let mut bystander = TcpStream::connect(&address).expect("it listens");
    // It is served once it has an answer.
    bystander.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 0, 255, 255]).expect("written");
    bystander.read_exact(&mut [0; 4]).expect("an answer");

    embedded.cut_connections();
    bystander.read_to_end(&mut Vec::new()).ok(); // It ends, in order or not.
    produce(&address, &topic, 0, 5, 100).expect("delivered");
    consume(&reader, 5);
}

#[test]
fn a_broker_that_was_away_has_kept_what_it_had() {
    let Broker { embedded, address, topic } = broker();
    produce(&address, &topic, 0, 5, 100).expect("delivered");
    embedded.set_up(false);
    let client = consumer(&address, "none", "consumer");
    client.fetch_metadata(None, Duration::from_millis(300)).expect_err("it is away");
    embedded.set_up(true);
    read_all(&address, &topic, 0, 5);
}

#[test]
fn what_is_not_kafka_does_no_harm() {
    let Broker { embedded: _embedded, address, topic } = broker();
    for bytes in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &[0xff; 1000], &[0, 0, 0, 2, 0, 9], &[0, 0, 0, 0]] {
        let mut stream = TcpStream::connect(&address).expect("it listens");
        stream.write_all(bytes).expect("written");
        stream.shutdown(std::net::Shutdown::Write).expect("shut down");
        let _ = stream.read_to_end(&mut Vec::new());
    }
    produce(&address, &topic, 0, 5, 100).expect("delivered");
    read_all(&address, &topic, 0, 5);
}

#[test]
fn it_tells_what_it_has_trimmed_before_a_group_has_read_it() {
    let Broker { embedded, address, topic } = broker();
    let (behind, current) = (unique("behind"), unique("current"));
    let [behind_reader, current_reader] = [&behind, &current].map(|group| {
        let reader = consumer(&address, group, "consumer");
        reader.subscribe(&[&topic]).expect("subscribed");
        reader
    });
    // 4 MiB fit; so does 1 MiB in partition 1, whatever comes to partition 0.
    produce(&address, &topic, 0, 40, 100_000).expect("delivered");
    produce(&address, &topic, 1, 10, 100_000).expect("delivered");
    for reader in [&behind_reader, &current_reader] {
        consume(reader, 50);
        reader.commit_consumer_state(CommitMode::Sync).expect("committed");
    }
    drop(behind_reader);
    // The control: what the groups have read may go, and nobody is told anything.
    produce(&address, &topic, 0, 40, 100_000).expect("delivered");
    let (low, high) = current_reader.fetch_watermarks(&topic, 0, Duration::from_secs(10)).expect("an answer");
    assert!((1..=40).contains(&low) && high == 80, "{low}..{high}");
    consume(&current_reader, 40);
    current_reader.commit_consumer_state(CommitMode::Sync).expect("committed");
    looked_twice(&embedded, &address);
    assert_eq!(losses(&embedded, &topic), []);

    produce(&address, &topic, 0, 40, 100_000).expect("delivered");
    let (low, _) = current_reader.fetch_watermarks(&topic, 0, Duration::from_secs(10)).expect("an answer");
    let loss =
        eventually("word of the loss", || losses(&embedded, &topic).pop().filter(|loss| loss.records == low - 40));
    assert_eq!((loss.group.as_deref(), loss.partition), (Some(&*behind), 0));
    assert_eq!(losses(&embedded, &topic).len(), 1, "{:?}", losses(&embedded, &topic));
}

/// The flexible form of a request (KIP-482) has room for names that no other form can write.
#[test]
fn names_of_40000_bytes_do_not_end_the_warnings() {
    let Broker { embedded, address, topic } = broker();
    let (long, name) = ([b'x'; 40_000], topic.as_bytes());
    let group = [
        &[0, 9, 0, 6, 0, 0, 0, 0, 255, 255, 0][..], // OffsetFetch, version 6, no client id, no tags
        &[0xc1, 0xb8, 2],                           // 40,001
        &long,
        &[2, name.len() as u8 + 1], // one topic
        name,
        &[2, 0, 0, 0, 0, 0, 0], // partition 0
    ];
    let made = [
        &[0, 3, 0, 9, 0, 0, 0, 0, 255, 255, 0][..], // Metadata, version 9, no client id, no tags
        &[2, 0xc1, 0xb8, 2],                        // one topic, 40,001
        &long,
        &[0, 1, 0, 0, 0], // it is made if it isn't there
    ];
    for request in [group.concat(), made.concat()] {
        let mut connection = TcpStream::connect(&address).expect("it listens");
        connection.write_all(&(request.len() as u32).to_be_bytes()).expect("written");
        connection.write_all(&request).expect("written");
        connection.read_exact(&mut [0; 4]).expect("an answer");
    }
    produce(&address, &topic, 0, 60, 100_000).expect("delivered");
    looked_twice(&embedded, &address);
    assert_eq!(losses(&embedded, &topic).pop().map(|loss| loss.group), Some(None), "nobody reads it");
}

fn losses(embedded: &Embedded, topic: &str) -> Vec<Unread> {
    embedded.trimmed_unread().into_iter().filter(|unread| unread.topic == topic).collect()
}

/// A topic that nobody reads serves as a clock: when its loss is told, all has been looked at.
fn looked_twice(embedded: &Embedded, address: &str) {
    for _ in 0..2 {
        let clock = unique("clock");
        embedded.create_topic(&clock, 1).expect("a new topic");
        produce(address, &clock, 0, 60, 100_000).expect("delivered");
        eventually("word of a loss", || losses(embedded, &clock).pop().filter(|loss| loss.group.is_none()));
    }
}

#[test]
fn many_connections_at_once_are_all_served() {
    let Broker { embedded: _embedded, address, .. } = broker();
    // ApiVersions, version 0, without a client id.
    let request = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 0, 255, 255];
    let mut connections: Vec<_> = (0..200).map(|_| TcpStream::connect(&address).expect("it listens")).collect();
    for connection in &mut connections {
        connection.write_all(&request).expect("written");
    }
    for connection in &mut connections {
        connection.read_exact(&mut [0; 4]).expect("an answer");
    }
}
