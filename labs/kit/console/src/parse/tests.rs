use clap::{CommandFactory, Subcommand};

use super::*;

#[derive(Debug, Parser)]
#[command(name = "lab", bin_name = "cargo lab")]
struct Cli {
    #[command(subcommand)]
    program: Program,
}

#[derive(Debug, Subcommand)]
enum Program {
    /// Ask
    Ask(Ask),
    /// Run something
    #[command(subcommand)]
    Run(Run),
}

#[derive(clap::Args, Debug)]
struct Ask {
    #[arg(long, env = "LAB_TEST_SERVER", default_value = "near:1", value_parser = crate::host_port)]
    server: String,
}

#[derive(Debug, Subcommand)]
enum Run {
    /// Serve
    RestServer,
    /// List
    #[command(subcommand)]
    KafkaConsumer(Verb),
    /// List
    #[command(subcommand)]
    RestClient(Verb),
    /// Create
    #[command(subcommand)]
    KafkaProducer(Other),
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List
    List,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Create
    Create,
}

/// Every variable has this value, as far as it is not clap that asks.
fn refused(line: &str, value: Option<&str>) -> String {
    let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let mut command = Cli::command();
    // As it is when somebody has looked at it, and with a `help` for each.
    command.build();
    sentence(&try_parse::<Cli>(command, &words, |_| value.map(OsString::from)).expect_err(line))
}

#[test]
fn a_word_that_is_right_elsewhere_is_told_where() {
    assert!(refused("lab rest-server", None).ends_with("it is a command elsewhere: cargo lab run rest-server"));
    let nearest = refused("lab run kafka-producer list", None);
    assert!(nearest.ends_with("cargo lab run kafka-consumer list"), "{nearest}");
    assert!(!refused("lab nonsense", None).contains("elsewhere"));
}

#[test]
fn a_value_that_was_not_typed_is_told_with_its_variable() {
    let typed = refused("lab ask --server nonsense", Some("nonsense"));
    assert!(typed.contains("HOST:PORT") && !typed.contains("LAB_TEST_SERVER"), "{typed}");
}

#[test]
fn a_sentence_is_what_clap_says_without_the_usage() {
    assert_eq!(
        refused("lab ask --nonsense", None),
        "unexpected argument '--nonsense' found",
        "neither the usage nor the way to the help"
    );
    assert!(refused("lab run rest", None).contains("; tip: "));
}

#[test]
fn lines_stay_as_far_in_as_they_were() {
    assert_eq!(wrapped("  tip: one two `three four` five", 16), ["  tip: one two", "  `three four`", "  five"]);
}
