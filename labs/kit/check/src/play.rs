//! `cargo lab run rest/04`: the learner's program on its usual port, to play with.

use std::io::{self, IsTerminal};
use std::net::TcpListener;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use lab_broker::watchdog::Watchdog;
use lab_console::{Failure, print, reason};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::select;
use tokio::time::{sleep, timeout};

use crate::compile::{Built, build};
use crate::config::PlayArgs;
use crate::course::COURSE;
use crate::exercise::{Exercise, Role};
use crate::progress::ProgressFile;
use crate::trial::{NOT_COMPILED, Tried};

/// Between SIGTERM and SIGKILL.
const TO_STOP: Duration = Duration::from_secs(2);
/// Until it should take connections.
const TO_START: Duration = Duration::from_secs(15);

/// Builds the learner's file and runs it: a server until Ctrl-C, anything else to its end.
///
/// # Errors
///
/// When it doesn't compile, or ends with a failure; exit code 3 when its port is taken.
pub async fn play(args: PlayArgs) -> Result<(), Failure> {
    let exercise = COURSE.chosen(Some(&args.exercise), &ProgressFile::ours().read())?;
    let lines = exercise.data().play;
    if !exercise.role.runs() {
        return print(&invitation(&format!("{} is read, and not run. Play with it:", exercise.id), &lines, ""));
    }
    let told = !args.arguments.is_empty() || exercise.role == Role::KafkaProducer && !io::stdin().is_terminal();
    if let Some(takes) = exercise.role.takes()
        && !told
        && !lines.is_empty()
    {
        return print(&invitation(&format!("{} takes {takes}. Play, as with", exercise.id), &lines, ""));
    }
    let address = if exercise.role.listens() { Some(free_address(exercise)?) } else { None };
    let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
    let example = exercise.example();
    let program = select! {
        () = stop.cancelled() => return Ok(()),
        built = build(exercise.lab(), &example) => match built? {
            Built::Program(path) => path,
            Built::Error { rendered, remark } => {
                Tried::NotCompiled { rendered, remark }.show(exercise, false)?;
                return Err(Failure::refused(NOT_COMPILED, format!("{} doesn't compile yet", exercise.id)));
            }
        },
    };
    match address {
        Some(address) => serve(exercise, &program, &args.arguments, &address, stop.cancelled()).await,
        None => run(exercise, &program, &args.arguments, stop.cancelled()).await,
    }
}

/// Where it is to listen, as it is written. Looked at beforehand: not every program says why it ended.
fn free_address(exercise: &Exercise) -> Result<String, Failure> {
    let (variable, usual) = exercise.role.address().expect("a server has one");
    let told = std::env::var(variable).ok().filter(|address| !address.is_empty());
    let address = told.unwrap_or(usual.to_owned());
    let taken = |error: std::io::Error| {
        Failure::missing(format!(
            "{} can't listen on {address} ({}): end what is there (`cargo lab doctor` knows it), or set {variable} to another",
            exercise.id,
            reason(&error)
        ))
    };
    TcpListener::bind(&address).map_err(taken)?;
    Ok(address)
}

async fn serve(
    exercise: &Exercise,
    program: &Path,
    args: &[String],
    address: &str,
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let (variable, _) = exercise.role.address().expect("a server has one");
    let watchdog = Watchdog::start(None).map_err(cannot_start)?;
    let mut plain = std::process::Command::new(program);
    plain.args(args).env(variable, address);
    let mut child = Command::from(watchdog.watched(&plain).map_err(cannot_start)?).spawn().map_err(cannot_start)?;
    let playing = async {
        let is_there = listens(address).await;
        let what = if is_there { "listens" } else { "doesn't listen yet" };
        let intro = format!("{} {what} on {address}. Play with it in a second terminal:", exercise.id);
        print(&invitation(&intro, &lines_of(exercise), address))?;
        std::future::pending().await
    };
    let ended = select! {
        ended = child.wait() => Some(ended),
        failed = playing => return failed,
        () = stop => None,
    };
    match ended {
        Some(status) => {
            Err(Failure::refused("ended", format!("{} has ended by itself ({})", exercise.id, code(status.ok()))))
        }
        None => {
            end(child).await;
            print("\n")
        }
    }
}

/// SIGTERM first. What stays, the watchdog kills.
async fn end(mut child: Child) {
    if let Some(pid) = child.id() {
        let _ = killpg(Pid::from_raw(pid as i32), Signal::SIGTERM);
    }
    let _ = timeout(TO_STOP, child.wait()).await;
}

/// With the terminal as its own: it may read what is typed.
async fn run(
    exercise: &Exercise,
    program: &Path,
    args: &[String],
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let mut child =
        Command::new(program).args(args).stdin(Stdio::inherit()).kill_on_drop(true).spawn().map_err(cannot_start)?;
    select! {
        ended = child.wait() => match ended.ok() {
            Some(status) if status.success() => Ok(()),
            status => Err(Failure::refused("ended", format!("{} has failed ({})", exercise.id, code(status)))),
        },
        () = stop => {
            if let Some(pid) = child.id() {
                let _ = kill(Pid::from_raw(pid as i32), Signal::SIGTERM);
            }
            let _ = timeout(TO_STOP, child.wait()).await;
            Ok(())
        }
    }
}

async fn listens(address: &str) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < TO_START {
        if TcpStream::connect(address).await.is_ok() {
            return true;
        }
        sleep(Duration::from_millis(20)).await;
    }
    false
}

fn lines_of(exercise: &Exercise) -> Vec<String> {
    exercise.data().play
}

fn invitation(intro: &str, lines: &[String], address: &str) -> String {
    let lines: String = lines.iter().map(|line| format!("  {}\n", line.replace("{address}", address))).collect();
    let end = if address.is_empty() { "" } else { "\nCtrl-C ends it.\n" };
    format!("{intro}\n\n{lines}{end}")
}

fn code(status: Option<ExitStatus>) -> String {
    status.map_or("nobody knows how".to_owned(), |status| status.to_string())
}

fn cannot_start(error: std::io::Error) -> Failure {
    Failure::missing(format!("can't start the program ({})", reason(&error)))
}
