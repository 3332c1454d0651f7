//! Logs: they never decide whether a server serves.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rstest::rstest;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::support::{Lab, folder, lab, within};

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
        let answer = within("an answer", tokio::net::TcpStream::connect(&address)).await.expect("it listens");
        drop(answer);
        let request = reqwest::Client::new().post(format!("http://{address}/{}", "x".repeat(300)));
        let _ = within("an answer", request.send()).await;
    }
    let pid = server.id().expect("it runs");
    kill(Pid::from_raw(pid as i32), Signal::SIGTERM).expect("it runs");
    let status = within("the server's end", server.wait()).await.expect("it can be waited for");
    assert_eq!(status.code(), Some(0));
}
