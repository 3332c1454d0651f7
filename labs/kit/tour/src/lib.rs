//! The tour: one order system over REST, gRPC and Kafka, side by side.
//!
//! It starts an embedded broker and the three programs that receive (two servers
//! and a consumer) on one temporary database, and then types the clients' commands
//! for you. A relay stands between each client and what it calls, and what the tour
//! shows is what passed there: see `lab-wiretap`.
//!
//! Read in this order: `steps`, what is done and what it shows, a file a step;
//! `stage`, what runs meanwhile, and `program`, how it is started and ended; `lane`,
//! from what passed to what is shown of one transport; `screen`, three lanes side by
//! side; `question`.

mod columns;
mod config;
mod json;
mod lane;
mod program;
mod question;
mod screen;
mod stage;
mod steps;
mod text;

pub use config::TourArgs;

use std::time::{Duration, Instant};

use lab_console::Failure;
use tokio::select;
use tokio::sync::watch;
use tokio::time::timeout;

use question::Asked;
use screen::Screen;
use stage::Stage;

/// A connection takes two of them at a relay, and Kafka's clients have several.
const OPEN_FILES: u64 = 128;
/// From a program's end to the news of it.
const MOMENT: Duration = Duration::from_secs(1);

/// Gives the tour. Ctrl-C and SIGTERM end it at once. Whatever ends it, `kill -9` too, no
/// program, port or file is left, unless the shell that watches ([`lab_broker::watchdog`])
/// is killed with it.
///
/// # Errors
///
/// When something that it needs can't be started, or a step doesn't come to its end in time.
pub async fn run(args: TourArgs) -> Result<(), Failure> {
    lab_lifecycle::need_open_files(OPEN_FILES).map_err(Failure::missing)?;
    let stop = lab_lifecycle::stop_signal().map_err(Failure::no_signals)?;
    let mut screen = Screen::new(args.json);
    let mut stage = Stage::new()?;
    let mut alarm = stage.alarm();
    let score = select! {
        () = stop.cancelled() => None,
        ended = a_receiver_ends(&mut alarm) => return Err(ended),
        given = give(&args, &mut screen, &mut stage) => match given {
            Ok(score) => Some(score),
            // Of a receiver that has ended, its client may be the first to tell, and not the best.
            Err(failure) => return Err(timeout(MOMENT, a_receiver_ends(&mut alarm)).await.unwrap_or(failure)),
        },
    };
    // All is stopped and removed before it says so.
    drop(stage);
    match score {
        Some(score) => screen.closing(score),
        // It was told to stop, and that is no failure.
        None => screen.interrupted(),
    }
}

/// Waits until a server or the consumer ends by itself.
async fn a_receiver_ends(alarm: &mut watch::Receiver<Option<String>>) -> Failure {
    // It is there as long as the stage is.
    let ended = alarm.wait_for(Option::is_some).await.map(|ended| ended.clone());
    Failure::unavailable(ended.ok().flatten().unwrap_or_default())
}

/// Returns how many of how many guesses were right.
async fn give(args: &TourArgs, screen: &mut Screen, stage: &mut Stage) -> Result<(usize, usize), Failure> {
    let started = Instant::now();
    stage.set().await?;
    screen.opening(started.elapsed())?;
    let mut asked = Asked::new(!args.yes && !args.json);
    for (number, step) in steps::ALL.iter().enumerate() {
        screen.heading(number + 1, steps::ALL.len(), step)?;
        let guess = asked.ask(screen, &step.question).await?;
        let seen = steps::take(step, stage).await?;
        screen.seen(step, &seen, asked.judge(guess, seen.answer))?;
    }
    Ok(asked.score())
}
