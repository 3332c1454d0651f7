//! `cargo lab doctor`: is all there that the lab needs? And if not, what mends it.
//!
//! Reading order: [`run`]; `finding`, what a check says, and `print`, how it looks; then a
//! file for each kind of check: `tools` (with `ask`, other programs), `folders`, `ports`
//! (with `holder`, who listens, `broker` and `kafka`, its protocol), `optional`.
//! What the first build takes is `lab_launcher`'s, which looked before there was a doctor.
//! All checks run at once, and none waits for longer than it takes to give somebody up.

mod ask;
mod broker;
mod finding;
mod folders;
mod holder;
mod kafka;
mod optional;
mod ports;
mod print;
mod tools;

use clap::Args;
use lab_console::{Failure, OutputArgs};
use lab_lifecycle::stop_signal;
use tokio::task::{JoinHandle, spawn, spawn_blocking};

use finding::{Finding, State};
use print::Screen;

/// `doctor`
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// How to print.
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Prints a line for each check. It fails when one has failed; a warning is about what is optional.
pub(crate) async fn run(args: DoctorArgs) -> Result<(), Failure> {
    let stop = stop_signal().map_err(Failure::no_signals)?;
    // What was asked and hasn't answered is ended as well.
    stop.run_until_cancelled(check_all(args.output.json)).await.unwrap_or_else(|| Err(interrupted()))
}

fn interrupted() -> Failure {
    Failure::unavailable("stopped before all was looked at")
}

async fn check_all(json: bool) -> Result<(), Failure> {
    let screen = Screen::new(json);
    let (mut failed, mut warnings) = (Vec::new(), 0);
    for check in start_all() {
        let findings =
            check.await.map_err(|error| Failure::unavailable(format!("a check has ended early: {error}")))?;
        for finding in findings {
            screen.finding(&finding)?;
            match finding.state {
                State::Ok => {}
                State::Warn => warnings += 1,
                State::Fail => failed.push(finding.check),
            }
        }
    }
    if failed.is_empty() {
        return screen.good(warnings);
    }
    Err(Failure::unavailable(format!("not all is well: {}", failed.join(", "))))
}

/// In the order in which they are printed: what building takes, where, the ports, what is optional.
fn start_all() -> Vec<JoinHandle<Vec<Finding>>> {
    vec![
        spawn(one(tools::rust())),
        spawn(tools::building()),
        spawn_blocking(|| vec![folders::path(), folders::disk()]),
        spawn(one(folders::database())),
        spawn(one(ports::rest())),
        spawn(one(ports::grpc())),
        spawn(ports::kafka()),
        spawn(one(optional::docker())),
        spawn(one(optional::java())),
        spawn_blocking(|| vec![optional::maven()]),
    ]
}

async fn one(check: impl Future<Output = Finding>) -> Vec<Finding> {
    vec![check.await]
}
