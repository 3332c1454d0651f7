//! What is overheard, and what is not.

use super::readers::{Readers, Reading};
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
    Writer::request(Api::OffsetFetch, 1, 7).text(group).list(&topics, topic).finish()
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

#[test]
fn a_group_is_known_by_the_offsets_that_it_asks_for() {
    let readers = Readers::default();
    for request in [old_request("old", "orders", &[1]), flexible_request("g", "t")] {
        readers.overhear(&request[4..]);
    }
    let mut all = readers.all();
    all.sort();
    assert_eq!(all, [reading("g", "t", 0), reading("g", "t", 2), reading("old", "orders", 1)]);
}

/// The flexible form has room for any: 10,000 that are kept would be 600 MiB, and none could be asked for.
#[test]
fn a_name_that_no_group_or_topic_has_is_not_remembered() {
    let heard = |group: usize, topic: usize| {
        let readers = Readers::default();
        readers.overhear(&flexible_request(&"g".repeat(group), &"t".repeat(topic))[4..]);
        readers.all().len()
    };
    assert_eq!(heard(255, 249), 2);
    assert_eq!((heard(256, 1), heard(1, 250), heard(40_000, 1), heard(1, 40_000)), (0, 0, 0, 0));
}

#[test]
fn what_is_no_request_is_passed_over() {
    let cut_short = flexible_request("g", "t")[4..20].to_vec();
    let endless_list = vec![0, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, b'g', 127, 255, 255, 255, 0, 0, 0];
    for bytes in [b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![255; 4096], vec![0; 4096], cut_short, endless_list] {
        let readers = Readers::default();
        readers.overhear(&bytes);
        assert_eq!(readers.all(), [], "{bytes:?}");
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
