//! What `cargo lab` says to somebody who hasn't said what they want.

use rstest::rstest;

use crate::support::{Output, Process, folder, lab_words};

async fn run(words: &[&str]) -> Output {
    Process::spawn(lab_words(folder().path(), words)).end().await
}

const PROGRAMS: [&str; 7] =
    ["rest-server", "rest-client", "grpc-server", "grpc-client", "kafka-producer", "kafka-consumer", "broker"];

/// Nobody has to scroll.
fn assert_is_one_screen(output: &Output) {
    assert_eq!(output.stderr, "");
    assert!(output.stdout.lines().count() <= 20, "{}", output.stdout);
    for line in output.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line:?}");
    }
}

/// The lines of a list, by their first word.
fn listed(output: &Output) -> Vec<&str> {
    let lines = output.stdout.lines().filter(|line| line.starts_with("  "));
    lines.filter_map(|line| line.split_whitespace().next()).collect()
}

#[tokio::test]
async fn without_a_word_it_says_what_this_is_and_what_comes_next() {
    let output = run(&[]).await.expect(0);
    assert_is_one_screen(&output);
    for part in ["REST, gRPC and Kafka", ".lab/orders.db", "cargo lab tour"] {
        assert!(output.stdout.contains(part), "no {part} in {}", output.stdout);
    }
    for command in ["run", "doctor"] {
        assert!(listed(&output).contains(&command), "no {command} in {}", output.stdout);
    }
}

#[tokio::test]
async fn a_run_of_nothing_names_the_programs() {
    let output = run(&["run"]).await.expect(0);
    assert_is_one_screen(&output);
    assert_eq!(listed(&output), PROGRAMS);
}

#[rstest]
#[case::the_first_half(&["run", "rest"], &["'rest-server'", "'rest-client'"])]
#[case::the_second_half(&["run", "server"], &["cargo lab run rest-server, cargo lab run grpc-server"])]
#[case::in_capitals(&["run", "KAFKA"], &["cargo lab run kafka-producer, cargo lab run kafka-consumer"])]
#[case::a_typing_error(&["run", "grcp-client"], &["'grpc-client'"])]
#[case::the_run_forgotten(&["kafka"], &["cargo lab run kafka-producer", "cargo lab run kafka-consumer"])]
#[case::of_a_whole_name(&["broker"], &["cargo lab run broker"])]
#[tokio::test]
async fn half_a_name_is_wrong_usage_with_a_hint(#[case] words: &[&str], #[case] hints: &[&str]) {
    let output = run(words).await.expect(2);
    assert_eq!(output.stdout, "");
    for hint in hints {
        assert!(output.stderr.contains(hint), "no {hint} in {}", output.stderr);
    }
}
