//! Logs: they never decide whether a server serves.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rstest::rstest;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::support::{Lab, Process, folder, lab, until, within};

#[rstest]
#[tokio::test]
async fn a_stderr_that_nobody_reads_holds_neither_requests_nor_the_stop(#[values(Lab::Rest, Lab::Grpc)] which: Lab) {
    let folder = folder();
    let mut command = lab(folder.path(), which.server(), &["--listen", "127.0.0.1:0", "--json", "--in-memory"]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut server = command.env("RUST_LOG", "trace").spawn().expect("the program starts");
    let mut stdout = BufReader::new(server.stdout.take().expect("it is piped")).lines();
    let line = within("its first line", stdout.next_line()).await.expect("text").expect("a line");
    let line: Value = serde_json::from_str(&line).expect("JSON");
    let address = line["listening"].as_str().expect("an address").to_owned();
    // Far more than a pipe holds: each connection is some kilobytes of trace.
    for _ in 0..300 {
        let answer = within("an answer", TcpStream::connect(&address)).await.expect("it listens");
        drop(answer);
        let request = reqwest::Client::new().post(format!("http://{address}/{}", "x".repeat(300)));
        let _ = within("an answer", request.send()).await;
    }
    let pid = server.id().expect("it runs");
    kill(Pid::from_raw(pid as i32), Signal::SIGTERM).expect("it runs");
    let status = within("the server's end", server.wait()).await.expect("it can be waited for");
    assert_eq!(status.code(), Some(0));
}

/// It fails to take a connection ten times a second, for as long as that lasts.
#[tokio::test]
async fn a_broker_without_a_free_descriptor_says_so_at_once_and_then_now_and_then() {
    let folder = folder();
    let mut broker = Process::spawn(lab(folder.path(), "broker", &["--listen", "127.0.0.1:0", "--json"]));
    let line: Value = serde_json::from_str(&broker.line().await.expect("a line")).expect("JSON");
    let address = line["listening"].as_str().expect("an address");
    // What is open stays open.
    let none_more = Command::new("prlimit").args(["--nofile=3:", "--pid", &broker.pid().to_string()]).status().await;
    assert!(none_more.expect("prlimit is there, as unshare is").success());
    let _waits = TcpStream::connect(address).await.expect("the system takes it");
    let said = until("a second warning", async || {
        let stderr = broker.stderr();
        let warnings: Vec<String> =
            stderr.lines().filter(|line| line.contains("WARN")).map(ToOwned::to_owned).collect();
        (warnings.len() > 1).then_some(warnings)
    })
    .await;
    assert!(said.iter().all(|line| line.contains("can't take a connection: ")), "{said:?}");
    assert!(said[0].contains("unsaid=0") && !said[1].contains("unsaid=0"), "{said:?}");
    broker.signal(Signal::SIGTERM);
    broker.end().await.expect(0);
}
