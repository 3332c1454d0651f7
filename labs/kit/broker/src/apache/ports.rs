//! Ports that are free.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, TcpListener};

use super::compose::{Ports, Service};

/// Below the ports that systems give to outgoing connections (from 32768 on Linux,
/// from 49152 elsewhere). A server that starts a second later would find one of
/// those taken by anybody's connection.
const RANGE: std::ops::Range<u16> = 10_000..32_768;
const TRIES: usize = 1_000;

/// A port for every listener of every broker: for programs on this machine the one
/// that was `wanted`, if any, and free ones for all else. `None` when none is free.
///
/// Free means that it was a moment ago. Kafka can't be handed a bound socket: be
/// ready to try again.
pub(super) fn choose(services: &[Service], ip: IpAddr, wanted: &[u16]) -> Option<Ports> {
    let mut ports = Ports::new();
    for (number, service) in services.iter().enumerate() {
        for (_, port) in service.listeners() {
            let wanted = wanted.get(number).filter(|_| port == service.host_port()).copied();
            let here = wanted.or_else(|| free_port(ip, &ports))?;
            ports.insert((service.name.clone(), port), here);
        }
    }
    Some(ports)
}

fn free_port(ip: IpAddr, chosen: &Ports) -> Option<u16> {
    let is_free = |port: u16| TcpListener::bind((ip, port)).is_ok() && chosen.values().all(|&other| other != port);
    (0..TRIES).map(|_| random()).find(|&port| is_free(port))
}

fn random() -> u16 {
    // The standard library has no random numbers, but a hasher with a random key.
    let number = RandomState::new().hash_one(()) % u64::from(RANGE.end - RANGE.start);
    RANGE.start + number as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apache::compose;

    #[test]
    fn wanted_ports_are_for_programs_and_free_ones_for_the_rest() {
        let services = compose::brokers(Some("cluster"));
        let ports = choose(&services, [127, 0, 0, 1].into(), &[1, 2, 3]).expect("there are thousands");
        let wanted = services.iter().map(|service| ports[&(service.name.clone(), service.host_port())]);
        assert_eq!(wanted.collect::<Vec<_>>(), [1, 2, 3]);
        let mut free: Vec<_> = ports.into_values().filter(|&port| port > 3).collect();
        free.sort();
        free.dedup();
        assert_eq!(free.len(), 6, "{free:?}");
        assert!(free.iter().all(|port| RANGE.contains(port)), "{free:?}: connections may get those");
    }
}
