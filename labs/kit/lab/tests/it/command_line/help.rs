//! `--help`.

use rstest::rstest;

use crate::support::{Lab, Process, folder, lab};

async fn help(program: &str, args: &[&str]) -> String {
    let output = Process::spawn(lab(folder().path(), program, &[args, &["--help"]].concat())).end().await.expect(0);
    assert_eq!(output.stderr, "");
    output.stdout
}

/// Each option or argument with what is said of it, on one line.
fn entries(help: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for line in help.lines() {
        let text = line.trim_start();
        match line.len() - text.len() {
            2..=6 if text.starts_with(['-', '<', '[']) => entries.push(text.to_owned()),
            indent if indent > 6 => {
                if let Some(entry) = entries.last_mut() {
                    *entry = format!("{entry}  {text}");
                }
            }
            _ => {}
        }
    }
    entries
}

#[track_caller]
fn assert_documents(help: &str, option: &str, parts: &[&str]) {
    let entries = entries(help);
    let names = |entry: &&String| entry.split([' ', ',']).any(|word| word == option);
    let entry = entries.iter().find(names).unwrap_or_else(|| panic!("no {option} in {help}"));
    // Long ones are wrapped.
    let entry = entry.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(entry.contains(part), "no {part} in {entry}");
    }
}

#[rstest]
#[case::rest(Lab::Rest, "127.0.0.1:8080")]
#[case::grpc(Lab::Grpc, "127.0.0.1:50051")]
#[tokio::test]
async fn help_documents_every_option_with_its_default_and_its_variable(#[case] lab: Lab, #[case] address: &str) {
    let variable = format!("[env: {}=]", lab.variable());
    let default = format!("[default: {address}]");
    let server = help(lab.server(), &[]).await;
    assert_documents(&server, "--listen", &[&variable, &default]);
    assert_documents(&server, "--database", &["[env: LAB_DATABASE]", "[default: .lab/orders.db]"]);
    for option in ["--in-memory", "--insecure", "--json", "--help"] {
        assert_documents(&server, option, &[]);
    }
    let client = help(lab.client(), &[]).await;
    for verb in ["health", "create", "get", "list", "update", "delete", "watch", "import"] {
        assert!(client.lines().any(|line| line.trim_start().starts_with(&format!("{verb} "))), "no {verb} in {client}");
        let of_verb = help(lab.client(), &[verb]).await;
        assert_documents(&of_verb, "--server", &[&variable, &default]);
        assert_documents(&of_verb, "--timeout", &["seconds", "[default: 10]"]);
        assert_documents(&of_verb, "--json", &[]);
    }
    for (text, default) in [(&server, "[default: info]"), (&client, "[default: warn]")] {
        assert!(text.contains("RUST_LOG") && text.contains(default), "{text}");
    }
    assert_documents(&help(lab.client(), &["create"]).await, "--equipment", &["KEYBOARD, MOUSE, WEBCAM, MONITOR"]);
    assert_documents(&help(lab.client(), &["list"]).await, "--status", &["QUEUED, PROCESSING, COMPLETED, FAILED"]);
}

/// Every program, and with each of its verbs.
const PROGRAMS: [(&str, &[&str]); 6] = [
    ("rest-server", &[]),
    ("rest-client", &["create", "get", "list", "update", "delete", "watch", "import", "health"]),
    ("grpc-server", &[]),
    ("grpc-client", &["create", "get", "list", "update", "delete", "watch", "import", "health", "process"]),
    ("kafka-producer", &["create", "update", "delete", "import", "health"]),
    ("kafka-consumer", &["get", "list", "watch", "process"]),
];

#[tokio::test]
async fn nothing_in_help_goes_without_a_word_or_beyond_80_columns() {
    for (program, verbs) in PROGRAMS {
        let mut texts = vec![help(program, &[]).await];
        for verb in verbs {
            assert!(
                texts[0].lines().any(|line| line.trim_start().starts_with(&format!("{verb} "))),
                "{program} {verb}"
            );
            texts.push(help(program, &[verb]).await);
        }
        for text in texts {
            for entry in entries(&text) {
                // The name and the explanation are two columns apart at least.
                let said = entry.split_once("  ").map_or("", |(_, said)| said.trim());
                let words = said.split_whitespace().filter(|word| !word.starts_with('[')).count();
                assert!(words >= 2 || entry.starts_with("[default"), "{entry:?} in {text}");
            }
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{program}: {line:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_help_of_the_kafka_programs_names_defaults_and_variables() {
    let brokers = ["[env: KAFKA_BROKERS=]", "[default: 127.0.0.1:9092]"];
    for (program, verbs) in &PROGRAMS[4..] {
        for verb in verbs.iter().map(Some).chain([None]) {
            let text = help(program, verb.map_or(&[], std::slice::from_ref)).await;
            assert_documents(&text, "--brokers", &brokers);
            assert_documents(&text, "--topic-prefix", &["[default: lab]"]);
            assert_documents(&text, "--json", &[]);
            match *program {
                "kafka-producer" => {
                    assert_documents(&text, "--format", &["[default: protobuf]", "json"]);
                    assert_documents(&text, "--flush-timeout", &["[default: 10]"]);
                }
                _ => {
                    assert_documents(&text, "--group", &["lab.apply", "lab.watch"]);
                    assert_documents(&text, "--group-protocol", &["[default: consumer]", "classic"]);
                }
            }
        }
        assert!(help(program, &[]).await.contains("RUST_LOG"));
    }
    let consumer = help("kafka-consumer", &[]).await;
    assert_documents(&consumer, "--database", &["[env: LAB_DATABASE]", "[default: .lab/orders.db]"]);
    assert_documents(&consumer, "--in-memory", &[]);
    assert_documents(&help("kafka-producer", &["import"]).await, "--rate", &["second"]);
}
