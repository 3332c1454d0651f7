//! That `peers` runs and gives every row. Its figures are nobody's business
//! here: a test has no machine of its own.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn lab_compare(folder: &Path, args: &[&str]) -> Output {
    let program = Command::new(env!("CARGO_BIN_EXE_lab-compare")).args(args).current_dir(folder).output();
    program.expect("the program starts")
}

fn rows(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).expect("it is text");
    text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

#[test]
fn every_row_is_measured_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = rows(&lab_compare(folder.path(), &["peers", "--quick", "--json"]));
    let names: Vec<_> = rows.iter().map(|row| row["row"].as_str().expect("a name")).collect();
    let all = [
        "rest-get",
        "grpc-get",
        "rest-lone-get",
        "grpc-lone-get",
        "create",
        "lone-create",
        "get-while-create",
        "import",
    ];
    assert_eq!(names, all);
    for row in &rows {
        for figure in ["lab", "peer", "ratio"] {
            assert!(row[figure]["median"].as_f64().is_some_and(|value| value > 0.0), "{figure} of {row}");
        }
    }
    let left: Vec<_> = folder.path().join(".lab").read_dir().expect("the folder").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_control_is_a_row_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = rows(&lab_compare(folder.path(), &["peers", "--quick", "--json", "--control"]));
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["row"], "control");
}

/// On the embedded broker, and with librdkafka's own program as a peer: both are in this one.
#[test]
fn kafka_has_rows_of_its_own_with_their_controls() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = rows(&lab_compare(folder.path(), &["peers", "kafka", "--quick", "--json"]));
    let names: Vec<_> = rows.iter().map(|row| row["row"].as_str().expect("a name")).collect();
    assert_eq!(names, ["kafka-produce", "kafka-consume", "kafka-produce-control", "kafka-consume-control"]);
    for row in &rows {
        for figure in ["lab", "peer", "ratio"] {
            assert!(row[figure]["median"].as_f64().is_some_and(|value| value > 0.0), "{figure} of {row}");
        }
        assert!(row["client_cpu_us"]["peer"].as_f64().is_some_and(|us| us > 0.0), "{row}");
    }
    let left: Vec<_> = folder.path().join(".lab").read_dir().expect("the folder").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_table_of_kafka_says_on_which_broker_and_fits_80_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = lab_compare(folder.path(), &["peers", "kafka", "--quick", "--only", "kafka-produce"]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("it is text");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    for wanted in ["Broker: the embedded one", "trims", "against rdkafka_performance", "client CPU a record"] {
        assert!(text.contains(wanted), "{wanted:?} is not in {text}");
    }
}

#[test]
fn a_row_of_the_other_table_is_refused_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    for (args, place) in [
        (["peers", "--only", "kafka-consume"].as_slice(), "a row of `peers kafka`"),
        (["peers", "kafka", "--only", "create"].as_slice(), "a row of `peers`"),
    ] {
        let output = lab_compare(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).expect("it is text");
        assert!(said.contains(place), "{said}");
    }
}

#[test]
fn a_broker_that_is_not_there_is_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    // Bound, so that it is nobody else's; and closed at once, so that nobody answers.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let output = lab_compare(folder.path(), &["peers", "kafka", "--quick", "--brokers", &nobody.to_string()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).expect("it is text");
    assert!(said.contains("no broker answers on"), "{said}");
}

#[test]
fn a_table_fits_80_columns_and_says_who_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = lab_compare(folder.path(), &["peers", "--quick", "--only", "rest-get", "--only", "create"]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("it is text");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    for wanted in [" cores, ", "Load: this program", "bare hyper server with the same bytes"] {
        assert!(text.contains(wanted), "{wanted:?} is not in {text}");
    }
    let warning = String::from_utf8(output.stderr).expect("it is text");
    assert_eq!(warning.contains("DEBUG BUILD"), cfg!(debug_assertions), "{warning}");
}

#[test]
fn a_folder_that_cannot_be_made_is_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "").expect("a file");
    let output = lab_compare(folder.path(), &["peers", "--quick", "--folder", "file/x"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).expect("it is text");
    assert!(said.contains("name another with --folder"), "{said}");
}
