//! What a connection may hold of messages that aren't whole.

use std::sync::Arc;

use super::*;
use crate::calls::Kept;

/// Of a message; more than fits has so many streams.
const LONG: usize = 200_000;
const MANY: u32 = 100;
/// The name's tag, its length, and the name.
const MESSAGE: usize = 1 + 3 + LONG;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The head of a call, its path written as it is (RFC 7541 §6.2.2, with the name of entry 4).
fn head(stream: u32) -> Vec<u8> {
    let path = b"/orders.v1.OrderService/CreateOrder";
    frame(HEADERS, END_HEADERS, stream, &[&[4, path.len() as u8][..], path].concat())
}

/// A CreateOrderRequest with a long name.
fn message() -> Vec<u8> {
    let length = [LONG & 0x7f | 0x80, LONG >> 7 & 0x7f | 0x80, LONG >> 14].map(|byte| byte as u8);
    [&[0], &(MESSAGE as u32).to_be_bytes()[..], &[0xa], &length, &[b'x'; LONG]].concat()
}

struct Connection {
    grpc: Grpc,
    kept: Arc<Kept>,
}

impl Connection {
    fn new() -> Self {
        let kept = Arc::<Kept>::default();
        let mut grpc = Grpc::new(Log::new(Arc::clone(&kept), 1));
        let settings = frame(4, 0, 0, &[]);
        grpc.sent(&[&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &settings].concat(), Instant::now());
        grpc.received(&settings, Instant::now());
        Self { grpc, kept }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.grpc.sent(bytes, Instant::now());
    }

    /// How many messages were read, and how many are known by their length alone.
    fn shown(&self) -> (usize, usize) {
        let calls = self.kept.calls();
        let texts = calls.iter().flat_map(|call| &call.sent.messages).map(|message| message.text.as_str());
        let (read, counted) = texts.partition::<Vec<_>, _>(|text| text.starts_with("created_by: \"xxx"));
        assert!(counted.iter().all(|text| *text == format!("{MESSAGE} bytes")), "{counted:?}");
        (read.len(), counted.len())
    }
}

#[test]
fn of_many_messages_that_are_not_whole_some_are_held_and_the_others_counted() {
    let (mut connection, message) = (Connection::new(), message());
    let (most, last) = message.split_at(message.len() - 1);
    for stream in 0..MANY {
        connection.send(&head(2 * stream + 1));
        connection.send(&frame(DATA, 0, 2 * stream + 1, most));
    }
    for stream in 0..MANY {
        connection.send(&frame(DATA, END_STREAM, 2 * stream + 1, last));
    }
    let room = (8 << 20) / most.len();
    assert_eq!(connection.shown(), (room, MANY as usize - room));
    // They are whole, and there is room again.
    connection.send(&head(2 * MANY + 1));
    connection.send(&frame(DATA, 0, 2 * MANY + 1, most));
    connection.send(&frame(DATA, 0, 2 * MANY + 1, last));
    assert_eq!(connection.shown().0, room + 1);
}

#[test]
fn what_will_never_be_whole_takes_no_room() {
    let message = message();
    let (most, last) = message.split_at(message.len() - 1);
    // The stream ends, is reset, or is one of too many to remember.
    let ways: [fn(&mut Connection, u32); 3] = [
        |connection, stream| connection.send(&frame(DATA, END_STREAM, stream, &[])),
        |connection, stream| connection.send(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])),
        |connection, stream| (0..1_000).for_each(|more| connection.send(&head(1_001 + 2_000 * stream + 2 * more))),
    ];
    for (way, end) in ways.into_iter().enumerate() {
        let mut connection = Connection::new();
        for stream in [1, 3] {
            for part in 0..MANY / 2 {
                connection.send(&head(stream + 4 * part));
                connection.send(&frame(DATA, 0, stream + 4 * part, most));
            }
            (0..MANY / 2).for_each(|part| {
                if way < 2 || part == 0 {
                    end(&mut connection, stream + 4 * part)
                }
            });
        }
        connection.send(&head(9_001_001));
        connection.send(&frame(DATA, 0, 9_001_001, most));
        connection.send(&frame(DATA, 0, 9_001_001, last));
        assert_eq!(connection.shown(), (1, 0), "way {way}");
    }
}
