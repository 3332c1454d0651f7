//! Apache Kafka from its jars. Asked for where there is no Java or Maven, these fail and say so.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab_broker::apache::{Apache, ApacheError, Options};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rdkafka::consumer::Consumer;
use rdkafka::types::RDKafkaErrorCode;

use crate::program::Program;
use crate::support::{consume, consumer, eventually, produce, read_all, unique};

async fn start(options: Options) -> Apache {
    Apache::start(Options { jars: Some(jars()), ..options }).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Fetched once for all tests, beside what cargo builds.
fn jars() -> PathBuf {
    let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("kafka-jars");
    std::env::var_os("LAB_KAFKA_JARS").map_or_else(beside, PathBuf::from)
}

/// A tool's stdout; it must succeed.
async fn tool(apache: &Apache, class: &str, args: &[&str]) -> String {
    let bootstrap = apache.bootstrap();
    let output =
        apache.tool(class).args(["--bootstrap-server", &bootstrap]).args(args).output().await.expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{class}: {} {}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

async fn create_topic(apache: &Apache) -> String {
    let topic = unique("topic");
    let args = ["--create", "--topic", &topic, "--partitions", "3"];
    tool(apache, "org.apache.kafka.tools.TopicCommand", &args).await;
    topic
}

#[tokio::test]
#[ignore = "needs Apache Kafka: Java 17, and Maven the first time"]
async fn a_broker_has_the_settings_of_the_compose_file_and_ours_on_top() {
    let settings = vec![("KAFKA_MESSAGE_MAX_BYTES".to_owned(), "1000".to_owned())];
    let apache = start(Options { settings, ..Options::default() }).await;
    let args = ["--describe", "--all", "--entity-type", "brokers", "--entity-name", "1"];
    let described = tool(&apache, "kafka.admin.ConfigCommand", &args).await;
    for setting in [
        "group.consumer.session.timeout.ms=6000 ",
        "group.initial.rebalance.delay.ms=300 ",
        "auto.create.topics.enable=false ",
        "message.max.bytes=1000 ",
    ] {
        assert!(described.contains(setting), "{setting}: {described}");
    }
    let (topic, brokers) = (create_topic(&apache).await, apache.bootstrap());
    produce(&brokers, &topic, 0, 1, 100).expect("delivered");
    let refused = produce(&brokers, &topic, 0, 1, 2000).expect_err("too large for this broker");
    assert_eq!(refused.rdkafka_error_code(), Some(RDKafkaErrorCode::MessageSizeTooLarge), "{refused}");
    let unknown = produce(&brokers, "misspelt", 0, 1, 100).expect_err("no such topic");
    assert_eq!(unknown.rdkafka_error_code(), Some(RDKafkaErrorCode::UnknownTopicOrPartition), "{unknown}");

    for protocol in ["consumer", "classic"] {
        let reader = consumer(&brokers, &unique("group"), protocol);
        reader.subscribe(&[&topic]).expect("subscribed");
        consume(&reader, 1);
    }
    apache.stop().await;
}

#[tokio::test]
#[ignore = "needs Apache Kafka: Java 17, and Maven the first time"]
async fn data_survive_a_killed_jvm_and_the_next_start() {
    let data = tempfile::tempdir().expect("a folder");
    let options = Options { data: Some(data.path().to_owned()), ..Options::default() };
    let mut apache = start(options.clone()).await;
    let (topic, brokers) = (create_topic(&apache).await, apache.bootstrap());
    produce(&brokers, &topic, 0, 100, 100).expect("delivered");

    // Two brokers on the same data would spoil them.
    let refused =
        Apache::start(Options { jars: Some(jars()), ..options.clone() }).await.err().expect("they are in use");
    assert!(matches!(refused, ApacheError::InUse(_)), "{refused}");

    let pid = apache.pid(0).expect("it runs");
    apache.kill(0).await;
    assert_eq!(apache.pid(0), None);
    TcpStream::connect(&brokers).expect_err("nobody listens");
    apache.start_again(0).await.unwrap_or_else(|error| panic!("{error}"));
    assert_ne!(apache.pid(0), Some(pid));
    assert_eq!(apache.bootstrap(), brokers);
    read_all(&brokers, &topic, 0, 100);

    // A broker that is stopped answers nobody, and then everybody.
    let pid = Pid::from_raw(apache.pid(0).expect("it runs") as i32);
    let client = consumer(&brokers, "none", "consumer");
    kill(pid, Signal::SIGSTOP).expect("it runs");
    client.fetch_metadata(None, Duration::from_millis(300)).expect_err("it is stopped");
    kill(pid, Signal::SIGCONT).expect("it runs");
    client.fetch_metadata(None, Duration::from_secs(30)).expect("it goes on");
    apache.stop().await;

    let apache = start(options).await;
    read_all(&apache.bootstrap(), &topic, 0, 100);
    drop(apache);
    assert!(data.path().join("kafka/data").exists(), "data that were to be kept are gone");
}

#[tokio::test]
#[ignore = "needs Apache Kafka: Java 17, and Maven the first time"]
async fn of_a_cluster_of_three_one_may_die() {
    let mut apache = start(Options { cluster: true, ..Options::default() }).await;
    assert_eq!(apache.addresses().len(), 3);
    let (topic, brokers) = (create_topic(&apache).await, apache.bootstrap());
    let client = consumer(&brokers, "none", "consumer");
    let metadata = client.fetch_metadata(Some(&topic), Duration::from_secs(30)).expect("an answer");
    assert_eq!(metadata.brokers().len(), 3);
    assert!(metadata.topics()[0].partitions().iter().all(|partition| partition.replicas().len() == 3));

    apache.kill(1).await;
    for partition in 0..3 {
        produce(&brokers, &topic, partition, 10, 100).expect("two are enough");
    }
    apache.start_again(1).await.unwrap_or_else(|error| panic!("{error}"));
    eventually("the third replica", || {
        let metadata = client.fetch_metadata(Some(&topic), Duration::from_secs(10)).ok()?;
        metadata.topics()[0].partitions().iter().all(|partition| partition.isr().len() == 3).then_some(())
    });
    apache.stop().await;
}

/// Where temporary data would be.
fn is_empty(folder: &tempfile::TempDir) -> bool {
    std::fs::read_dir(folder.path()).expect("it is there").next().is_none()
}

/// Runs the program with Apache Kafka, and what it is told to keep temporary in a folder of its own.
fn program(args: &[&str]) -> (Program, tempfile::TempDir, Vec<String>) {
    let temporary = tempfile::tempdir().expect("a folder");
    let jars = jars();
    let [jars, folder] = [&*jars, temporary.path()].map(|path| path.to_str().expect("UTF-8"));
    let variables = [("TMPDIR", folder), ("LAB_KAFKA_JARS", jars)];
    let args = [&["--apache", "--listen", "127.0.0.1:0", "--json"], args].concat();
    let mut program = Program::start(&args, &variables);
    let addresses = program.listening().split(',').map(str::to_owned).collect();
    assert!(!is_empty(&temporary), "it keeps its data elsewhere");
    (program, temporary, addresses)
}

#[test]
#[ignore = "needs Apache Kafka: Java 17, and Maven the first time"]
fn a_killed_program_leaves_no_jvm_and_no_data() {
    let (program, temporary, addresses) = program(&["--cluster"]);
    assert_eq!(addresses.len(), 3);
    program.signal(Signal::SIGKILL);
    assert_eq!(program.end(), (String::new(), None));
    for address in addresses {
        eventually("the end of a JVM", || TcpStream::connect(&address).is_err().then_some(()));
    }
    eventually("the end of the data", || is_empty(&temporary).then_some(()));
}

#[test]
#[ignore = "needs Apache Kafka: Java 17, and Maven the first time"]
fn a_program_that_is_told_to_end_leaves_nothing_either() {
    let (program, temporary, addresses) = program(&[]);
    program.signal(Signal::SIGTERM);
    assert_eq!(program.end(), (String::new(), Some(0)));
    TcpStream::connect(&addresses[0]).expect_err("nobody listens");
    assert!(is_empty(&temporary), "temporary data are left");
}
