//! What a tired person types.

use super::{Day, Done, Fails, ID, NONE, check, day};

#[rustfmt::skip]
fn days() -> Vec<Day> {
    vec![
        day("half of a program's name", NONE, "run rest", Fails(2), &["'rest-server'", "'rest-client'"]),
        day("two letters swapped", NONE, "run rest-cleint list", Fails(2), &["'rest-client'"]),
        day("a program without run", NONE, "rest-server", Fails(2), &["cargo lab run rest-server"]),
        day("no such word anywhere", NONE, "nonsense", Fails(2), &["'nonsense'"]),
        day("half of a verb", NONE, "run grpc-client creat", Fails(2), &["'create'"]),
        day("no verb", NONE, "run rest-client --timeout 5", Fails(2), &["subcommand", "health"]),
        day("create without anything", NONE, "run rest-client create", Fails(2), &["--created-by", "--equipment"]),
        day("an item without its option", NONE, "run grpc-client create --created-by A MOUSE", Fails(2), &["'MOUSE'"]),
        day("an item misspelt", NONE, "run rest-client create --created-by A --equipment MOSE", Fails(2), &["'MOUSE'", "WEBCAM"]),
        day("two items in one", NONE, "run kafka-producer create --created-by A --equipment MOUSE,WEBCAM", Fails(2), &["possible values"]),
        day("a status misspelt", NONE, "run kafka-consumer list --status QUED", Fails(2), &["'QUEUED'"]),
        day("delete without an id", NONE, "run grpc-client delete", Fails(2), &["<ID>"]),
        day("a version in words", NONE, "run rest-client delete {id} --version abc", Fails(2), &["'abc'", "whole number", "`get` shows"]),
        day("a version below zero", NONE, "run kafka-producer delete {id} --version=-1", Fails(2), &["whole number"]),
        day("a count in words", NONE, "run grpc-client watch --count all", Fails(2), &["whole number from 1 on"]),
        day("a page in words", NONE, "run rest-client list --page-size ten", Fails(2), &["whole number"]),
        day("a pace in words", NONE, "run kafka-producer import - --rate fast", Fails(2), &["from 1 to 1000000"]),
        day("a time in words", NONE, "run rest-client list --timeout soon", Fails(2), &["seconds above 0"]),
        day("a host without its port", NONE, "run rest-client list --server localhost", Fails(2), &["HOST:PORT", "127.0.0.1:8080"]),
        day("a URL for a server", NONE, "run grpc-client list --server http://127.0.0.1:8080", Fails(2), &["without a scheme"]),
        day("a URL for a broker", NONE, "run kafka-producer health --brokers kafka://127.0.0.1:9092", Fails(2), &["without a scheme"]),
        day("nothing for a server", NONE, "run rest-client list --server ''", Fails(2), &["HOST:PORT"]),
        day("IPv6 without brackets", NONE, "run rest-client list --server ::1:8080", Fails(2), &["[::1]:8080"]),
        day("a port alone", NONE, "run grpc-server --listen 50051", Fails(2), &["HOST:PORT"]),
        day("a port that is none", NONE, "run rest-server --listen 127.0.0.1:80000", Fails(2), &["HOST:PORT"]),
        day("an option of other servers", NONE, "run rest-server --port 8080", Fails(2), &["'--port'"]),
        day("an option without its value", NONE, "run kafka-consumer --database", Fails(2), &["--database <PATH>"]),
        day("an address for everybody", NONE, "run broker --listen 0.0.0.0:0", Fails(2), &["other machines"]),
        day("a cluster of the embedded broker", NONE, "run broker --cluster", Fails(2), &["--apache"]),
        day("the consumer's verb", NONE, "run kafka-producer list", Fails(2), &["cargo lab run kafka-consumer list"]),
        day("the producer's verb", NONE, "run kafka-consumer create", Fails(2), &["cargo lab run kafka-producer create"]),
        day("the server's option at a reader", NONE, "run kafka-consumer list --database orders.db", Fails(2), &["'--database'"]),
        day("an id in quotes, REST", NONE, r#"run rest-client get '"{id}"' --server {rest}"#, Fails(1), &["must be a UUID", ID]),
        day("an id in quotes, gRPC", NONE, r#"run grpc-client delete "'{id}'" --server {grpc}"#, Fails(1), &["must be a UUID", ID]),
        day("an id in quotes, Kafka", NONE, r#"run kafka-consumer get '"{id}"' --brokers {broker}"#, Fails(1), &["must be a UUID", ID]),
        day("an empty id, REST", NONE, "run rest-client get '' --server {rest}", Fails(1), &["must be a UUID", ID]),
        day("an empty id, gRPC", NONE, "run grpc-client get '' --server {grpc}", Fails(1), &["must be a UUID", ID]),
        day("an empty id to delete", NONE, "run rest-client delete '' --server {rest}", Fails(1), &["must be a UUID", ID]),
        day("a variable without a port", "export KAFKA_BROKERS=localhost", "run kafka-producer health", Fails(2), &["HOST:PORT", "'localhost' comes from the environment variable KAFKA_BROKERS"]),
        day("a variable of a port", "export LAB_GRPC_ADDR=50051", "run grpc-client list", Fails(2), &["environment variable LAB_GRPC_ADDR"]),
        day("a variable of a URL", "export LAB_REST_ADDR=http://127.0.0.1:1", "run rest-server", Fails(2), &["environment variable LAB_REST_ADDR", "without a scheme"]),
        day("an option outranks such a variable", "export LAB_REST_ADDR=nonsense", "run rest-client health --server {rest}", Done, &["ok"]),
        day("an option outranks another address", "export LAB_GRPC_ADDR={nobody}", "run grpc-client health --server {grpc}", Done, &["ok"]),
        day("an empty variable is none, a broker's", r#"export KAFKA_BROKERS=; exec unshare -rn "$@""#, "run kafka-producer health", Fails(3), &["127.0.0.1:9092"]),
        day("an empty variable is none, a server's", r#"export LAB_REST_ADDR=; exec unshare -rn "$@""#, "run rest-client health", Fails(3), &["127.0.0.1:8080"]),
        day("an empty variable has its name in the help", "export LAB_GRPC_ADDR=", "run grpc-client --help", Done, &["[env: LAB_GRPC_ADDR=]", "[default: 127.0.0.1:50051]"]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_wrongly_is_said_with_what_would_be_right() {
    check(&days()).await;
}
