//! Each verb, from the producer's request to what a reader of facts is told.

use serde_json::{Value, json};

use super::programs::{read_only, stop};
use super::support::Kafka;
use crate::support::{Process, folder, lab};

fn id(order: &Value) -> &str {
    order["id"].as_str().expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_an_order_and_the_order_a_fact() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let id = kafka.create("USER14", &["KEYBOARD", "WEBCAM"]).await;
    kafka.facts_once(1).await;
    let order = kafka.consumer(&["get", "--json", &id]).await.expect(0).json();
    assert_eq!(order["id"], json!(id));
    assert_eq!(order["created_by"], "USER14");
    assert_eq!(order["equipment"], json!(["KEYBOARD", "WEBCAM"]));
    assert_eq!((&order["status"], &order["version"]), (&json!("QUEUED"), &json!(1)));
    kafka.idle().await;
    let applied = stop(consumer).await.json();
    assert_eq!(applied["outcome"], "applied");
}

/// Runs a verb of the producer's with `--json`, and looks whether its report is true.
async fn request(kafka: &Kafka, args: &[&str]) -> Value {
    let output = kafka.producer(&[args, &["--json"]].concat()).await.expect(0);
    assert_eq!(output.stderr, "", "{args:?}");
    let report = output.json();
    let (partition, offset) = super::poison::place_of(&report);
    let expected = json!({
        "id": report["id"], "outcome": "delivered", "topic": kafka.requests(), "partition": partition, "offset": offset
    });
    assert_eq!(report, expected);
    let records = kafka.read(&kafka.requests()).await;
    let record = records.iter().find(|record| (record.partition, record.offset) == (partition, offset));
    let record = record.expect("it is there");
    assert_eq!(json!(record.key()), report["id"]);
    assert_eq!(record.header("ce_type"), Some(&*format!("order.{}", args[0])));
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn each_verb_prints_json_for_a_program() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let watch = kafka.member(&["watch", "--count", "4", "--json"]).await;
    assert_eq!(kafka.producer(&["health", "--json"]).await.expect(0).stdout, "{\"status\":\"ok\"}\n");
    assert_eq!(kafka.consumer(&["list", "--json"]).await.expect(0).stdout, "");

    let created = request(&kafka, &["create", "--created-by", "USER14", "--equipment", "KEYBOARD"]).await;
    let order = kafka.get_at(id(&created), 1).await;
    let line = kafka.consumer(&["get", "--json", id(&created)]).await.expect(0).stdout;
    // The fields stand as in the contract.
    let expected = format!(
        r#"{{"id":{},"created_by":"USER14","status":"QUEUED","equipment":["KEYBOARD"],"created_at":{},"version":1}}"#,
        order["id"], order["created_at"]
    );
    assert_eq!(line, expected + "\n");
    let other = request(&kafka, &["create", "--created-by", "B", "--equipment", "mouse", "--format", "json"]).await;
    kafka.get_at(id(&other), 1).await;

    let update = ["update", id(&created), "--equipment", "MONITOR", "--version", "1", "--format", "json"];
    request(&kafka, &update).await;
    let changed = kafka.get_at(id(&created), 2).await;
    assert_eq!((&changed["equipment"], &changed["status"]), (&json!(["MONITOR"]), &json!("QUEUED")));
    request(&kafka, &["delete", id(&created), "--version", "2"]).await;
    kafka.facts_once(4).await;
    assert_eq!(kafka.consumer(&["get", "--json", id(&created)]).await.expect(1).error_code(), "not_found");
    let listed = kafka.consumer(&["list", "--json"]).await.expect(0).json();
    assert_eq!(listed["id"], other["id"]);

    let lines = watch.end().await.expect(0).json_lines();
    let of_first: Vec<_> = lines.iter().filter(|line| line["order"]["id"] == created["id"]).collect();
    let kinds: Vec<_> = of_first.iter().map(|line| (&line["kind"], &line["order"])).collect();
    let gone = json!({ "id": created["id"] });
    assert_eq!(kinds, [(&json!("created"), &order), (&json!("updated"), &changed), (&json!("deleted"), &gone)]);
    assert_eq!(of_first[0].as_object().expect("an object").keys().collect::<Vec<_>>(), ["kind", "order", "position"]);
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_verb_prints_lines_for_a_person() {
    let kafka = Kafka::embedded();
    let database = kafka.database.to_str().expect("UTF-8").to_owned();
    let mut consumer = kafka.spawn_consumer(&["--database", &database]);
    let first = consumer.line().await.expect("a first line");
    assert!(first.contains(&kafka.brokers) && first.contains(&database) && first.contains("group"), "{first}");
    super::support::assigned(&consumer).await;
    assert_eq!(kafka.producer(&["health"]).await.expect(0).stdout, "ok\n");
    assert_eq!(kafka.consumer(&["list"]).await.expect(0).stdout, "no orders\n");

    let create = ["create", "--created-by", "USER14", "--equipment", "keyboard", "--equipment", "WEBCAM"];
    let said = kafka.producer(&create).await.expect(0);
    let id = said.stdout.strip_prefix("delivered ").and_then(|said| said.split(' ').next()).expect("an id").to_owned();
    let record = kafka.read(&kafka.requests()).await.remove(0);
    let expected = format!("delivered {id} to {} [{}] @ 0\n", kafka.requests(), record.partition);
    assert_eq!((&*said.stdout, &*said.stderr), (&*expected, ""));

    let order = kafka.get_at(&id, 1).await;
    let text = kafka.consumer(&["get", &id]).await.expect(0).stdout;
    let at = order["created_at"].as_str().expect("text");
    let expected = format!(
        "id          {id}\ncreated_by  USER14\nstatus      QUEUED\nequipment   KEYBOARD, WEBCAM\ncreated_at  {at}\nversion     1\n"
    );
    assert_eq!(text, expected);
    let header = "ID                                   STATUS      VER EQUIPMENT        CREATED BY\n";
    let listed = kafka.consumer(&["list", "--status", "queued"]).await.expect(0).stdout;
    assert!(listed.starts_with(header) && listed.contains(&id), "{listed}");
    assert_eq!(kafka.consumer(&["list", "--status", "FAILED"]).await.expect(0).stdout, "no orders\n");

    // Without a version, and then it is gone.
    kafka.producer(&["delete", &id]).await.expect(0);
    kafka.facts_once(2).await;
    let gone = kafka.consumer(&["get", &id]).await.expect(1);
    assert_eq!(gone.sentence(), format!("there is no order {id}"));
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_prints_lines_for_a_person() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let watch = kafka.member(&["watch", "--count", "2"]).await;
    let id = kafka.create("USER14", &["KEYBOARD"]).await;
    kafka.facts_once(1).await;
    kafka.producer(&["delete", &id, "--version", "1"]).await.expect(0);
    let text = watch.end().await.expect(0).stdout;
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], format!("created {id} QUEUED     version 1"));
    assert!(lines[1].contains("KEYBOARD for USER14, at "), "{text}");
    assert!(lines[2].starts_with(&format!("deleted {id} at ")), "{text}");
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_will_be_refused_is_delivered_all_the_same() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let id = kafka.create("USER14", &["MOUSE"]).await;
    kafka.producer(&["update", &id, "--equipment", "WEBCAM", "--version", "7"]).await.expect(0);
    kafka.producer(&["delete", &id, "--version", "7"]).await.expect(0);
    kafka.idle().await;
    let letters = kafka.read(&kafka.dead_letters()).await;
    let reasons: Vec<_> = letters.iter().map(|letter| super::poison::origin(letter).0).collect();
    assert_eq!(reasons, ["version_mismatch: the order is at version 1, not 7: read it again"; 2]);
    assert_eq!(kafka.get_at(&id, 1).await["equipment"], json!(["MOUSE"]));
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn options_stand_before_or_after_the_verb() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let order = kafka.create("USER14", &["MOUSE"]).await;
    let order = kafka.get_at(&order, 1).await;
    let (brokers, prefix) = (&*kafka.brokers, &*kafka.prefix);
    for args in [
        &["--brokers", brokers, "--topic-prefix", prefix, "--json", "get", id(&order)][..],
        &["get", "--json", id(&order), "--brokers", brokers, "--topic-prefix", prefix],
        &["--json", "get", "--brokers", &format!("{brokers}, {brokers}"), id(&order), "--topic-prefix", prefix],
    ] {
        let output = Process::spawn(lab(folder().path(), "kafka-consumer", args)).end().await.expect(0);
        assert_eq!(output.json(), order, "{args:?}");
    }
    let new = ["--created-by", "A", "--equipment", "MOUSE"];
    for args in [
        [&["--json", "--format", "json", "--flush-timeout", "30", "create"][..], &new].concat(),
        [&["create"][..], &new, &["--flush-timeout=30", "--format", "json", "--json"]].concat(),
    ] {
        assert_eq!(kafka.producer(&args).await.expect(0).json()["outcome"], "delivered", "{args:?}");
    }
    let mut by_variable = lab(kafka.folder(), "kafka-producer", &["health"]);
    by_variable.env("KAFKA_BROKERS", brokers);
    Process::spawn(by_variable).end().await.expect(0);
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_in_the_order_of_creation_and_by_status() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let mut ids = Vec::new();
    for name in ["A", "B", "C", "D", "E"] {
        ids.push(kafka.create(name, &["MOUSE"]).await);
    }
    kafka.facts_once(5).await;
    let worker = kafka.consumer(&["process", "--count", "2", "--json"]).await.expect(0);
    let listed = kafka.consumer(&["list", "--json"]).await.expect(0).json_lines();
    assert_eq!(listed.iter().map(id).collect::<Vec<_>>(), ids);
    let completed = kafka.consumer(&["list", "--json", "--status", "completed"]).await.expect(0).json_lines();
    let mut worked = worker.json_lines();
    worked.sort_by_key(|order| ids.iter().position(|known| known == id(order)));
    assert_eq!(completed, worked);
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_seen_enough_is_no_error() {
    let kafka = Kafka::embedded();
    let database = kafka.database.to_str().expect("UTF-8").to_owned();
    let consumer = kafka.apply(&[]).await;
    kafka.import(500).await;
    kafka.facts_once(500).await;
    stop(consumer).await;
    let of_consumer = [&["list", "--json"][..], &["list"], &["--json", "--group", "again", "--database", &database]];
    for args in of_consumer {
        let (status, stderr) = read_only(kafka.command("kafka-consumer", args), 1).await;
        assert_eq!(status, Some(0), "{args:?}: {stderr}");
        assert!(!stderr.contains("panicked") && !stderr.contains("error: "), "{args:?}: {stderr}");
    }
    let import = ["import", "orders.ndjson", "--json"];
    let (status, stderr) = read_only(kafka.command("kafka-producer", &import), 1).await;
    assert_eq!((status, &*stderr), (Some(0), ""));
    assert_eq!(kafka.read(&kafka.requests()).await.len(), 1_000, "all are sent, whoever reads");
}
