//! Which broker answers, if any.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::ask::PATIENCE;
use super::finding::Finding;
use super::kafka::{Cluster, Connection, Wrong};

/// What librdkafka's mock cluster calls itself, which the embedded broker is.
const EMBEDDED: &str = "mockCluster";
/// On this machine it takes a moment; elsewhere not much longer.
const CONNECT: Duration = Duration::from_secs(2);
/// Releases by the level of their `metadata.version`, the newest first.
const RELEASES: [(i16, &str); 9] = [
    (31, "newer than 4.3"),
    (30, "4.3"),
    (28, "4.2"),
    (26, "4.1"),
    (22, "4.0"),
    (21, "3.9"),
    (20, "3.8"),
    (15, "3.7"),
    (1, "3.0 to 3.6"),
];

/// What is at the brokers' addresses.
#[derive(Debug)]
pub(super) enum Peer {
    Broker(Cluster),
    /// Takes connections, and no more.
    Silent,
    /// Says something that no broker says.
    Another(&'static str),
    Nobody,
}

/// Asks all of the addresses at once; of several the first broker that answers counts.
pub(super) async fn ask(brokers: &str) -> Peer {
    let mut asked = JoinSet::new();
    for address in brokers.split(',').map(|address| address.trim().to_owned()) {
        asked.spawn(async move { timeout(PATIENCE, ask_one(&address)).await.unwrap_or(Peer::Silent) });
    }
    let mut peer = Peer::Nobody;
    while let Some(answer) = asked.join_next().await {
        match answer {
            Ok(broker @ Peer::Broker(_)) => return broker,
            Ok(Peer::Nobody) | Err(_) => {}
            Ok(other) => peer = other,
        }
    }
    peer
}

async fn ask_one(address: &str) -> Peer {
    let Ok(Ok(stream)) = timeout(CONNECT, TcpStream::connect(address)).await else { return Peer::Nobody };
    match Connection::new(stream).cluster().await {
        Ok(cluster) => Peer::Broker(cluster),
        Err(Wrong::Http) => Peer::Another("an HTTP server"),
        Err(Wrong::Other) => Peer::Another("no Kafka broker"),
    }
}

/// `mend` is for where none answers: it makes it one that does.
pub(super) fn finding(brokers: &str, peer: &Peer, mend: impl FnOnce() -> String) -> Finding {
    match peer {
        Peer::Broker(cluster) => Finding::ok("broker", describe(cluster)),
        Peer::Silent => Finding::fail("broker", format!("{brokers} takes connections and does not answer"), mend()),
        Peer::Another(what) => Finding::fail("broker", format!("{brokers} is {what}"), mend()),
        // Not at fault: the lab for Kafka comes third, and begins with this command.
        Peer::Nobody => {
            Finding { mend: Some(mend()), ..Finding::ok("broker", format!("none answers on {brokers} yet")) }
        }
    }
}

fn describe(cluster: &Cluster) -> String {
    if cluster.id.starts_with(EMBEDDED) {
        return "the embedded broker, for practice (Go's franz-go can't read its answers)".to_owned();
    }
    let brokers = if cluster.brokers == 1 { "1 broker".to_owned() } else { format!("{} brokers", cluster.brokers) };
    match RELEASES.iter().find(|(level, _)| cluster.metadata_version >= Some(*level)) {
        Some((_, release)) => format!("Apache Kafka {release}, {brokers}"),
        None => format!("a Kafka that doesn't say its release, {brokers}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_known_by_its_metadata_version() {
        let cluster = |metadata_version| Cluster { id: "x".to_owned(), brokers: 3, metadata_version };
        for (level, release) in [
            (Some(30), "4.3"),
            (Some(29), "4.2"),
            (Some(25), "4.0"),
            (Some(7), "3.0 to 3.6"),
            (Some(99), "newer than 4.3"),
        ] {
            assert_eq!(describe(&cluster(level)), format!("Apache Kafka {release}, 3 brokers"));
        }
        assert_eq!(describe(&cluster(None)), "a Kafka that doesn't say its release, 3 brokers");
    }
}
