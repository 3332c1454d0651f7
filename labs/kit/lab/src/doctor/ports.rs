//! The ports of the three labs: free, or taken, and by whom.

use std::io;
use std::net::SocketAddr;

use lab_console::parse_words;
use tokio::net::{TcpSocket, lookup_host};
use tokio::time::timeout;

use super::ask::PATIENCE;
use super::broker::{self, Peer};
use super::finding::Finding;
use super::holder::{Holder, holder};

/// Where the broker listens if nothing else is said.
const DEFAULT_BROKER: &str = "127.0.0.1:9092";

/// What stands at an address.
enum Port {
    Free,
    Taken(Option<Holder>),
    /// Not an address of this machine.
    Elsewhere,
    Unusable(io::Error),
}

pub(super) async fn rest() -> Finding {
    let address = parse_words(&["server"]).map(|args: lab_rest::config::ServerArgs| args.listen);
    server("rest-port", "LAB_REST_ADDR", address).await
}

pub(super) async fn grpc() -> Finding {
    let address = parse_words(&["server"]).map(|args: lab_grpc::config::ServerArgs| args.listen);
    server("grpc-port", "LAB_GRPC_ADDR", address).await
}

async fn server(check: &'static str, variable: &str, address: Result<String, clap::Error>) -> Finding {
    let Ok(address) = address else {
        return Finding::fail(check, format!("{variable} is no address"), format!("unset {variable}"));
    };
    let port = look(&address).await;
    let by_another = |found| Finding::fail(check, found, format!("export {variable}={}", free_beside(&address)));
    finding(check, variable, &address, &port, by_another)
}

/// The port, and who answers there. A broker that is there is what the lab wants.
pub(super) async fn kafka() -> Vec<Finding> {
    let (check, variable) = ("kafka-port", "KAFKA_BROKERS");
    let args = parse_words(&["producer", "health"]);
    let Ok(brokers) = args.map(|args: lab_kafka::config::ProducerArgs| args.kafka.brokers) else {
        return vec![Finding::fail(check, format!("{variable} is no address"), format!("unset {variable}"))];
    };
    let first = brokers.split(',').next().unwrap_or_default().trim();
    let port = look(first).await;
    let peer = broker::ask(&brokers).await;
    // Here, where there is a port: a broker can't be started on another machine.
    let another =
        || format!("export KAFKA_BROKERS={} && cargo lab run broker --listen $KAFKA_BROKERS", free_beside(first));
    let mend = || match (&peer, &port) {
        (_, Port::Elsewhere | Port::Unusable(_)) => "unset KAFKA_BROKERS".to_owned(),
        (Peer::Nobody, _) if first == DEFAULT_BROKER => "cargo lab run broker".to_owned(),
        (Peer::Nobody, _) => format!("cargo lab run broker --listen {first}"),
        _ => another(),
    };
    let broker = broker::finding(&brokers, &peer, mend);
    // Whoever holds the port, if it is a broker: the next line says which.
    let is_broker = matches!(peer, Peer::Broker(_));
    let by_another = |found| match is_broker {
        true => Finding::ok(check, found),
        false => Finding::fail(check, found, another()),
    };
    vec![finding(check, variable, first, &port, by_another), broker]
}

async fn look(address: &str) -> Port {
    let found = timeout(PATIENCE, lookup_host(address)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let address = match found.and_then(|mut all| all.next().ok_or(io::ErrorKind::NotFound.into())) {
        Ok(address) => address,
        Err(error) => return Port::Unusable(error),
    };
    match bind(address) {
        Ok(()) => Port::Free,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Port::Taken(holder(address).await),
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => Port::Elsewhere,
        Err(error) => Port::Unusable(error),
    }
}

/// Takes the port as a server would, but doesn't listen: nobody can connect meanwhile.
fn bind(address: SocketAddr) -> io::Result<()> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)
}

fn finding(
    check: &'static str,
    variable: &str,
    address: &str,
    port: &Port,
    by_another: impl FnOnce(String) -> Finding,
) -> Finding {
    match port {
        Port::Free => Finding::ok(check, format!("{address} is free")),
        Port::Elsewhere => Finding::ok(check, format!("{address} is on another machine")),
        Port::Unusable(error) => Finding::fail(check, format!("{address}: {error}"), format!("unset {variable}")),
        Port::Taken(Some(Holder { pid, name, is_ours: true })) => {
            Finding::ok(check, format!("{address} is taken by this lab: {name}, process {pid}"))
        }
        Port::Taken(Some(Holder { pid, name, .. })) => {
            by_another(format!("{address} is taken by {name}, process {pid}"))
        }
        Port::Taken(None) => by_another(format!("{address} is taken, by a process that can't be seen")),
    }
}

/// The same host with the next port that is free. For an address of this machine: there one is found soon.
fn free_beside(address: &str) -> String {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "0"));
    let ip = host.trim_matches(['[', ']']).parse().unwrap_or(std::net::Ipv4Addr::LOCALHOST.into());
    let after = port.parse::<u16>().unwrap_or_default().saturating_add(1);
    let free = (after..=u16::MAX).find(|&port| bind(SocketAddr::new(ip, port)).is_ok());
    // Port 0 takes any that is free.
    format!("{host}:{}", free.unwrap_or_default())
}
