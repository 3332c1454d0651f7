//! Decoders against traffic that was recorded, cut anywhere, changed, or never was any.

mod recorded;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::Wire;
use crate::calls::{Kept, Log, MAX_CALLS, Way};
use crate::relay::{Decoder, Shared};
use recorded::Recorded;

/// Random numbers that are the same in each run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.below(256) as u8).collect()
    }

    /// Some wrong bytes, some too many, some too few.
    fn change(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut changed = bytes.to_vec();
        for _ in 0..=self.below(8) {
            let at = self.below(changed.len());
            let end = (at + self.below(16)).min(changed.len());
            let extremes = [0, 1, 0x7f, 0x80, 0xff];
            match self.below(5) {
                0 => drop(changed.drain(at..end)),
                1 => drop(changed.splice(at..at, self.bytes(16))),
                2 => changed[at..end].fill(extremes[self.below(extremes.len())]),
                3 => changed.truncate(bytes.len() - self.below(bytes.len() / 4)),
                _ => changed[at..end].iter_mut().for_each(|byte| *byte ^= 1 << self.below(8)),
            }
        }
        changed
    }
}

fn decoder(wire: Wire, address: SocketAddr) -> (Box<dyn Decoder>, Arc<Shared>) {
    let shared = Arc::new(Shared::new(wire, address, address));
    (shared.decoder(1), shared)
}

/// Shows a decoder both directions in random pieces; what it passes on to the client.
fn feed(decoder: &mut dyn Decoder, recorded: &Recorded, interleaved: bool, random: &mut Random) -> Vec<u8> {
    let (mut sent, mut received, mut out) = (&recorded.sent[..], &recorded.received[..], Vec::new());
    while !sent.is_empty() || !received.is_empty() {
        let at = Instant::now();
        if received.is_empty() || (!sent.is_empty() && (!interleaved || random.below(2) == 0)) {
            let (piece, rest) = sent.split_at((1 + random.below(2_000)).min(sent.len()));
            decoder.sent(piece, at);
            sent = rest;
        } else {
            let (piece, rest) = received.split_at((1 + random.below(2_000)).min(received.len()));
            out.extend_from_slice(&decoder.received(piece, at));
            received = rest;
        }
    }
    decoder.closed(Way::Sent, Instant::now());
    out.extend(decoder.closed(Way::Received, Instant::now()));
    decoder.gone(Instant::now());
    out
}

const WIRES: [Wire; 3] = [Wire::Http, Wire::Grpc, Wire::Kafka];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_pieces_traffic_comes_in_it_is_passed_on_and_read_alike() {
    let mut random = Random(1);
    for wire in WIRES {
        let (recorded, address) = recorded::traffic(wire).await;
        assert!(!recorded.is_empty(), "{wire:?}");
        for connection in &recorded {
            let mut seen = Vec::new();
            for _ in 0..10 {
                // Answers name the address that is there already.
                let (mut decoder, shared) = decoder(wire, address);
                let out = feed(&mut *decoder, connection, false, &mut random);
                assert!(out == connection.received, "{wire:?}");
                let calls = shared.kept.calls();
                let read = calls.iter().map(|call| {
                    assert!(call.ended, "{call:#?}");
                    let texts = [&call.sent, &call.received].map(|side| {
                        let texts = side.messages.iter().map(|message| message.text.clone());
                        (side.start.clone(), side.bytes, side.headers.clone(), texts.collect::<Vec<_>>())
                    });
                    (call.name.clone(), texts)
                });
                seen.push(read.collect::<Vec<_>>());
            }
            assert!(!seen[0].is_empty());
            assert!(seen.iter().all(|read| *read == seen[0]), "{wire:?}: {seen:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_that_was_changed_harms_no_decoder() {
    let mut random = Random(2);
    for wire in WIRES {
        let (recorded, address) = recorded::traffic(wire).await;
        for turn in 0..500 {
            let original = &recorded[random.below(recorded.len())];
            let (sent, received) = (random.change(&original.sent), random.change(&original.received));
            // One side may be whole: else its first fault hides what comes after.
            let changed = match turn % 3 {
                0 => Recorded { sent, received: original.received.clone() },
                1 => Recorded { sent: original.sent.clone(), received },
                _ => Recorded { sent, received },
            };
            let (mut decoder, shared) = decoder(wire, address);
            let out = feed(&mut *decoder, &changed, turn % 2 == 0, &mut random);
            assert!(wire == Wire::Kafka || out == changed.received, "{wire:?} is passed on as it came");
            assert!(shared.kept.calls().iter().all(|call| call.ended), "{wire:?}");
        }
    }
}

#[test]
fn noise_is_passed_on_as_it_came() {
    let mut random = Random(3);
    let address = SocketAddr::from(([127, 0, 0, 1], 9));
    for wire in WIRES {
        for turn in 0..1_000 {
            let (length, other) = (random.below(4_000), random.below(4_000));
            let mut noise = Recorded { sent: random.bytes(length), received: random.bytes(other) };
            if turn % 2 == 0 {
                // Lengths of messages that are just believed.
                [&mut noise.sent, &mut noise.received]
                    .into_iter()
                    .for_each(|bytes| bytes.iter_mut().take(2).for_each(|byte| *byte = 0));
            }
            let (mut decoder, _) = decoder(wire, address);
            assert!(feed(&mut *decoder, &noise, true, &mut random) == noise.received, "{wire:?}");
        }
    }
}

#[test]
fn the_oldest_calls_are_dropped_and_no_more_are_kept_than_there_is_room_for() {
    let kept = Arc::<Kept>::default();
    let log = Log::new(Arc::clone(&kept), 1);
    let open = |number: usize| {
        let call = log.open();
        log.edit(call, |call| call.name = number.to_string());
        call
    };
    let numbers: Vec<u64> = (0..MAX_CALLS + 5).map(open).collect();
    let calls = kept.calls();
    assert_eq!((calls.len(), calls[0].name.as_str()), (MAX_CALLS, "5"));
    // A call that is gone is gone.
    log.end(numbers[0]);
    log.end(numbers[5]);
    assert_eq!(kept.calls().iter().filter(|call| call.ended).count(), 1);
    kept.clear();
    log.end(numbers[6]);
    assert_eq!(kept.calls().len(), 0);
}

/// The reason phrase of an answer may be as long as its head.
#[test]
fn start_lines_and_names_are_kept_within_bounds_like_all_text() {
    let address = SocketAddr::from(([127, 0, 0, 1], 9));
    let (long, at) = ("x".repeat(60_000), Instant::now());
    let text = |call: &crate::Call| call.name.len() + call.sent.start.len() + call.received.start.len();
    let (mut answers, shared) = decoder(Wire::Http, address);
    for _ in 0..1_200 {
        answers.received(format!("HTTP/1.1 204 {long}\r\n\r\n").as_bytes(), at);
    }
    let kept = shared.kept.calls().iter().map(text).sum::<usize>();
    assert!((60 << 20..=64 << 20).contains(&kept), "{kept} bytes of answers");

    let (mut requests, shared) = decoder(Wire::Http, address);
    for _ in 0..1_200 {
        requests.sent(format!("GET /{long} HTTP/1.1\r\n\r\n").as_bytes(), at);
    }
    let kept = shared.kept.calls().iter().map(text).sum::<usize>();
    assert!((60 << 20..=64 << 20).contains(&kept), "{kept} bytes of requests");
}

/// An answer's start line is written anew as more is known: what is gone weighs nothing.
#[test]
fn a_line_that_is_written_anew_is_weighed_once() {
    let kept = Arc::<Kept>::default();
    let log = Log::new(Arc::clone(&kept), 1);
    let calls = [log.open(), log.open()];
    for turn in 0..3_000 {
        log.edit(calls[turn % 2], |call| {
            call.name = "x".repeat(turn % 50_000);
            call.received.start = "x".repeat(50_000 - turn % 50_000);
        });
    }
    assert_eq!(kept.calls().len(), 2);
}

#[test]
fn text_is_kept_within_bounds() {
    let kept = Arc::<Kept>::default();
    let log = Log::new(Arc::clone(&kept), 1);
    let megabyte = || crate::Message { text: "x".repeat(1 << 20), bytes: 1 << 20, at: Instant::now(), record: None };
    for number in 0..100 {
        let call = log.open();
        log.edit(call, |call| {
            call.name = number.to_string();
            call.sent.push(megabyte());
        });
    }
    let calls = kept.calls();
    assert!((50..=64).contains(&calls.len()), "{}", calls.len());
    assert_eq!(calls.last().map(|call| call.name.as_str()), Some("99"));
}
