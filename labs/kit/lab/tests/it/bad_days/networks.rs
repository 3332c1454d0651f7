//! Addresses, and who is there.

use std::net::TcpListener;

use super::{Day, Done, Fails, NONE, Serves, check, day};

/// As many systems have it, with a server that listens on 127.0.0.1 alone.
const LOCALHOST_IS_IPV6_FIRST: &str = r#"printf '::1 localhost\n127.0.0.1 localhost\n' > hosts
    exec unshare -rm sh -c 'mount --bind hosts /etc/hosts && exec "$@"' sh "$@""#;
const NO_NETWORK: &str = r#"exec unshare -rn "$@""#;

const START_REST: &str = "`cargo lab run rest-server`";
const START_GRPC: &str = "`cargo lab run grpc-server`";
const START_BROKER: &str = "`cargo lab run broker`";

#[rustfmt::skip]
fn days() -> Vec<Day> {
    vec![
        day("no server, REST", NONE, "run rest-client health --server {nobody}", Fails(3), &["{nobody}", "Connection refused", START_REST]),
        day("no server, gRPC", NONE, "run grpc-client health --server {nobody}", Fails(3), &["{nobody}", "Connection refused", START_GRPC]),
        day("no broker", NONE, "run kafka-consumer --in-memory --brokers {nobody}", Fails(3), &["{nobody}", "Connection refused", START_BROKER]),
        day("no network, REST", NO_NETWORK, "run rest-client list", Fails(3), &["127.0.0.1:8080", START_REST]),
        day("no network, gRPC", NO_NETWORK, "run grpc-client list", Fails(3), &["127.0.0.1:50051", START_GRPC]),
        day("no network, Kafka", NO_NETWORK, "run kafka-producer health", Fails(3), &["127.0.0.1:9092", START_BROKER]),
        // Nothing was sent, so nothing may be done already: not the sentence of a server that is silent.
        day("no connection, create, REST", NONE, "run rest-client create --created-by A --equipment MOUSE --server {black hole} --timeout 1", Fails(3), &["{black hole}", "no answer in time", START_REST]),
        day("no connection, create, gRPC", NONE, "run grpc-client create --created-by A --equipment MOUSE --server {black hole} --timeout 1", Fails(3), &["{black hole}", "no answer in time", START_GRPC]),
        day("no connection, create, Kafka", NONE, "run kafka-producer create --created-by A --equipment MOUSE --brokers {black hole}", Fails(3), &["{black hole}", "no answer in time", START_BROKER]),
        day("no connection, watch, REST", NONE, "run rest-client watch --server {black hole} --timeout 1", Fails(3), &["{black hole}", "no answer in time"]),
        day("no connection, process, gRPC", NONE, "run grpc-client process --server {black hole} --timeout 1", Fails(3), &["{black hole}", "no answer in time"]),
        day("silence, create, REST", NONE, "run rest-client create --created-by A --equipment MOUSE --server {silent} --timeout 0.5", Fails(1), &["{silent}", "may be done or not"]),
        day("silence, create, gRPC", NONE, "run grpc-client create --created-by A --equipment MOUSE --server {silent} --timeout 0.5", Fails(1), &["{silent}", "may be done or not"]),
        day("a host that nobody knows, REST", NONE, "run rest-client list --server {unknown}", Fails(3), &["{unknown}"]),
        day("a host that nobody knows, gRPC", NONE, "run grpc-client list --server {unknown}", Fails(3), &["{unknown}"]),
        day("a host that nobody knows, Kafka", NONE, "run kafka-consumer list --brokers {unknown}", Fails(3), &["{unknown}"]),
        day("a host that nobody knows, to listen", NONE, "run broker --listen {unknown}", Fails(3), &["can't find the host of {unknown}"]),
        day("REST to the gRPC server", NONE, "run rest-client create --created-by A --equipment MOUSE --server {grpc}", Fails(1), &["{grpc}", "is it the address of the REST server?"]),
        day("REST to the broker", NONE, "run rest-client list --server {broker}", Fails(1), &["{broker}", "is it the address of the REST server?"]),
        day("gRPC to the REST server", NONE, "run grpc-client create --created-by A --equipment MOUSE --server {rest}", Fails(1), &["{rest}", "is it the address of the gRPC server?"]),
        day("gRPC to the broker", NONE, "run grpc-client process --server {broker}", Fails(1), &["{broker}", "is it the address of the gRPC server?"]),
        day("Kafka to the gRPC server", NONE, "run kafka-producer create --created-by A --equipment MOUSE --brokers {grpc}", Fails(1), &["{grpc}", "does not answer as a Kafka broker"]),
        day("Kafka's reader to the REST server", NONE, "run kafka-consumer list --brokers {rest}", Fails(1), &["{rest}", "does not answer as a Kafka broker"]),
        day("a port that is taken, REST", NONE, "run rest-server --in-memory --listen {broker}", Fails(3), &["another program listens on {broker}", "--listen 127.0.0.1:0"]),
        day("a port that is taken, gRPC", NONE, "run grpc-server --in-memory --listen {rest}", Fails(3), &["another program listens on {rest}", "--listen 127.0.0.1:0"]),
        day("a port that is taken, a broker", NONE, "run broker --listen {grpc}", Fails(3), &["another program listens on {grpc}", "--listen 127.0.0.1:0"]),
        day("an address of another machine", NONE, "run rest-server --in-memory --insecure --listen 192.0.2.77:0", Fails(3), &["can't listen on 192.0.2.77:0", "--listen"]),
        day("localhost is ::1 first, REST", LOCALHOST_IS_IPV6_FIRST, "run rest-client health --server localhost:{rest port}", Done, &["ok"]),
        day("localhost is ::1 first, gRPC", LOCALHOST_IS_IPV6_FIRST, "run grpc-client health --server localhost:{grpc port}", Done, &["ok"]),
        day("localhost is ::1 first, Kafka", LOCALHOST_IS_IPV6_FIRST, "run kafka-producer health --brokers localhost:{broker port}", Done, &["ok"]),
    ]
}

/// On a machine that has it.
#[rustfmt::skip]
fn days_of_ipv6() -> Vec<Day> {
    vec![
        day("IPv6, REST", NONE, "run rest-server --in-memory --listen [::1]:0", Serves, &["http://[::1]:"]),
        day("IPv6, gRPC", NONE, "run grpc-server --in-memory --listen [::1]:0", Serves, &["[::1]:"]),
        day("IPv6, a broker", NONE, "run broker --listen [::1]:0", Serves, &["[::1]:"]),
    ]
}

/// On a machine that lacks it; one without any network lacks it too.
#[rustfmt::skip]
fn days_without_ipv6() -> Vec<Day> {
    vec![
        day("no IPv6, REST", NO_NETWORK, "run rest-server --in-memory --listen [::1]:0", Fails(3), &["can't listen on [::1]:0", "--listen"]),
        day("no IPv6, a broker", NO_NETWORK, "run broker --listen [::1]:0", Fails(3), &["can't listen on [::1]:0", "--listen"]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_there_is_named_with_how_to_start_one() {
    check(&days()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ipv6_is_used_where_there_is_one() {
    let mut days = days_without_ipv6();
    if TcpListener::bind("[::1]:0").is_ok() {
        days.extend(days_of_ipv6());
    }
    check(&days).await;
}
