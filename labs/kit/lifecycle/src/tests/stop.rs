//! Exit codes need a process to exit: this test starts its own binary once more.

use std::env;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};
use tokio::time::timeout;

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
    // Long enough for an echo that was taken for a second signal to have ended this.
    std::thread::sleep(Duration::from_millis(300));
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
        // At once: an echo, not the second one. (`timeout(1)` sends the same one twice; the
        // kernel may merge those, but not two different ones.)
        kill(pid, second).expect("sent");
        within(until(&mut lines, "still here")).await;
        // Again and again, because on a busy machine the echo's time may last.
        let end = within(async {
            loop {
                kill(pid, second).expect("sent");
                if let Ok(end) = timeout(Duration::from_millis(200), child.wait()).await {
                    return end;
                }
            }
        });
        assert_eq!(end.await.expect("an end").code(), Some(code));
    }
}

async fn until(lines: &mut Lines<BufReader<ChildStdout>>, wanted: &str) {
    while lines.next_line().await.expect("output").expect("the child goes on") != wanted {}
}
