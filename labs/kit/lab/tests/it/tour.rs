//! `cargo lab tour`: what it shows, and that it leaves nothing.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rstest::rstest;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use unicode_width::UnicodeWidthStr;

use crate::support::{Process, until, within};

const STEPS: [&str; 7] = ["place", "get", "update", "watch", "delete", "work", "away"];

/// The tour, with a folder of its own for what is temporary.
fn tour(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.arg("tour").args(args).current_dir(folder).env("TMPDIR", folder).stdin(Stdio::null()).kill_on_drop(true);
    for name in ["LAB_REST_ADDR", "LAB_GRPC_ADDR", "LAB_DATABASE", "KAFKA_BROKERS", "RUST_LOG", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// The programs of the tour: those that were told of this folder.
fn programs(folder: &Path) -> Vec<(Pid, String)> {
    let name = folder.to_str().expect("UTF-8");
    let read = |entry: std::fs::DirEntry| {
        let line = std::fs::read_to_string(entry.path().join("cmdline")).ok()?.replace('\0', " ");
        let pid = entry.file_name().to_str()?.parse().ok()?;
        line.contains(name).then_some((Pid::from_raw(pid), line))
    };
    std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok).filter_map(read).collect()
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("it can be read");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[track_caller]
fn nothing_is_left(folder: &Path) {
    assert_eq!((files(folder), programs(folder)), (vec![], vec![]));
}

/// What passed in a step, of one transport, as one text.
fn text(lane: &Value, side: &str) -> String {
    let lines = lane[side].as_array().unwrap_or_else(|| panic!("no {side}: {lane}"));
    lines.iter().map(|line| line.as_str().expect("text")).collect::<Vec<_>>().join("\n")
}

/// The root README has these figures. Ports, times and ids make a few bytes of difference.
fn assert_near_the_readme(lane: &Value, figures: &str) {
    assert!(include_str!("../../../../../README.md").contains(figures), "{figures}");
    let (sent, received) = figures.split_once(" ↓ ").expect("two numbers");
    for (side, figure) in [("sent", sent), ("received", received)] {
        let measured = lane["bytes"][side].as_i64().expect("a number");
        assert!((measured - figure.parse::<i64>().expect("a number")).abs() <= 12, "{figures}: {lane}");
    }
}

#[tokio::test]
async fn json_tells_of_every_step_over_every_transport_what_passed() {
    let folder = folder();
    let output = Process::spawn(tour(folder.path(), &["--json"])).end().await.expect(0);
    assert_eq!(output.stderr, "");
    let lanes = output.json_lines();
    let names: Vec<_> = lanes.iter().map(|lane| (lane["step"].as_str(), lane["transport"].as_str())).collect();
    let transports = ["rest", "grpc", "kafka"];
    let expected: Vec<_> =
        STEPS.iter().flat_map(|&step| transports.map(|transport| (Some(step), Some(transport)))).collect();
    assert_eq!(names, expected);
    let lane = |step: &str, transport: &str| {
        let at = expected.iter().position(|&pair| pair == (Some(step), Some(transport))).expect("a step");
        &lanes[at]
    };

    assert!(text(lane("place", "rest"), "sent").starts_with("POST /v1/orders"));
    assert!(text(lane("place", "rest"), "received").starts_with("201 Created"));
    assert!(text(lane("place", "grpc"), "sent").contains("OrderService/CreateOrder"));
    assert!(text(lane("place", "grpc"), "received").starts_with("OK"));
    assert!(text(lane("place", "kafka"), "sent").contains("order.create"));
    assert!(text(lane("place", "kafka"), "received").contains("offset 0"));
    for transport in transports {
        assert!(lane("place", transport)["bytes"]["sent"].as_u64() > Some(50), "{transport}");
        assert!(lane("place", transport)["times"][0]["ms"].as_f64() > Some(0.0), "{transport}");
    }
    assert_near_the_readme(lane("place", "rest"), "173 ↓ 425");
    assert_near_the_readme(lane("place", "grpc"), "140 ↓ 207");
    // An event's framing counts as well.
    for (transport, message) in [("rest", 190), ("grpc", 83)] {
        assert!(lane("watch", transport)["bytes"]["received"].as_u64() > Some(message), "{transport}");
    }
    assert!(text(lane("update", "rest"), "received").contains("412"));
    assert!(text(lane("update", "grpc"), "received").contains("ABORTED"));
    assert!(text(lane("update", "kafka"), "received").contains("dlq_reason"));
    assert!(text(lane("delete", "kafka"), "received").contains("null"));
    for transport in transports {
        assert!(text(lane("work", transport), "received").contains("COMPLETED"), "{transport}");
    }
    assert!(text(lane("away", "rest"), "received").contains("refused"), "{}", lane("away", "rest"));
    assert!(text(lane("away", "grpc"), "received").contains("UNAVAILABLE"), "{}", lane("away", "grpc"));
    assert!(text(lane("away", "kafka"), "received").contains("QUEUED"));
    nothing_is_left(folder.path());
}

/// Nobody is asked, nothing is coloured, and 80 columns are enough.
#[tokio::test]
async fn in_a_pipe_it_is_plain_text_of_80_columns_and_two_at_once_don_t_meet() {
    let folders = [folder(), folder()];
    let tours = folders.each_ref().map(|folder| Process::spawn(tour(folder.path(), &[])));
    for (tour, folder) in tours.into_iter().zip(&folders) {
        let output = tour.end().await.expect(0);
        assert_eq!(output.stderr, "");
        assert!(!output.stdout.contains('\u{1b}') && !output.stdout.contains("(Enter skips)"), "{}", output.stdout);
        let wide = output.stdout.lines().find(|line| line.width() > 80);
        assert_eq!(wide, None);
        assert!(output.stdout.contains("7 of 7"), "{}", output.stdout);
        let away = output.stdout.lines().find(|line| line.starts_with("receiver away")).expect("a line of the table");
        assert!(away.contains("Connection refused") && away.contains("UNAVAILABLE"), "{away}");
        nothing_is_left(folder.path());
    }
}

/// Stopped at a moment that the number of lines read picks.
#[rstest]
#[tokio::test]
async fn a_stop_leaves_nothing(
    #[values(0, 1, 9, 40, 120, 200)] lines: usize,
    #[values(Signal::SIGINT, Signal::SIGTERM)] signal: Signal,
) {
    let folder = folder();
    let mut tour = Process::spawn(tour(folder.path(), &["--yes"]));
    if lines == 0 {
        // While it starts: its folder is there.
        let is_there = || async { std::fs::read_dir(folder.path()).ok()?.next().map(drop) };
        until("the temporary folder", is_there).await;
    }
    for _ in 0..lines {
        assert!(tour.line().await.is_some(), "it ended by itself");
    }
    tour.signal(signal);
    tour.end().await.expect(0);
    nothing_is_left(folder.path());
}

/// What can't be waited for is cleared away by the shell that watches.
#[rstest]
#[tokio::test]
async fn a_violent_end_leaves_nothing_either(#[values(1, 9, 60, 150)] lines: usize) {
    let folder = folder();
    let mut tour = Process::spawn(tour(folder.path(), &["--yes"]));
    for _ in 0..lines {
        assert!(tour.line().await.is_some(), "it ended by itself");
    }
    assert!(lines < 9 || programs(folder.path()).len() >= 3, "else nothing would be shown by their absence");
    tour.signal(Signal::SIGKILL);
    tour.end().await.expect(-(Signal::SIGKILL as i32));
    let is_gone = || async { (files(folder.path()).is_empty() && programs(folder.path()).is_empty()).then_some(()) };
    until("the end of all", is_gone).await;
}

/// Soon, and not when the wait for an answer is over.
#[rstest]
#[tokio::test]
async fn a_program_that_ends_by_itself_is_named(#[values("rest-server", "grpc-server", "kafka-consumer")] name: &str) {
    let folder = folder();
    let mut tour = Process::spawn(tour(folder.path(), &["--yes"]));
    for _ in 0..12 {
        assert!(tour.line().await.is_some(), "it ended by itself");
    }
    let is_it = |(_, line): &&(Pid, String)| line.contains(&format!("run {name} "));
    let found = programs(folder.path());
    let (pid, _) = found.iter().find(is_it).expect("it runs");
    kill(*pid, Signal::SIGKILL).expect("it runs");
    let output = tour.end().await.expect(1);
    assert_eq!(output.stderr, format!("error: {name} has ended by itself\n"));
    nothing_is_left(folder.path());
}

#[tokio::test]
async fn too_few_open_files_are_told_at_once() {
    let folder = folder();
    let mut command = Command::new("bash");
    command.args(["-c", r#"ulimit -n 100; exec "$0" tour"#, env!("CARGO_BIN_EXE_lab")]);
    command.env("TMPDIR", folder.path()).stdin(Stdio::null());
    let output = Process::spawn(command).end().await.expect(3);
    assert!(output.sentence().contains("only 100 files may be open"), "{output:?}");
}

#[tokio::test]
async fn a_reader_that_leaves_ends_it() {
    let folder = folder();
    let mut command = Command::new("bash");
    command.args(["-c", r#"set -o pipefail; "$0" tour | head -n 1"#, env!("CARGO_BIN_EXE_lab")]);
    command.env("TMPDIR", folder.path()).stdin(Stdio::null());
    let output = Process::spawn(command).end().await.expect(0);
    assert_eq!((output.stdout.lines().count(), output.stderr.as_str()), (1, ""));
    nothing_is_left(folder.path());
}

/// Every question is answered with the first option, or skipped; what is shown fits the terminal.
#[rstest]
#[tokio::test]
async fn on_a_terminal_it_asks_before_each_result(
    #[values(80, 200)] columns: u16,
    #[values("1\n", "\n")] answer: &str,
) {
    let folder = folder();
    let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = openpty(Some(&size), None).expect("a terminal");
    let mut command = tour(folder.path(), &[]);
    let slave = || pty.slave.try_clone().expect("a copy");
    command.env("TERM", "xterm").env_remove("NO_COLOR").stdin(slave()).stdout(slave()).stderr(slave());
    let mut child = command.spawn().expect("it starts");
    drop((command, pty.slave));
    let keys = answer.as_bytes().to_owned();
    let talk = tokio::task::spawn_blocking(move || converse(File::from(pty.master), &keys));
    let (shown, asked) = within("the conversation", talk).await.expect("no panic");
    assert!(within("its end", child.wait()).await.expect("a status").success(), "{shown}");
    assert_eq!(asked, 7, "{shown}");
    assert_eq!(shown.contains("of 7 guesses were right"), answer == "1\n", "{shown}");
    let plain = anstream::adapter::strip_str(&shown).to_string();
    assert_ne!(plain, shown, "no colour");
    let wide = plain.lines().find(|line| line.trim_end().width() > usize::from(columns));
    assert_eq!(wide, None);
    nothing_is_left(folder.path());
}

/// Answers each question with `keys`; returns all that was shown, and how often it asked.
fn converse(mut terminal: File, keys: &[u8]) -> (String, usize) {
    let (mut shown, mut asked, mut buffer) = (Vec::new(), 0, [0; 4096]);
    // At its end a terminal fails instead (EIO).
    while let Ok(read) = terminal.read(&mut buffer) {
        if read == 0 {
            break;
        }
        shown.extend_from_slice(&buffer[..read]);
        let questions = String::from_utf8_lossy(&shown).matches("(Enter skips)").count();
        if questions > asked {
            asked = questions;
            terminal.write_all(keys).expect("it listens");
        }
    }
    (String::from_utf8_lossy(&shown).into_owned(), asked)
}

#[tokio::test]
async fn a_stop_while_it_asks_leaves_nothing() {
    let folder = folder();
    let pty = openpty(None, None).expect("a terminal");
    let mut command = tour(folder.path(), &[]);
    let slave = || pty.slave.try_clone().expect("a copy");
    command.env("TERM", "xterm").stdin(slave()).stdout(slave()).stderr(slave());
    let mut child = command.spawn().expect("it starts");
    drop((command, pty.slave));
    let mut terminal = File::from(pty.master);
    let until_asked = tokio::task::spawn_blocking(move || {
        let (mut shown, mut buffer) = (String::new(), [0; 4096]);
        while !shown.contains("(Enter skips)") {
            let read = terminal.read(&mut buffer).expect("it asks before it ends");
            shown.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        terminal
    });
    let _terminal = within("a question", until_asked).await.expect("no panic");
    let pid = Pid::from_raw(child.id().expect("it runs") as i32);
    kill(pid, Signal::SIGINT).expect("it runs");
    assert!(within("its end", child.wait()).await.expect("a status").success());
    nothing_is_left(folder.path());
}

#[tokio::test]
async fn a_folder_that_can_t_be_written_is_one_sentence() {
    let folder = folder();
    let mut command = tour(folder.path(), &[]);
    command.env("TMPDIR", folder.path().join("missing"));
    let output = Process::spawn(command).end().await.expect(3);
    assert!(output.sentence().contains("temporary folder"), "{output:?}");
}
