//! What is overheard, and what is not.

use super::groups::{Groups, Reading, Requests};
use super::sessions::shorten;
use super::wire::{Api, Reader, Writer};

fn reading(group: &str, topic: &str, partition: i32) -> Reading {
    Reading { group: group.to_owned(), topic: topic.to_owned(), partition }
}

/// As clients wrote it before the flexible form.
fn old_request(group: &str, topic: &str, partitions: &[i32]) -> Vec<u8> {
    let topics = [(topic, partitions)];
    let topic = |writer: Writer, (topic, partitions): &(&str, &[i32])| {
        writer.text(topic).list(partitions, |writer, &partition| writer.i32(partition))
    };
    Writer::request(Api::OffsetFetch, 1).text(group).list(&topics, topic).finish()
}

/// Version 6, as librdkafka writes it: the group, one topic, partitions 0 and 2.
fn flexible_request(group: &str, topic: &str) -> Vec<u8> {
    let body = [
        &[0, 9, 0, 6, 0, 0, 0, 7][..], // OffsetFetch, version, correlation id
        &[0, 1, b'c', 0],              // client id, no tags
        &compact(group),
        &[2], // one topic
        &compact(topic),
        &[3, 0, 0, 0, 0, 0, 0, 0, 2], // two partitions
        &[1, 200, 1, 2, 9, 9, 0],     // tags: one, number 200, two bytes; none at the end
    ]
    .concat();
    [&(body.len() as i32).to_be_bytes()[..], &body].concat()
}

/// A text in the flexible form: its length and one, seven bits a byte.
fn compact(text: &str) -> Vec<u8> {
    let length = text.len() + 1;
    let bytes = [length & 0x7f | 0x80, length >> 7 & 0x7f | 0x80, length >> 14];
    [bytes.map(|byte| byte as u8).as_slice(), text.as_bytes()].concat()
}

/// Another request, of which nothing is to be read.
fn other_request(length: i32) -> Vec<u8> {
    let mut request = length.to_be_bytes().to_vec();
    request.extend([0, 0]);
    request.resize(4 + length as usize, 9);
    request
}

#[test]
fn a_group_is_known_by_the_offsets_that_it_asks_for() {
    let stream =
        [other_request(100_000), old_request("old", "orders", &[1]), other_request(2), flexible_request("g", "t")]
            .concat();
    let expected = [reading("g", "t", 0), reading("g", "t", 2), reading("old", "orders", 1)];
    // However the bytes come: one by one, in odd pieces, all at once.
    for size in [1, 7, 64, stream.len()] {
        let (groups, mut requests) = (Groups::default(), Requests::default());
        stream.chunks(size).for_each(|piece| requests.read(piece, &groups));
        let mut all = groups.all();
        all.sort();
        assert_eq!(all, expected, "in pieces of {size}");
    }
}

/// The flexible form has room for any: 10,000 that are kept would be 600 MiB, and none could be asked for.
#[test]
fn a_name_that_no_group_or_topic_has_is_not_remembered() {
    let heard = |group: usize, topic: usize| {
        let groups = Groups::default();
        let request = flexible_request(&"g".repeat(group), &"t".repeat(topic));
        Requests::default().read(&request, &groups);
        groups.all().len()
    };
    assert_eq!(heard(255, 249), 2);
    assert_eq!((heard(256, 1), heard(1, 250), heard(40_000, 1), heard(1, 40_000)), (0, 0, 0, 0));
}

#[test]
fn what_is_no_request_is_passed_over() {
    let cut_short = {
        let mut request = flexible_request("g", "t");
        request.truncate(20);
        request[..4].copy_from_slice(&16_i32.to_be_bytes());
        request
    };
    let endless_list =
        [&20_i32.to_be_bytes()[..], &[0, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, b'g', 127, 255, 255, 255, 0, 0, 0]].concat();
    for bytes in [b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![255; 4096], vec![0; 4096], cut_short, endless_list] {
        let (groups, mut requests) = (Groups::default(), Requests::default());
        bytes.chunks(3).for_each(|piece| requests.read(piece, &groups));
        assert_eq!(groups.all(), [], "{bytes:?}");
    }
}

/// As clients write it: the version, the client's name, the group, the session, and more.
fn join_request(version: i16, group: &str, session: i32) -> Vec<u8> {
    let flexible = version >= 6;
    let group = if flexible { compact(group) } else { [&[0, group.len() as u8][..], group.as_bytes()].concat() };
    let tags: &[u8] = if flexible { &[0] } else { &[] };
    let head = [&[0, 11][..], &version.to_be_bytes(), &[0, 0, 0, 7, 0, 1, b'c'], tags].concat();
    let body = [&head, &group, &session.to_be_bytes()[..], &[1, 2, 3]].concat();
    [&(body.len() as i32).to_be_bytes()[..], &body].concat()
}

#[test]
fn a_session_is_cut_short_and_nothing_else_changes() {
    for version in [0, 5, 6] {
        let mut asked = [other_request(50), join_request(version, "g", 45_000), old_request("g", "t", &[1])].concat();
        let shorter = [other_request(50), join_request(version, "g", 4_500), old_request("g", "t", &[1])].concat();
        shorten(&mut asked);
        assert_eq!(asked, shorter);
        shorten(&mut asked);
        assert_eq!(asked, shorter);
    }
    let unknown = [join_request(7, "g", 45_000), b"GET / HTTP/1.1".to_vec(), vec![255; 40], vec![0; 40]];
    for mut bytes in unknown {
        let before = bytes.clone();
        shorten(&mut bytes);
        assert_eq!(bytes, before);
    }
}

#[test]
fn a_reader_gives_nothing_where_something_else_was_written() {
    assert_eq!(Reader::new(&[0, 0, 1]).i32(), None);
    assert_eq!(Reader::new(&[0, 3, b'a']).text(), None);
    assert_eq!(Reader::new(&[0, 1, 0xff]).text(), None);
    assert_eq!(Reader::new(&[0xff, 0xff]).text(), Some(""));
    assert_eq!(Reader::new(&[0xff; 8]).flexible(true).tags(), None);
    assert_eq!(Reader::new(&[127, 255, 255, 255]).list(Reader::i32), None);
}
