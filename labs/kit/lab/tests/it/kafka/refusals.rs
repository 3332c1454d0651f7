//! Wrong usage (2), what isn't there (3), what fails (1): a sentence, and the same for a program.

use futures_util::future::join_all;
use rstest::rstest;

use super::support::Kafka;
use crate::support::{Fake, Lab, Output, Process, Server, folder, lab, nobody};

const ID: &str = "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24";
const PRODUCER: &str = "kafka-producer";
const CONSUMER: &str = "kafka-consumer";

/// Every verb of both programs, all of them well-formed.
const VERBS: [(&str, &[&str]); 10] = [
    (PRODUCER, &["health"]),
    (PRODUCER, &["create", "--created-by", "USER14", "--equipment", "MOUSE"]),
    (PRODUCER, &["update", ID, "--equipment", "MOUSE", "--version", "1"]),
    (PRODUCER, &["delete", ID]),
    (PRODUCER, &["import", "/dev/null"]),
    (CONSUMER, &["--in-memory"]),
    (CONSUMER, &["get", ID]),
    (CONSUMER, &["list"]),
    (CONSUMER, &["watch"]),
    (CONSUMER, &["process"]),
];

async fn run(program: &str, brokers: &str, args: &[&str]) -> Output {
    let args = [&["--brokers", brokers], args].concat();
    Process::spawn(lab(folder().path(), program, &args)).end().await
}

/// Every verb, for a person and for a program, ends like this.
async fn assert_all(brokers: &str, code: impl Fn(&[&str]) -> (i32, &'static str), says: &str) {
    let check = |(program, args): (&'static str, &'static [&'static str])| {
        let (status, code) = code(args);
        async move {
            let output = run(program, brokers, args).await;
            assert_eq!(output.status, status, "{program} {args:?}: {output:?}");
            // What takes requests has log lines on stderr as well.
            let sentence = output.stderr.lines().last().and_then(|line| line.strip_prefix("error: "));
            let sentence = sentence.unwrap_or_else(|| panic!("no sentence: {args:?} {output:?}"));
            assert!(sentence.contains(brokers) && sentence.contains(says), "{args:?}: {sentence}");
            assert_eq!(output.stdout, "", "{args:?}");
            let json = run(program, brokers, &[args, &["--json"]].concat()).await.expect(status);
            assert_eq!((json.error_code(), &*json.stdout), (code.to_owned(), ""), "{args:?}");
        }
    };
    join_all(VERBS.map(check)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_every_verb_is_exit_3_and_says_how_to_start_one() {
    let (_held, address) = nobody();
    assert_all(&address, |_| (3, "unreachable"), "cargo lab run broker").await;
}

#[rstest]
#[case::that_says_nothing(true)]
#[case::that_speaks_http(false)]
#[tokio::test(flavor = "multi_thread")]
async fn something_that_is_no_kafka_is_named(#[case] silent: bool) {
    let silent_one = Fake::silent().await;
    let http = Server::start(Lab::Rest).await;
    let address = if silent { silent_one.address() } else { http.address.to_string() };
    let code = |args: &[&str]| if args == ["health"] { (3, "unreachable") } else { (1, "unavailable") };
    assert_all(&address, code, "answer").await;
}

#[rstest]
#[case::a_producer_of_nothing(PRODUCER, &[])]
#[case::an_unknown_verb(PRODUCER, &["get", ID])]
#[case::an_unknown_verb_of_the_consumer(CONSUMER, &["create"])]
#[case::an_unknown_option(PRODUCER, &["health", "--nonsense"])]
#[case::a_create_without_a_name(PRODUCER, &["create", "--equipment", "MOUSE"])]
#[case::a_create_without_equipment(PRODUCER, &["create", "--created-by", "USER14"])]
#[case::unknown_equipment(PRODUCER, &["create", "--created-by", "USER14", "--equipment", "PHONE"])]
#[case::an_update_without_a_version(PRODUCER, &["update", ID, "--equipment", "MOUSE"])]
#[case::a_negative_version(PRODUCER, &["delete", ID, "--version", "-1"])]
#[case::an_import_of_no_file(PRODUCER, &["import"])]
#[case::no_rate(PRODUCER, &["import", "-", "--rate", "0"])]
#[case::another_format(PRODUCER, &["health", "--format", "xml"])]
#[case::no_time(PRODUCER, &["health", "--flush-timeout", "0"])]
#[case::negative_time(PRODUCER, &["health", "--flush-timeout", "-1"])]
#[case::no_port(PRODUCER, &["health", "--brokers", "localhost"])]
#[case::one_of_two_without_a_port(PRODUCER, &["health", "--brokers", "127.0.0.1:1,localhost"])]
#[case::no_broker_at_all(CONSUMER, &["list", "--brokers", ""])]
#[case::a_prefix_that_no_topic_can_have(CONSUMER, &["list", "--topic-prefix", "a/b"])]
#[case::no_prefix(CONSUMER, &["list", "--topic-prefix", ""])]
#[case::a_prefix_that_is_too_long(CONSUMER, &["list", "--topic-prefix", LONG])]
#[case::no_group(CONSUMER, &["watch", "--group", ""])]
#[case::another_protocol(CONSUMER, &["watch", "--group-protocol", "next"])]
#[case::a_watch_of_none(CONSUMER, &["watch", "--count", "0"])]
#[case::work_on_none(CONSUMER, &["process", "--count", "0"])]
#[case::a_get_without_an_id(CONSUMER, &["get"])]
#[case::one_word_more(CONSUMER, &["get", ID, "more"])]
#[case::an_unknown_status(CONSUMER, &["list", "--status", "DONE"])]
#[case::a_file_and_memory(CONSUMER, &["--in-memory", "--database", "orders.db"])]
#[tokio::test]
async fn a_command_line_that_is_wrong_is_exit_2(#[case] program: &str, #[case] args: &[&str]) {
    let output = Process::spawn(lab(folder().path(), program, args)).end().await.expect(2);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("Usage:") || output.stderr.contains("--help"), "{output:?}");
}

/// 201 letters.
const LONG: &str = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\
    nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\
    nnnnnnnnnnnnnnnnnnnnn";

#[tokio::test]
async fn what_is_wrong_in_itself_is_refused_before_anybody_is_asked() {
    let (_held, address) = nobody();
    let many = [&["create", "--created-by", "A"][..], &["--equipment", "MOUSE"].repeat(21)].concat();
    let long = "a".repeat(65);
    for (program, args, code, says) in [
        (PRODUCER, &["create", "--created-by", "", "--equipment", "MOUSE"][..], "invalid", "created_by"),
        (PRODUCER, &["create", "--created-by", &long, "--equipment", "MOUSE"], "invalid", "65"),
        (PRODUCER, &["create", "--created-by", "a\u{85}", "--equipment", "MOUSE"], "invalid", "control"),
        (PRODUCER, &many, "invalid", "21"),
        (PRODUCER, &["update", ID, "--equipment", "MOUSE", "--version", "0"], "condition_missing", "version"),
        (PRODUCER, &["update", "nonsense", "--equipment", "MOUSE", "--version", "1"], "invalid", "id"),
        (PRODUCER, &["delete", "nonsense"], "invalid", "id"),
        (CONSUMER, &["get", "nonsense"], "invalid", "id"),
    ] {
        let output = run(program, &address, args).await.expect(1);
        assert!(output.sentence().contains(says), "{args:?}: {output:?}");
        let json = run(program, &address, &[args, &["--json"]].concat()).await.expect(1);
        assert_eq!((json.error_code(), &*json.stdout), (code.to_owned(), ""), "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_nobody_placed_is_not_found() {
    let kafka = Kafka::embedded();
    let output = kafka.consumer(&["get", ID]).await.expect(1);
    assert_eq!(output.sentence(), format!("there is no order {ID}"));
    assert_eq!(kafka.consumer(&["get", ID, "--json"]).await.expect(1).error_code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_is_exit_3_and_named() {
    let kafka = Kafka::embedded();
    let letter = "Dear Sir or Madam, this is no database of any kind.".repeat(40);
    std::fs::write(kafka.folder().join("letter.txt"), &letter).expect("a file");
    for database in ["letter.txt", "no/such/folder/orders.db", "."] {
        let output = kafka.consumer(&["--database", database]).await.expect(3);
        let sentence = output.stderr.lines().last().expect("a sentence");
        assert!(sentence.contains(database) && sentence.contains("--database"), "{sentence}");
        let json = kafka.consumer(&["--database", database, "--json"]).await.expect(3);
        assert_eq!(json.error_code(), "unavailable");
    }
    assert_eq!(std::fs::read_to_string(kafka.folder().join("letter.txt")).expect("it is there"), letter);
}
