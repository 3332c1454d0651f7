//! `producer import`: many records, and what became of each.

use std::collections::HashSet;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::programs::stop;
use super::support::Kafka;
use crate::support::within;

const GOOD: &str = r#"{"created_by":"USER14","equipment":["MOUSE"]}"#;

/// An import that reads what the test writes, line by line.
struct Import {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Import {
    fn start(kafka: &Kafka, args: &[&str]) -> Self {
        let mut command = kafka.command("kafka-producer", &[&["import", "-", "--json"], args].concat());
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, stdin, stdout }
    }

    async fn write(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("it is open");
        within("it to read", stdin.write_all(format!("{text}\n").as_bytes())).await.expect("it reads");
        stdin.flush().await.expect("it reads");
    }

    /// Its input ends.
    fn close(&mut self) {
        self.stdin = None;
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.id().expect("it runs");
        kill(Pid::from_raw(pid as i32), signal).expect("it runs");
    }

    /// The next line that it prints; `None` at the end.
    async fn line(&mut self) -> Option<Value> {
        let line = within("a line", self.stdout.next_line()).await.expect("text")?;
        Some(serde_json::from_str(&line).expect("JSON"))
    }

    /// Waits for its end: what it prints until then, its exit code, and its sentence.
    async fn end(mut self) -> (Vec<Value>, Option<i32>, String) {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await {
            lines.push(line);
        }
        let mut stderr = String::new();
        let mut pipe = self.child.stderr.take().expect("it is piped");
        within("its end", pipe.read_to_string(&mut stderr)).await.expect("text");
        assert!(!stderr.contains("panicked"), "{stderr}");
        (lines, within("its end", self.child.wait()).await.expect("it can be waited for").code(), stderr)
    }
}

fn outcomes(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["outcome"].as_str().unwrap_or("refused")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_starts_with_the_first_line_and_not_at_the_end() {
    let kafka = Kafka::embedded();
    let consumer = kafka.apply(&[]).await;
    let mut import = Import::start(&kafka, &[]);
    for count in 1..=3 {
        import.write(GOOD).await;
        assert_eq!(import.line().await.expect("a report")["outcome"], "delivered");
        kafka.facts_once(count).await;
    }
    import.close();
    assert_eq!(import.end().await, (Vec::new(), Some(0), String::new()));
    stop(consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_no_orders_are_refused_and_the_good_ones_sent() {
    let kafka = Kafka::embedded();
    let long = format!(r#"{{"created_by":"{}","equipment":["MOUSE"]}}"#, "x".repeat(70_000));
    let bad = ["{", "[]", r#"{"created_by":"A"}"#, r#"{"created_by":"A","equipment":["PHONE"]}"#, &long];
    let lines = [GOOD, "", bad[0], bad[1], GOOD, bad[2], bad[3], bad[4], GOOD];
    let file = kafka.folder().join("orders.ndjson");
    std::fs::write(&file, lines.join("\n")).expect("a file");
    let output = kafka.producer(&["import", "orders.ndjson", "--json"]).await.expect(1);
    assert_eq!(output.error_code(), "invalid");
    let printed = output.json_lines();
    let refused: Vec<_> = printed.iter().filter(|line| line["outcome"].is_null()).collect();
    let named: Vec<_> = refused.iter().map(|line| (&line["line"], &line["error"]["code"])).collect();
    let invalid = |line: u64| (json!(line), json!("invalid"));
    let expected = [(json!(3), json!("not_parseable")), invalid(4), invalid(6), invalid(7), invalid(8)];
    assert_eq!(named, expected.iter().map(|(line, code)| (line, code)).collect::<Vec<_>>());
    assert_eq!(outcomes(&printed).iter().filter(|&&outcome| outcome == "delivered").count(), 3);
    assert_eq!(kafka.read(&kafka.requests()).await.len(), 3);

    let text = kafka.producer(&["import", "orders.ndjson"]).await.expect(1);
    let firsts: Vec<_> = text.stdout.lines().map(|line| line.split([':', ',']).next().expect("a part")).collect();
    assert_eq!(firsts, ["line 3", "line 4", "line 6", "line 7", "line 8", "3 delivered"]);
    assert!(text.stderr.starts_with("error: 5 lines were refused"), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_20_000_lines_is_delivered_line_by_line() {
    let kafka = Kafka::embedded();
    let ids = kafka.import(20_000).await;
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 20_000);
    let records = kafka.read(&kafka.requests()).await;
    let sent: HashSet<_> = records.iter().map(|record| record.key().to_owned()).collect();
    assert_eq!((records.len(), sent), (20_000, ids.into_iter().collect()));
    let partitions: HashSet<_> = records.iter().map(|record| record.partition).collect();
    assert_eq!(partitions.len(), 3, "keys spread over the partitions");
    // For a person it is one line.
    let text = kafka.producer(&["import", "orders.ndjson", "--rate", "1000000"]).await.expect(0);
    assert_eq!(text.stdout, "20000 delivered, 0 not known to be, 0 refused\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_nothing_is_done() {
    let kafka = Kafka::embedded();
    assert_eq!(kafka.producer(&["import", "/dev/null", "--json"]).await.expect(0).stdout, "");
    assert!(kafka.producer(&["import", "none.ndjson"]).await.expect(3).sentence().contains("none.ndjson"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_import_that_is_told_to_end_finishes_what_it_has_sent() {
    let kafka = Kafka::embedded();
    let mut import = Import::start(&kafka, &["--rate", "1"]);
    // Far more lines than it takes at this rate, and few enough for a pipe.
    import.write(&vec![GOOD; 1_000].join("\n")).await;
    let first = import.line().await.expect("a report");
    assert_eq!(first["outcome"], "delivered");
    import.signal(Signal::SIGTERM);
    let (lines, status, stderr) = import.end().await;
    assert_eq!((status, &*stderr), (Some(0), ""));
    assert!(lines.len() < 900, "{} were sent, at one a second", lines.len());
    assert_eq!(kafka.read(&kafka.requests()).await.len(), lines.len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_the_broker_never_took_is_not_said_to_be_delivered() {
    let kafka = Kafka::embedded();
    let mut import = Import::start(&kafka, &["--flush-timeout", "0.2"]);
    import.write(GOOD).await;
    assert_eq!(import.line().await.expect("a report")["outcome"], "delivered");
    kafka.embedded.as_ref().expect("ours").set_up(false);
    import.write(GOOD).await;
    import.close();
    let (lines, status, stderr) = import.end().await;
    assert_eq!((status, lines.len()), (Some(1), 1), "{stderr}");
    let error: Value = serde_json::from_str(&stderr).expect("JSON");
    assert_eq!(error["error"]["code"], "unavailable");
    let id = lines[0]["id"].as_str().expect("an id");
    assert!(error["error"]["message"].as_str().expect("a sentence").contains(id), "{error}");
    let outcome = lines[0]["outcome"].as_str().expect("an outcome");
    assert!(["not_sent", "unknown"].contains(&outcome), "{outcome}");
    assert!(lines[0]["partition"].is_null() && lines[0]["offset"].is_null(), "{}", lines[0]);
    kafka.embedded.as_ref().expect("ours").set_up(true);
    let there = kafka.read(&kafka.requests()).await.iter().any(|record| record.key() == id);
    assert!(!(there && outcome == "not_sent"), "it is there, and was said not to have been sent");
}
