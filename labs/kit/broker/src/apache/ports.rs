//! Ports that are free.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, TcpListener};

/// Below the ports that systems give to outgoing connections (from 32768 on Linux,
/// from 49152 elsewhere). A server that starts a second later would find one of
/// those taken by anybody's connection.
const RANGE: std::ops::Range<u16> = 10_000..32_768;
const TRIES: usize = 1_000;

/// A port that was free a moment ago; `None` when none is found. Kafka can't be
/// handed a bound socket: be ready to try again.
pub(super) fn free_port(ip: IpAddr) -> Option<u16> {
    (0..TRIES).map(|_| random()).find(|&port| TcpListener::bind((ip, port)).is_ok())
}

fn random() -> u16 {
    // The standard library has no random numbers, but a hasher with a random key.
    let number = RandomState::new().hash_one(()) % u64::from(RANGE.end - RANGE.start);
    RANGE.start + number as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_bound_and_no_connection_takes_it_by_chance() {
        let port = free_port([127, 0, 0, 1].into()).expect("there are thousands");
        assert!(RANGE.contains(&port));
        TcpListener::bind(("127.0.0.1", port)).expect("free");
    }
}
