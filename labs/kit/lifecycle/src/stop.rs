//! Stop signals: the first asks, the second insists.

use std::io;
use std::process;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::info;

/// What follows the first signal within this time is the same wish.
const ECHO: Duration = Duration::from_millis(100);

/// Returns a token that is cancelled at the first Ctrl-C (SIGINT) or SIGTERM.
///
/// From then on the program drains. A second signal, 100 ms later or more, ends it at
/// once, with the exit code that a shell gives to a program killed by it: 130 for
/// Ctrl-C, 143 for SIGTERM.
///
/// The signals are watched on a thread of their own, not on the caller's
/// runtime: the second one is for a program that hangs, and its runtime may be
/// what hangs. So this works without a runtime too.
///
/// # Errors
///
/// When the thread can't be started or the handlers can't be installed.
pub fn stop_signal() -> io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let stop = token.clone();
    let (installed, wait) = mpsc::sync_channel(1);
    thread::Builder::new().name("stop-signal".into()).spawn(move || watch(&stop, &installed))?;
    // A signal that comes right after this function must find its handler.
    wait.recv().unwrap_or_else(|_| Err(io::Error::other("the thread for stop signals ended")))?;
    Ok(token)
}

/// Reports once whether the handlers are there, then never returns.
fn watch(stop: &CancellationToken, installed: &mpsc::SyncSender<io::Result<()>>) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(installed.send(Err(error))),
    };
    runtime.block_on(async {
        let (mut interrupt, mut terminate) = match handlers() {
            Ok(handlers) => handlers,
            Err(error) => return drop(installed.send(Err(error))),
        };
        drop(installed.send(Ok(())));

        next(&mut interrupt, &mut terminate).await;
        stop.cancel();
        info!("stopping; a second signal ends the program at once");
        // `timeout(1)` and some supervisors send one signal twice, to the process and to
        // its group. No hand is that fast.
        let echo = async { while next(&mut interrupt, &mut terminate).await > 0 {} };
        let _ = timeout(ECHO, echo).await;
        let code = next(&mut interrupt, &mut terminate).await;
        process::exit(code)
    });
}

fn handlers() -> io::Result<(Signal, Signal)> {
    Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
}

/// Waits for either signal; returns 128 + its number.
async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> i32 {
    select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
    }
}
