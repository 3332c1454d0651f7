//! A broker that stops in the middle: it holds its connections and says nothing.
//!
//! It can be stopped by a signal because it is a process of its own: this test
//! program once more, with [`a_broker_for_another_test`] alone.

use std::process::Stdio;

use futures_util::future::join_all;
use lab_broker::embedded::Embedded;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use super::programs::stop;
use super::support::Kafka;
use crate::support::{until, within};

const NAME: &str = "kafka::frozen::a_broker_for_another_test";
/// The variable that asks for the broker, and what the line with its address begins with.
const MARK: &str = "LAB_TEST_BROKER";

#[test]
#[ignore = "no test: a broker for others, until its stdin ends"]
fn a_broker_for_another_test() {
    if std::env::var_os(MARK).is_none() {
        // Somebody runs all tests that are ignored.
        return;
    }
    let broker = Embedded::start().expect("it starts");
    println!("{MARK} {}", broker.address());
    let _ = std::io::stdin().read_line(&mut String::new());
}

struct Frozen {
    kafka: Kafka,
    broker: Child,
}

impl Frozen {
    async fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--ignored", "--exact", NAME, "--nocapture"]).env(MARK, "1").kill_on_drop(true);
        let mut broker = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(broker.stdout.take().expect("it is piped")).lines();
        let address = async {
            loop {
                let line = lines.next_line().await.expect("text").expect("its address");
                if let Some((_, address)) = line.split_once(MARK) {
                    break address.trim().to_owned();
                }
            }
        };
        let kafka = Kafka::on(within("its address", address).await);
        Self { kafka, broker }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.broker.id().expect("it runs") as i32), signal).expect("it runs");
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        // What is stopped must not stay.
        self.signal(Signal::SIGKILL);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_handed_over_without_an_answer_is_unknown() {
    let frozen = Frozen::start().await;
    let mut command = frozen.kafka.command("kafka-producer", &["import", "-", "--json", "--flush-timeout", "0.5"]);
    let mut import =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let mut stdin = import.stdin.take().expect("it is piped");
    let mut lines = BufReader::new(import.stdout.take().expect("it is piped")).lines();
    let line = b"{\"created_by\":\"A\",\"equipment\":[\"MOUSE\"]}\n";
    let mut report = async || {
        let line = within("a report", lines.next_line()).await.expect("text").expect("a report");
        let report: Value = serde_json::from_str(&line).expect("JSON");
        let text = |name: &str| report[name].as_str().expect("text").to_owned();
        (text("outcome"), text("id"))
    };
    stdin.write_all(line).await.expect("it reads");
    assert_eq!(report().await.0, "delivered");
    frozen.signal(Signal::SIGSTOP);
    stdin.write_all(line).await.expect("it reads");
    drop(stdin);
    let (outcome, id) = report().await;
    assert_eq!(outcome, "unknown");
    let ended = within("its end", import.wait_with_output()).await.expect("it can be waited for");
    let said = String::from_utf8(ended.stderr).expect("text");
    assert_eq!(ended.status.code(), Some(1));
    assert!(said.contains(&id) && said.contains("unknown") && said.contains("unavailable"), "{said}");
    // And it was there all the same: that is why it was not said to be lost.
    frozen.signal(Signal::SIGCONT);
    let there = async || frozen.kafka.read(&frozen.kafka.requests()).await.iter().any(|record| record.key() == id);
    until("the record", || async { there().await.then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_does_not_answer_is_named() {
    let frozen = Frozen::start().await;
    frozen.signal(Signal::SIGSTOP);
    let create = ["create", "--created-by", "A", "--equipment", "MOUSE", "--json"];
    let (health, create) = tokio::join!(frozen.kafka.producer(&["health", "--json"]), frozen.kafka.producer(&create));
    assert_eq!(health.expect(3).error_code(), "unreachable");
    assert_eq!(create.expect(1).error_code(), "unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_of_a_broker_that_does_not_answer_end_in_order() {
    let frozen = Frozen::start().await;
    let kafka = &frozen.kafka;
    let members = [kafka.apply(&[]).await, kafka.member(&["watch"]).await, kafka.member(&["process"]).await];
    frozen.signal(Signal::SIGSTOP);
    for output in join_all(members.map(stop)).await {
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    }
}
