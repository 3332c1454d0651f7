//! The program `broker`: its first line, its signals, its refusals.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rdkafka::consumer::Consumer;

use crate::support::consumer;

/// The program, running; it is killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Program {
    pub(crate) fn start(args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(args);
        let mut child = command.envs(variables.iter().copied()).stdout(Stdio::piped()).spawn().expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, stdout }
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("UTF-8");
        line.trim_end().to_owned()
    }

    /// What the first line with `--json` says.
    pub(crate) fn listening(&mut self) -> String {
        let line = self.line();
        let address = line.strip_prefix(r#"{"listening":""#).and_then(|rest| rest.strip_suffix(r#""}"#));
        address.unwrap_or_else(|| panic!("first line: {line:?}")).to_owned()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it runs");
    }

    /// The rest of stdout, and the exit code; `None` when a signal ended it.
    pub(crate) fn end(mut self) -> (String, Option<i32>) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("UTF-8");
        (rest, self.child.wait().expect("it ends").code())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_broker"));
    command.args(args).stdin(Stdio::null()).stderr(Stdio::piped());
    command.env_remove("RUST_LOG");
    command
}

/// The exit code, and the one sentence on stderr.
pub(crate) fn refusal(args: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = command(args).envs(variables.iter().copied()).output().expect("it starts");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{stderr}");
    let sentence = stderr.lines().last().and_then(|line| line.strip_prefix("error: ")).map(str::to_owned);
    (output.status.code(), sentence.unwrap_or_else(|| panic!("no sentence: {stderr:?}")))
}

#[test]
fn its_first_line_says_where_and_the_topics_are_there() {
    let mut broker =
        Program::start(&["--listen", "127.0.0.1:0", "--json", "--topic-prefix", "a", "--topic-prefix", "b"], &[]);
    let address = broker.listening();
    let client = consumer(&address, "none", "consumer");
    let metadata = client.fetch_metadata(None, Duration::from_secs(10)).expect("an answer");
    let mut topics: Vec<_> = metadata.topics().iter().map(|topic| (topic.name(), topic.partitions().len())).collect();
    topics.sort();
    let expected = ["a.order-requests.dlq.v1", "a.order-requests.v1", "a.orders.v1"];
    let expected = expected.map(|name| (name.to_owned(), 3));
    let both =
        expected.iter().cloned().chain(expected.iter().map(|(name, count)| (name.replacen('a', "b", 1), *count)));
    let both: Vec<_> = both.collect();
    assert_eq!(topics, both.iter().map(|(name, count)| (name.as_str(), *count)).collect::<Vec<_>>());
    broker.signal(Signal::SIGTERM);
    assert_eq!(broker.end(), (String::new(), Some(0)));
}

#[test]
fn it_tells_a_person_what_it_is_and_is_not() {
    let mut broker = Program::start(&["--listen", "127.0.0.1:0"], &[]);
    let first = broker.line();
    assert!(first.starts_with("embedded broker on 127.0.0.1:") && first.ends_with("topics lab.*"), "{first}");
    broker.signal(Signal::SIGINT);
    let (rest, code) = broker.end();
    assert_eq!(code, Some(0));
    assert!(rest.contains("practice") && rest.contains("5 MiB") && rest.contains("--apache"), "{rest}");
    for line in rest.lines().chain([&*first]) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_port_that_is_taken_is_exit_code_3() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    for args in [&["--listen", &*address][..], &["--listen", &*address, "--apache"]] {
        let (code, sentence) = refusal(args, &[]);
        assert_eq!(code, Some(3), "{sentence}");
        assert!(sentence.contains(&address), "{sentence}");
    }
}

#[test]
fn what_makes_no_sense_is_wrong_usage() {
    for args in [
        &["--listen", "0.0.0.0:0"][..],
        &["--listen", "nonsense"],
        &["--topic-prefix", "a b", "--listen", "127.0.0.1:0"],
        &["--topic-prefix", "a", "--topic-prefix", "a", "--listen", "127.0.0.1:0"],
        &["--cluster"],
        &["--data", "x"],
        &["--apache", "--topic-prefix", "a"],
        &["--apache", "--cluster", "--listen", "127.0.0.1:65534"],
    ] {
        let output = command(args).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn without_java_or_maven_it_says_what_to_install() {
    let empty = tempfile::tempdir().expect("a folder");
    let (code, sentence) =
        refusal(&["--apache", "--listen", "127.0.0.1:0"], &[("PATH", path(&empty)), ("JAVA_HOME", "")]);
    assert_eq!(code, Some(3));
    assert!(sentence.contains("Java 17") && sentence.contains("install"), "{sentence}");

    script(&empty, "java", r#"echo 'openjdk version "11.0.2" 2019-01-15' >&2"#);
    let (code, sentence) =
        refusal(&["--apache", "--listen", "127.0.0.1:0"], &[("PATH", path(&empty)), ("JAVA_HOME", "")]);
    assert_eq!(code, Some(3));
    assert!(sentence.contains("11.0.2"), "{sentence}");

    script(&empty, "java", r#"echo 'openjdk version "17.0.15" 2025-04-15' >&2"#);
    let jars = format!("{}/jars", path(&empty));
    let maven_is_asked = ["--apache", "--listen", "127.0.0.1:0", "--jars", &jars];
    let (code, sentence) = refusal(&maven_is_asked, &[("PATH", path(&empty)), ("JAVA_HOME", "")]);
    assert_eq!(code, Some(3));
    assert!(sentence.contains("Maven"), "{sentence}");

    script(&empty, "mvn", "echo '[ERROR] no network'; echo '[ERROR] more'; exit 1");
    let (code, sentence) = refusal(&maven_is_asked, &[("PATH", path(&empty)), ("JAVA_HOME", "")]);
    assert_eq!(code, Some(3));
    assert!(sentence.ends_with("no network"), "{sentence}");
    let left: Vec<_> =
        std::fs::read_dir(empty.path()).expect("a folder").map(|entry| entry.expect("one").file_name()).collect();
    assert_eq!(left.len(), 2, "half of a download is left: {left:?}");
}

fn path(folder: &tempfile::TempDir) -> &str {
    folder.path().to_str().expect("UTF-8")
}

fn script(folder: &tempfile::TempDir, name: &str, body: &str) {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.path().join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{body}\n")).expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("set");
}
