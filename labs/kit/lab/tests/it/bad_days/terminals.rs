//! Where output goes: nowhere, to a full disk, to `head`, to a terminal of 80 columns.

use std::io::Read;
use std::process::Stdio;

use nix::pty::{Winsize, openpty};
use unicode_width::UnicodeWidthStr;

use super::world::World;
use super::{Day, Done, Fails, NONE, SHELL, Serves, check, day};
use crate::support::{folder, lab_under, within};

const FULL: &str = r#"exec "$@" >/dev/full"#;
const CLOSED: &str = r#"exec "$@" >&-"#;
const NO_STDIN: &str = r#"exec "$@" <&-"#;
/// `| head -n 1`, with the program as the process that a signal reaches.
const HEAD: &str = r#"mkfifo pipe; head -n 1 <pipe & exec "$@" >pipe"#;
const BARE: &str = r#"exec env -i "$@""#;
const DUMB: &str = "export TERM=dumb; unset HOME COLUMNS LANG LC_ALL";
const LOGS: &str = "export RUST_LOG=a=b=c";

const NOT_WRITTEN: &[&str] = &["can't write the output", "No space left on device"];

#[rustfmt::skip]
fn days() -> Vec<Day> {
    vec![
        day("a full disk for an answer, REST", FULL, "run rest-client health --server {rest}", Fails(1), NOT_WRITTEN),
        day("a full disk for an answer, gRPC", FULL, "run grpc-client health --server {grpc}", Fails(1), NOT_WRITTEN),
        day("a full disk for a report, Kafka", FULL, "run kafka-producer health --brokers {broker}", Fails(1), NOT_WRITTEN),
        day("a full disk for a server's first line, REST", FULL, "run rest-server --in-memory --listen 127.0.0.1:0", Fails(1), NOT_WRITTEN),
        day("a full disk for a server's first line, gRPC", FULL, "run grpc-server --in-memory --listen 127.0.0.1:0", Fails(1), NOT_WRITTEN),
        day("a full disk for a broker's first line", FULL, "run broker --listen 127.0.0.1:0", Fails(1), NOT_WRITTEN),
        day("no stdout, REST", CLOSED, "run rest-client list --server {rest}", Done, &[]),
        day("no stdout, gRPC", CLOSED, "run grpc-client health --server {grpc}", Done, &[]),
        day("no stdout, Kafka", CLOSED, "run kafka-consumer list --brokers {broker}", Done, &[]),
        day("no stdout for help", CLOSED, "run kafka-consumer --help", Done, &[]),
        day("no stdin, REST", NO_STDIN, "run rest-client import - --server {rest}", Done, &["0 created"]),
        day("no stdin, gRPC", NO_STDIN, "run grpc-client import - --server {grpc}", Done, &["0 created"]),
        day("no stdin, Kafka", NO_STDIN, "run kafka-producer import - --brokers {broker}", Done, &["0 delivered"]),
        day("head -n 1 of a list", HEAD, "run rest-client list --server {rest}", Done, &["no orders"]),
        day("head -n 1 of a replay", HEAD, "run kafka-consumer list --brokers {broker}", Done, &["no orders"]),
        day("head -n 1 of a server, REST", HEAD, "run rest-server --in-memory --listen 127.0.0.1:0", Serves, &["REST server"]),
        day("head -n 1 of a server, gRPC", HEAD, "run grpc-server --in-memory --listen 127.0.0.1:0", Serves, &["gRPC server"]),
        day("head -n 1 of a consumer", HEAD, "run kafka-consumer --in-memory --brokers {broker} --topic-prefix head", Serves, &["Kafka consumer"]),
        day("no home and no variables, REST", BARE, "run rest-server --listen 127.0.0.1:0", Serves, &[".lab/orders.db"]),
        day("no home and no variables, gRPC", BARE, "run grpc-server --listen 127.0.0.1:0", Serves, &[".lab/orders.db"]),
        day("no home and no variables, a broker", BARE, "run broker --listen 127.0.0.1:0", Serves, &["lab.*"]),
        day("no home and no variables, a client", BARE, "run kafka-producer health --brokers {broker}", Done, &["ok"]),
        day("a dumb terminal", DUMB, "run rest-client list --server {rest}", Done, &["no orders"]),
        day("RUST_LOG is nonsense", LOGS, "run grpc-server --in-memory --listen 127.0.0.1:0", Serves, &["gRPC server"]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn output_that_nobody_takes_is_no_panic() {
    check(&days()).await;
}

/// stderr as it is on a terminal so wide.
async fn on_terminal(typed: &str, columns: u16) -> String {
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(&size, None).expect("a terminal");
    let folder = folder();
    let mut command = lab_under(&["sh", "-c", SHELL, NONE, typed], folder.path(), "", &[]);
    command.env("NO_COLOR", "1").stdout(Stdio::null()).stderr(terminal.slave);
    let mut child = command.spawn().expect("it starts");
    // It has the other end, and we none any more.
    drop(command);
    let reading = tokio::task::spawn_blocking(move || {
        let (mut text, mut master) = (Vec::new(), std::fs::File::from(terminal.master));
        // The end of a terminal is an error on Linux.
        let _ = master.read_to_end(&mut text);
        String::from_utf8(text).expect("UTF-8")
    });
    within("its end", child.wait()).await.expect("it can be waited for");
    within("what it said", reading).await.expect("it was read")
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_what_went_wrong_is_broken_between_words() {
    let world = World::new().await;
    for (typed, whole) in [
        ("run rest-client health --server {nobody}", "`cargo lab run rest-server`"),
        ("run grpc-client list --server {rest}", "is it the address of the gRPC server?"),
        ("run kafka-producer health --brokers {nobody}", "`cargo lab run broker`"),
        ("run rest-client list --server http://127.0.0.1:8080", "without a scheme or a path"),
        ("run rest-client create --created-by A --equipment PHONE", "WEBCAM"),
        ("run rest-server --listen 0.0.0.0:0", "other machines"),
        ("run grpc-server --database no/such/orders.db", "there is no folder no: make it"),
    ] {
        let typed = world.fill(typed);
        for columns in [80, 50] {
            let text = on_terminal(&typed, columns).await;
            let lines: Vec<_> = text.lines().collect();
            let flowing = lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flowing.starts_with("error: ") && flowing.contains(whole), "{typed}: {text}");
            let commands = flowing.matches('`').count() / 2;
            let on_one_line: usize = lines.iter().map(|line| line.matches('`').count() / 2).sum();
            assert_eq!(on_one_line, commands, "a command can't be copied: {text}");
            for line in lines {
                assert!(line.width() <= columns.into(), "{columns}: {line}");
            }
        }
    }
}
