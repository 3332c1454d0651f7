//! Exit codes need a process to exit: this test starts its own binary once more.

use std::env;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use super::within;

const CHILD: &str = "LAB_LIFECYCLE_TEST_CHILD";

/// After the first signal it hangs, and its only runtime with it.
#[tokio::test]
async fn child() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let stop = crate::stop_signal().expect("handlers");
    println!("\nready");
    stop.cancelled().await;
    // This is the case under test, not a synchronisation: the echo's time must be over.
    std::thread::sleep(std::time::Duration::from_millis(300));
    println!("\nstill here");
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn the_first_signal_asks_and_the_second_ends_even_a_hung_program() {
    for (first, second, code) in [(Signal::SIGTERM, Signal::SIGINT, 130), (Signal::SIGINT, Signal::SIGTERM, 143)] {
        let mut child = Command::new(env::current_exe().expect("this binary"))
            .args(["--exact", "--nocapture", "tests::stop::child"])
            .env(CHILD, "1")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a child");
        let pid = Pid::from_raw(child.id().expect("it runs").try_into().expect("a pid"));
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        within(until(&mut lines, "ready")).await;
        kill(pid, first).expect("sent");
        // At once, as `timeout(1)` does: this is not the second one yet.
        kill(pid, first).expect("sent");
        within(until(&mut lines, "still here")).await;
        kill(pid, second).expect("sent");
        assert_eq!(within(child.wait()).await.expect("an end").code(), Some(code));
    }
}

async fn until(lines: &mut Lines<BufReader<ChildStdout>>, wanted: &str) {
    while lines.next_line().await.expect("output").expect("the child goes on") != wanted {}
}
