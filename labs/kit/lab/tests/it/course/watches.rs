//! `cargo lab watch`.

use std::fs;
use std::process::Stdio;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rstest::rstest;
use tokio::io::AsyncWriteExt;

use super::world::{Learner, read_until};
use crate::support::{Process, until};

const WATCH: [&str; 4] = ["watch", "rest/01", "--program", "sh app.sh"];

#[tokio::test]
async fn a_save_brings_the_next_check_and_a_pass_brings_the_question() {
    let learner = Learner::new();
    let mut watch = learner.spawn(&WATCH);
    let begin = read_until(&mut watch, "0 of 5 hold.").await;
    assert!(begin.contains("Done when") && begin.contains("Watching app.sh"), "{begin}");
    learner.write("app.sh", "exit 2\n");
    let again = read_until(&mut watch, "0 of 5 hold.").await;
    assert!(again.contains("exit code 2"), "{again}");
    learner.write_a_right_program();
    read_until(&mut watch, "5 of 5 hold.").await;
    let end = watch.end().await.expect(0).stdout;
    for part in ["solutions/01_health.rs", "grpc.health.v1.Health/Check", "Enter skips"] {
        assert!(end.contains(part), "no {part} in {end}");
    }
    assert_eq!(learner.progress().await["state"], "passed");
}

#[tokio::test]
async fn what_is_typed_is_answered() {
    let learner = Learner::new();
    let mut command = learner.command(&WATCH);
    command.stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(b"h\nh\ns\nwhat\nc\nq\n").await.expect("it reads");
    let output = crate::support::within("the end", child.wait_with_output()).await.expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    for part in ["1 of 3 ", "2 of 3 ", "Your file: labs/rest/exercises/01_health.rs", "q to quit"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert_eq!(text.matches("0 of 5 hold.").count(), 2, "{text}");
}

#[tokio::test]
async fn a_second_watch_says_that_there_is_one() {
    let learner = Learner::new();
    let mut first = learner.spawn(&WATCH);
    read_until(&mut first, "0 of 5 hold.").await;
    let second = learner.run(&WATCH).await.expect(1);
    assert!(second.sentence().contains("already"), "{second:?}");
    first.signal(Signal::SIGKILL);
    first.end().await;
    // Nothing that is left of a killed one is in the way.
    let mut third = learner.spawn(&WATCH);
    read_until(&mut third, "0 of 5 hold.").await;
}

#[rstest]
#[tokio::test]
async fn a_stop_in_the_middle_of_a_check_leaves_no_process(
    #[values(Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL)] signal: Signal,
) {
    let learner = Learner::new();
    // It never listens, takes no notice of SIGTERM, and has a child.
    learner.write("app.sh", "trap '' TERM INT\nsleep 1000 &\necho $! > child\necho $$ > own\nwait\nsleep 1000\n");
    let watch = learner.spawn(&WATCH);
    let pid = |name: &str| fs::read_to_string(learner.path(name)).ok()?.trim().parse().ok().map(Pid::from_raw);
    let own: Pid = until("the program", async || pid("own")).await;
    let child = pid("child").expect("it came first");
    watch.signal(signal);
    watch.end().await.expect(if signal == Signal::SIGKILL { -9 } else { 0 });
    for pid in [own, child] {
        until("the program's end", async || (kill(pid, None) == Err(Errno::ESRCH)).then_some(())).await;
    }
}

#[tokio::test]
async fn a_save_in_the_middle_of_a_check_begins_it_anew() {
    let learner = Learner::new();
    learner.write("app.sh", "echo $$ > own\nexec sleep 1000\n");
    let mut watch = learner.spawn(&WATCH);
    until("the program", async || learner.path("own").exists().then_some(())).await;
    learner.write("app.sh", "exit 3\n");
    let shown = read_until(&mut watch, "0 of 5 hold.").await;
    assert!(shown.contains("exit code 3"), "{shown}");
}

#[tokio::test]
async fn for_a_program_there_is_a_line_a_check() {
    let learner = Learner::new();
    let mut watch = Process::spawn(learner.command(&[&WATCH[..], &["--json"]].concat()));
    let line = watch.line().await.expect("a verdict");
    let verdict: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(verdict["passed"], false);
    learner.write_a_right_program();
    let last = watch.end().await.expect(0).json();
    assert_eq!(last["passed"], true);
}

#[tokio::test]
async fn a_command_that_names_no_file_can_not_be_watched() {
    let learner = Learner::new();
    let output = learner.run(&["watch", "rest/01", "--program", "nothing.py --fast"]).await.expect(2);
    assert!(output.stderr.contains("names no file"), "{output:?}");
}
