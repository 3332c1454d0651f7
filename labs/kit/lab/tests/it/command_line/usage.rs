//! Wrong usage (exit 2), and what a program needs and is not there (exit 3).

use std::path::Path;

use rstest::rstest;

use super::ID;
use crate::support::{Lab, Output, Process, Server, folder, lab};

async fn run(folder: &Path, program: &str, args: &[&str]) -> Output {
    Process::spawn(lab(folder, program, args)).end().await
}

#[rstest]
#[case::nothing(&[])]
#[case::no_verb(&["--timeout", "5"])]
#[case::an_unknown_verb(&["nonsense"])]
#[case::an_unknown_option(&["health", "--nonsense"])]
#[case::one_word_more(&["get", ID, "more"])]
#[case::a_create_without_a_name(&["create", "--equipment", "MOUSE"])]
#[case::a_create_without_equipment(&["create", "--created-by", "USER14"])]
#[case::unknown_equipment(&["create", "--created-by", "USER14", "--equipment", "PHONE"])]
#[case::a_get_without_an_id(&["get"])]
#[case::an_update_without_a_version(&["update", ID, "--equipment", "MOUSE"])]
#[case::an_update_without_equipment(&["update", ID, "--version", "1"])]
#[case::a_version_that_is_no_number(&["delete", ID, "--version", "two"])]
#[case::a_negative_version(&["delete", ID, "--version", "-1"])]
#[case::an_unknown_status(&["list", "--status", "DONE"])]
#[case::a_page_size_that_is_no_number(&["list", "--page-size", "ten"])]
#[case::a_watch_of_none(&["watch", "--count", "0"])]
#[case::an_import_of_no_file(&["import"])]
#[case::no_time(&["health", "--timeout", "0"])]
#[case::negative_time(&["health", "--timeout", "-1"])]
#[case::no_port(&["health", "--server", "localhost"])]
#[case::no_address(&["health", "--server", "nonsense:port"])]
#[tokio::test]
async fn a_command_line_that_is_wrong_is_exit_2(#[values(Lab::Rest, Lab::Grpc)] lab: Lab, #[case] args: &[&str]) {
    let output = run(folder().path(), lab.client(), args).await.expect(2);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("Usage:") || output.stderr.contains("--help"), "{output:?}");
}

#[tokio::test]
async fn only_the_grpc_client_has_work() {
    run(folder().path(), "rest-client", &["process"]).await.expect(2);
    run(folder().path(), "grpc-client", &["process", "--count", "0"]).await.expect(2);
}

#[rstest]
#[case::no_address(&["--listen", "nonsense"])]
#[case::all_addresses(&["--listen", "0.0.0.0:0"])]
#[case::all_addresses_of_ipv6(&["--listen", "[::]:0"])]
#[case::a_file_and_memory(&["--listen", "127.0.0.1:0", "--in-memory", "--database", "orders.db"])]
#[case::an_unknown_option(&["--nonsense"])]
#[case::a_word(&["nonsense"])]
#[tokio::test]
async fn a_server_that_is_started_wrongly_is_exit_2(#[values(Lab::Rest, Lab::Grpc)] lab: Lab, #[case] args: &[&str]) {
    let output = run(folder().path(), lab.server(), args).await.expect(2);
    assert_eq!(output.stdout, "");
    assert!(!output.stderr.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_port_that_is_taken_is_exit_3_and_named(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let first = Server::start(lab).await;
    let address = first.address.to_string();
    let folder = folder();
    let output = run(folder.path(), lab.server(), &["--listen", &address, "--in-memory"]).await.expect(3);
    assert!(output.sentence().contains(&address) && output.sentence().contains("--listen"), "{output:?}");
    let json = run(folder.path(), lab.server(), &["--listen", &address, "--in-memory", "--json"]).await.expect(3);
    assert_eq!((json.error_code(), &*json.stdout), ("unavailable".to_owned(), ""));
}

#[rstest]
#[case::another_file("letter.txt")]
#[case::a_folder(".")]
#[case::folders_that_are_not_there("no/such/folder/orders.db")]
#[case::a_device("/dev/null")]
#[tokio::test]
async fn a_database_that_cannot_be_used_is_exit_3_and_named(
    #[values(Lab::Rest, Lab::Grpc)] lab: Lab,
    #[case] database: &str,
) {
    let folder = folder();
    let letter = "Dear Sir or Madam, this is no database of any kind.".repeat(40);
    std::fs::write(folder.path().join("letter.txt"), &letter).expect("a file");
    let args = ["--listen", "127.0.0.1:0", "--database", database];
    let output = run(folder.path(), lab.server(), &args).await.expect(3);
    assert!(output.sentence().contains(database) && output.sentence().contains("--database"), "{output:?}");
    let json = run(folder.path(), lab.server(), &[&args[..], &["--json"]].concat()).await.expect(3);
    assert_eq!((json.error_code(), &*json.stdout), ("unavailable".to_owned(), ""));
    assert_eq!(std::fs::read_to_string(folder.path().join("letter.txt")).expect("it is there"), letter);
}

#[rstest]
#[tokio::test]
async fn without_options_the_variables_hold_and_then_the_defaults(#[values(Lab::Rest, Lab::Grpc)] lab: Lab) {
    let (folder, other) = (folder(), self::folder());
    let given = other.path().join("given.db");
    let start = async |args: &[&str], database: Option<&Path>| {
        let mut command = self::lab(folder.path(), lab.server(), args);
        command.env(lab.variable(), "127.0.0.1:0");
        if let Some(path) = database {
            command.env("LAB_DATABASE", path);
        }
        let mut server = Process::spawn(command);
        let line = server.line().await.expect("a first line");
        let address = line.split("127.0.0.1:").nth(1).expect("an address").split([',', '"']).next().expect("a port");
        let mut health = self::lab(folder.path(), lab.client(), &["health"]);
        health.env(lab.variable(), format!("127.0.0.1:{address}"));
        Process::spawn(health).end().await.expect(0);
        server.signal(nix::sys::signal::Signal::SIGTERM);
        server.end().await.expect(0);
        line
    };
    let line = start(&[], None).await;
    assert!(line.contains(".lab/orders.db") && folder.path().join(".lab/orders.db").exists(), "{line}");
    let line = start(&[], Some(&given)).await;
    assert!(line.contains("given.db") && given.exists(), "{line}");
    let line = start(&["--in-memory"], Some(&given)).await;
    assert!(line.contains("nothing is kept"), "{line}");
    let line = start(&["--json"], None).await;
    let listening: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(
        listening.as_object().map(|fields| fields.keys().collect::<Vec<_>>()),
        Some(vec![&"listening".to_owned()])
    );
}
