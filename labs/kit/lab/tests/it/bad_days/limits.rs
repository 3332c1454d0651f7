//! File descriptors.

use super::{Day, Fails, Serves, check, day};

const TWENTY: &str = "ulimit -n 20";
const FIVE: &str = "ulimit -n 5";
const JUST_ENOUGH: &str = "ulimit -n 64";
/// Which the program may raise.
const SOFT: &str = "ulimit -Sn 20";

const SAYS: &[&str] = &["only 20 files may be open", "needs 64", "`ulimit -n 1024`"];

#[rustfmt::skip]
fn days() -> Vec<Day> {
    vec![
        day("20 descriptors, REST server", TWENTY, "run rest-server --in-memory --listen 127.0.0.1:0", Fails(3), SAYS),
        day("20 descriptors, gRPC server", TWENTY, "run grpc-server --in-memory --listen 127.0.0.1:0", Fails(3), SAYS),
        day("20 descriptors, REST client", TWENTY, "run rest-client health --server {rest}", Fails(3), SAYS),
        day("20 descriptors, gRPC client", TWENTY, "run grpc-client health --server {grpc}", Fails(3), SAYS),
        day("20 descriptors, producer", TWENTY, "run kafka-producer health --brokers {broker}", Fails(3), SAYS),
        day("20 descriptors, consumer", TWENTY, "run kafka-consumer --in-memory --brokers {broker}", Fails(3), SAYS),
        day("20 descriptors, broker", TWENTY, "run broker --listen 127.0.0.1:0", Fails(3), SAYS),
        day("5 descriptors", FIVE, "run rest-server --in-memory --listen 127.0.0.1:0", Fails(3), &["only 5 files may be open"]),
        day("64 descriptors, REST server", JUST_ENOUGH, "run rest-server --listen 127.0.0.1:0", Serves, &[".lab/orders.db"]),
        day("64 descriptors, gRPC server", JUST_ENOUGH, "run grpc-server --listen 127.0.0.1:0", Serves, &[".lab/orders.db"]),
        day("64 descriptors, consumer", JUST_ENOUGH, "run kafka-consumer --brokers {broker} --topic-prefix few", Serves, &[".lab/orders.db"]),
        day("64 descriptors, broker", JUST_ENOUGH, "run broker --listen 127.0.0.1:0", Serves, &["lab.*"]),
        day("a soft limit of 20", SOFT, "run rest-server --listen 127.0.0.1:0", Serves, &[".lab/orders.db"]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_without_enough_descriptors_says_so_and_does_not_start() {
    check(&days()).await;
}
