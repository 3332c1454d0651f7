//! What each verb prints when all is well.

use std::fs::File;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Lab, Process, Server, client, folder, lab, spawn_client};

/// An order as a person sees it.
fn for_a_person(order: &Value) -> String {
    let text = |name: &str| order[name].as_str().expect("text");
    let items: Vec<_> =
        order["equipment"].as_array().expect("items").iter().map(|item| item.as_str().expect("text")).collect();
    format!(
        "id          {}\ncreated_by  {}\nstatus      {}\nequipment   {}\ncreated_at  {}\nversion     {}\n",
        text("id"),
        text("created_by"),
        text("status"),
        items.join(", "),
        text("created_at"),
        order["version"],
    )
}

/// A row of the table of orders, for short names and few items.
fn row(order: &Value) -> String {
    let text = |name: &str| order[name].as_str().expect("text");
    let item = order["equipment"][0].as_str().expect("text");
    let version = order["version"].to_string();
    format!("{} {:10} {version:>4} {item:16} {}\n", text("id"), text("status"), text("created_by"))
}

/// stdout of a command that succeeds without a word on stderr.
async fn stdout(server: &Server, args: &[&str]) -> String {
    let output = client(server, args).await.expect(0);
    assert_eq!(output.stderr, "", "{args:?}");
    output.stdout
}

#[rstest]
#[tokio::test]
async fn each_verb_prints_lines_for_a_person(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = Server::start(lab).await;
    assert_eq!(stdout(&server, &["health"]).await, "ok\n");
    assert_eq!(stdout(&server, &["list"]).await, "no orders\n");

    let create = ["create", "--created-by", "USER14", "--equipment", "keyboard", "--equipment", "WEBCAM"];
    let created = stdout(&server, &create).await;
    let id = created.lines().next().and_then(|line| line.strip_prefix("id          ")).expect("an id").to_owned();
    let order: Value = serde_json::from_str(&stdout(&server, &["get", &id, "--json"]).await).expect("an order");
    assert_eq!((&order["created_by"], &order["equipment"]), (&json!("USER14"), &json!(["KEYBOARD", "WEBCAM"])));
    assert_eq!(created, for_a_person(&order));
    assert_eq!(stdout(&server, &["get", &id]).await, created);

    let mut changed = order.clone();
    (changed["equipment"], changed["version"]) = (json!(["MONITOR"]), json!(2));
    let update = ["update", &id, "--equipment", "MONITOR", "--version", "1"];
    assert_eq!(stdout(&server, &update).await, for_a_person(&changed));
    let header = "ID                                   STATUS      VER EQUIPMENT        CREATED BY\n";
    assert_eq!(stdout(&server, &["list", "--status", "queued"]).await, format!("{header}{}", row(&changed)));
    assert_eq!(stdout(&server, &["list", "--status", "FAILED"]).await, "no orders\n");
    assert_eq!(stdout(&server, &["delete", &id, "--version", "2"]).await, format!("deleted {id}\n"));

    let watched = stdout(&server, &["watch", "--position", "0", "--count", "3"]).await;
    let firsts: Vec<_> = watched.lines().step_by(2).collect();
    let expected = [("created", 1), ("updated", 2), ("deleted", 2)]
        .map(|(kind, version)| format!("{kind} {id} QUEUED     version {version}"));
    assert_eq!(firsts, expected);
    assert!(watched.lines().nth(1).is_some_and(|line| line.contains("KEYBOARD, WEBCAM for USER14, at ")), "{watched}");
}

#[rstest]
#[tokio::test]
async fn each_verb_prints_json_for_a_program(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = Server::start(lab).await;
    assert_eq!(stdout(&server, &["health", "--json"]).await, "{\"status\":\"ok\"}\n");
    assert_eq!(stdout(&server, &["list", "--json"]).await, "");

    let order = server.create("USER14", &["KEYBOARD"]).await;
    let id = order["id"].as_str().expect("text");
    let line = client(&server, &["get", id, "--json"]).await.expect(0).stdout;
    // The fields stand as in the contract.
    let expected = format!(
        r#"{{"id":"{id}","created_by":"USER14","status":"QUEUED","equipment":["KEYBOARD"],"created_at":{},"version":1}}"#,
        order["created_at"]
    );
    assert_eq!(line, expected + "\n");

    let update = ["update", id, "--equipment", "MONITOR", "--version", "1", "--json"];
    let changed = client(&server, &update).await.expect(0).json();
    assert_eq!((&changed["version"], &changed["equipment"]), (&json!(2), &json!(["MONITOR"])));
    let second = server.create("USER15", &["MOUSE"]).await;
    let listed = client(&server, &["list", "--json", "--page-size", "1"]).await.expect(0);
    assert_eq!(listed.json_lines(), [changed.clone(), second], "all pages");
    assert_eq!(stdout(&server, &["delete", id, "--json"]).await, format!("{{\"deleted\":\"{id}\"}}\n"));

    let watched = client(&server, &["watch", "--position", "0", "--count", "4", "--json"]).await.expect(0);
    let lines = watched.json_lines();
    let fields: Vec<_> = lines[0].as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["kind", "order", "position"]);
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().expect("text")).collect();
    assert_eq!(kinds, ["created", "updated", "created", "deleted"]);
    assert_eq!((&lines[0]["order"], &lines[3]["order"]), (&order, &changed));
}

#[rstest]
#[tokio::test]
async fn options_stand_before_or_after_the_verb(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let server = Server::start(lab).await;
    let address = server.address.to_string();
    let order = server.create("USER14", &["MOUSE"]).await;
    let id = order["id"].as_str().expect("text");
    for args in [
        &["--server", &address, "--json", "--timeout", "30", "get", id][..],
        &["get", "--json", id, "--server", &address, "--timeout=30"],
        &["--json", "get", "--server", &address, id],
    ] {
        let output = Process::spawn(self::lab(folder().path(), lab.client(), args)).end().await.expect(0);
        assert_eq!(output.json(), order, "{args:?}");
    }
}

#[rstest]
#[tokio::test]
async fn an_import_reads_a_file_or_stdin_and_counts_its_lines(
    #[values(Lab::Rest, Lab::Grpc)] lab: Lab,
    #[values(true, false)] from_stdin: bool,
) {
    let server = Server::start(lab).await;
    let folder = folder();
    let file = folder.path().join("orders.ndjson");
    let good = r#"{"created_by":"USER14","equipment":["MOUSE"]}"#;
    std::fs::write(&file, format!("{good}\r\n\n{good}")).expect("a file");
    let path = if from_stdin { "-" } else { file.to_str().expect("UTF-8") };
    let import = async |args: &[&str]| {
        let address = server.address.to_string();
        let args = [&["--server", &address, "import", path], args].concat();
        let mut command = self::lab(folder.path(), lab.client(), &args);
        if from_stdin {
            command.stdin(File::open(&file).expect("it is there"));
        }
        Process::spawn(command).end().await
    };
    assert_eq!(import(&[]).await.expect(0).stdout, "2 created, 0 refused\n");
    assert_eq!(import(&["--json"]).await.expect(0).stdout, "{\"created\":2,\"refused\":0}\n");

    let lines = [good, "", r#"{"created_by":"","equipment":["MOUSE"]}"#, "{", r#"{"x":1}"#, good];
    std::fs::write(&file, lines.join("\n")).expect("a file");
    let refused = import(&["--json"]).await.expect(1);
    assert_eq!(refused.error_code(), "invalid");
    let lines = refused.json_lines();
    let codes: Vec<_> = lines[..3].iter().map(|line| (&line["line"], &line["error"]["code"])).collect();
    assert_eq!(
        codes,
        [(&json!(3), &json!("invalid")), (&json!(4), &json!("not_parseable")), (&json!(5), &json!("invalid"))]
    );
    assert_eq!(lines[3..], [json!({ "created": 2, "refused": 3 })]);
    let refused = import(&[]).await.expect(1);
    let numbers: Vec<_> = refused.stdout.lines().map(|line| line.split([':', ',']).next().expect("a part")).collect();
    assert_eq!(numbers, ["line 3", "line 4", "line 5", "2 created"]);
    assert!(refused.stderr.starts_with("error: 3 lines were refused"), "{refused:?}");

    std::fs::write(&file, "").expect("a file");
    assert_eq!(import(&["--json"]).await.expect(0).stdout, "{\"created\":0,\"refused\":0}\n");
}

#[tokio::test]
async fn a_worker_completes_what_it_is_handed_and_prints_it() {
    let server = Server::grpc().await;
    let working = spawn_client(&server, &["process", "--count", "2", "--json"]);
    for name in ["FIRST", "SECOND"] {
        server.create(name, &["MOUSE"]).await;
    }
    let done = working.end().await.expect(0);
    let fields: Vec<_> = done
        .json_lines()
        .into_iter()
        .map(|order| (order["created_by"].clone(), order["status"].clone(), order["version"].clone()))
        .collect();
    let completed = |name: &str| (json!(name), json!("COMPLETED"), json!(3));
    assert_eq!(fields, [completed("FIRST"), completed("SECOND")]);
    let listed = client(&server, &["list", "--json"]).await.expect(0);
    assert_eq!(listed.stdout, done.stdout);

    let order = server.create("THIRD", &["MOUSE"]).await;
    let printed = stdout(&server, &["process", "--count", "1"]).await;
    let mut completed = order;
    (completed["status"], completed["version"]) = (json!("COMPLETED"), json!(3));
    assert_eq!(printed, for_a_person(&completed));
}
