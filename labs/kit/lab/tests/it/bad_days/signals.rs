//! Ctrl-C and SIGTERM before anything is ready. What works already, and what drains, is
//! told to end in `command_line::signals`, `drain` and `kafka::stops`.

use std::path::Path;

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::world::World;
use super::{NONE, start};
use crate::support::{Fake, Process, until};

/// What it is in the middle of.
#[derive(Clone, Copy)]
enum While {
    /// It waits for a lock of its database, `{locked}`.
    Locked,
    /// Somebody has taken its connection, and says nothing: `{silent}`.
    Connecting,
}

use While::{Connecting, Locked};

const BOTH: &[Signal] = &[Signal::SIGINT, Signal::SIGTERM];
/// A program that knows nothing of signals and was started in the background ignores Ctrl-C.
const TERM: &[Signal] = &[Signal::SIGTERM];

/// The name, what is typed, the state that the signals come in, the exit code, and words on stderr.
type Row = (&'static str, &'static str, While, &'static [Signal], i32, &'static str);

#[rustfmt::skip]
const ROWS: [Row; 10] = [
    ("REST server", "run rest-server --listen 127.0.0.1:0 --database {locked}", Locked, BOTH, 0, ""),
    ("gRPC server", "run grpc-server --listen 127.0.0.1:0 --database {locked}", Locked, BOTH, 0, ""),
    ("consumer", "run kafka-consumer --brokers {broker} --database {locked}", Locked, BOTH, 0, ""),
    ("consumer", "run kafka-consumer --in-memory --brokers {silent}", Connecting, BOTH, 0, ""),
    ("watch of facts", "run kafka-consumer watch --brokers {silent}", Connecting, BOTH, 0, ""),
    ("worker", "run kafka-consumer process --brokers {silent}", Connecting, BOTH, 0, ""),
    ("create over Kafka", "run kafka-producer create --created-by A --equipment MOUSE --brokers {silent}", Connecting, BOTH, 1, "nothing was sent"),
    ("import over Kafka", "run kafka-producer import - --brokers {silent}", Connecting, BOTH, 1, "nothing was sent"),
    // A client that only waits ends as every program does that knows nothing of signals.
    ("create over REST", "run rest-client create --created-by A --equipment MOUSE --server {silent}", Connecting, TERM, -15, ""),
    ("list over gRPC", "run grpc-client list --server {silent}", Connecting, TERM, -15, ""),
];

/// Whether a process has this file open (proc(5)).
fn has_open(pid: Pid, file: &Path) -> bool {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    open.into_iter().any(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == file))
}

async fn is_there(state: While, process: &Process, world: &World, silent: &mut Fake) {
    match state {
        Connecting => silent.accepted().await,
        Locked => {
            let file = world.path("locked.db").canonicalize().expect("it is there");
            until("the database to be opened", || async { has_open(process.pid(), &file).then_some(()) }).await;
        }
    }
}

async fn check(row: &Row, signal: Signal, world: &World) -> Result<(), String> {
    let (name, typed, state, _, due, says) = row;
    let mut silent = Fake::silent().await;
    let typed = world.fill(&typed.replace("{silent}", &silent.address()));
    let (process, _folder) = start(NONE, &typed);
    is_there(*state, &process, world, &mut silent).await;
    process.signal(signal);
    let output = process.end().await;
    let is_right = output.status == *due && output.stdout.is_empty() && output.stderr.contains(says);
    let complains = *due == 0 && output.stderr.contains("error: ");
    if is_right && !complains { Ok(()) } else { Err(format!("- {name}, {signal}: `{typed}`: {output:?}")) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_before_anything_is_ready_ends_a_program_in_order() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let rows = ROWS.iter().filter(|row| row.3.contains(&signal));
        let checked = join_all(rows.map(|row| check(row, signal, &world))).await;
        wrong.extend(checked.into_iter().filter_map(Result::err));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
