//! One order over all three transports: they share a database.

use reqwest::Method;
use serde_json::{Value, json};

use super::programs::stop;
use super::records::order_of;
use super::support::{Kafka, Seen};
use crate::support::{Lab, ask, client, spawn_client};

/// What a fact says, short: its type, the version, and whether there is an order in it.
fn in_short(fact: &Seen) -> (String, Option<u64>) {
    let kind = fact.header("ce_type").expect("a type").to_owned();
    let order = order_of(fact);
    assert_eq!(order.is_none(), kind == "order.deleted", "{fact:?}");
    assert_eq!(fact.header("content-type").is_none(), order.is_none(), "a tombstone has no content");
    assert!(["ce_id", "ce_source", "ce_time"].iter().all(|name| fact.header(name).is_some()), "{fact:?}");
    assert_eq!(fact.header("ce_specversion"), Some("1.0"));
    crate::support::trace_id(fact.header("traceparent").expect("a trace"));
    (kind, order.map(|order| order.version))
}

fn of<'f>(facts: &'f [Seen], order: &Value) -> Vec<&'f Seen> {
    facts.iter().filter(|fact| json!(fact.key()) == order["id"]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_over_rest_and_grpc_becomes_facts() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let (rest, grpc) = (kafka.server(Lab::Rest).await, kafka.server(Lab::Grpc).await);
    let (first, second) = (rest.create("REST", &["MOUSE"]).await, grpc.create("GRPC", &["WEBCAM", "MOUSE"]).await);
    let update = ["update", first["id"].as_str().expect("an id"), "--equipment", "MONITOR", "--version", "1"];
    client(&grpc, &update).await.expect(0);
    client(&rest, &["delete", second["id"].as_str().expect("an id")]).await.expect(0);
    let facts = kafka.facts_once(4).await;
    let short = |order: &Value| of(&facts, order).into_iter().map(in_short).collect::<Vec<_>>();
    let kind = |kind: &str, version| (format!("order.{kind}"), version);
    assert_eq!(short(&first), [kind("created", Some(1)), kind("updated", Some(2))]);
    assert_eq!(short(&second), [kind("created", Some(1)), kind("deleted", None)]);
    let tombstone = of(&facts, &second)[1];
    assert_eq!(tombstone.value, None, "compaction removes what has a null value, and no other");

    // A worker of gRPC's takes what Kafka placed.
    let third = kafka.create("KAFKA", &["KEYBOARD"]).await;
    let worked = client(&grpc, &["process", "--count", "2", "--json"]).await.expect(0).json_lines();
    assert!(worked.iter().any(|order| order["id"] == json!(third)), "{worked:?}");
    assert_eq!(kafka.get_at(&third, 3).await["status"], "COMPLETED");
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_seen_over_rest_and_grpc_and_in_their_open_watches() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let servers = [kafka.server(Lab::Rest).await, kafka.server(Lab::Grpc).await];
    let watch = ["watch", "--position", "0", "--count", "3", "--json"];
    let watches = servers.each_ref().map(|server| spawn_client(server, &watch));
    let id = kafka.create("USER14", &["KEYBOARD"]).await;
    let created = kafka.get_at(&id, 1).await;
    // By the version that another transport has shown.
    let rest = client(&servers[0], &["get", &id, "--json"]).await.expect(0).json();
    let version = rest["version"].to_string();
    kafka.producer(&["update", &id, "--equipment", "WEBCAM", "--version", &version]).await.expect(0);
    let updated = kafka.get_at(&id, 2).await;
    for server in &servers {
        assert_eq!(client(server, &["get", &id, "--json"]).await.expect(0).json(), updated);
        assert_eq!(client(server, &["list", "--json"]).await.expect(0).json(), updated);
    }
    kafka.producer(&["delete", &id]).await.expect(0);
    for watch in watches {
        let lines = watch.end().await.expect(0).json_lines();
        let seen: Vec<_> = lines.iter().map(|line| (line["kind"].as_str().expect("a kind"), &line["order"])).collect();
        assert_eq!(seen, [("created", &created), ("updated", &updated), ("deleted", &updated)]);
    }
    for server in &servers {
        assert_eq!(client(server, &["get", &id, "--json"]).await.expect(1).error_code(), "not_found");
    }
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_the_same_to_the_letter_over_all_three() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let (rest, grpc) = (kafka.server(Lab::Rest).await, kafka.server(Lab::Grpc).await);
    let name = "😀 שלום \u{202e}\"\\";
    let ids = [
        kafka.create(name, &["WEBCAM", "MOUSE", "WEBCAM"]).await,
        rest.create(name, &["MONITOR"]).await["id"].as_str().expect("an id").to_owned(),
        grpc.create(name, &["KEYBOARD"]).await["id"].as_str().expect("an id").to_owned(),
    ];
    kafka.facts_once(3).await;
    for form in [&["--json"][..], &[]] {
        for id in &ids {
            let get = [&["get", id], form].concat();
            let by_kafka = kafka.consumer(&get).await.expect(0).stdout;
            assert_eq!(client(&rest, &get).await.expect(0).stdout, by_kafka);
            assert_eq!(client(&grpc, &get).await.expect(0).stdout, by_kafka);
        }
        let list = [&["list"], form].concat();
        assert_eq!(client(&rest, &list).await.stdout, client(&grpc, &list).await.stdout);
        let sorted = |text: &str| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        // A Kafka order's time is its producer's, so that the sequence may be another.
        assert_eq!(sorted(&kafka.consumer(&list).await.expect(0).stdout), sorted(&client(&rest, &list).await.stdout));
    }
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_hold_whoever_changes_an_order() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let rest = kafka.server(Lab::Rest).await;
    let id = kafka.create("USER14", &["KEYBOARD"]).await;
    kafka.get_at(&id, 1).await;
    let path = format!("/v1/orders/{id}");
    let put = |etag: &str| {
        let request = rest.request(Method::PUT, &path).header("if-match", etag.to_owned());
        ask(request.json(&json!({ "equipment": ["WEBCAM"] })))
    };
    let updated = put("\"1\"").await;
    assert_eq!((updated.status.as_u16(), updated.header("etag")), (200, Some("\"2\"")));
    // Of the version before: a dead letter here, a refusal there.
    kafka.producer(&["update", &id, "--equipment", "MOUSE", "--version", "1"]).await.expect(0);
    kafka.producer(&["update", &id, "--equipment", "MONITOR", "--version", "2"]).await.expect(0);
    assert_eq!(kafka.get_at(&id, 3).await["equipment"], json!(["MONITOR"]));
    put("\"2\"").await.problem(412, "urn:lab:problem:version_mismatch");
    kafka.idle().await;
    assert_eq!(kafka.read(&kafka.dead_letters()).await.len(), 1);
    stop(consumer).await;
}
