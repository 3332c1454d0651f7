//! The checker is told to end, or is killed, in the middle of a check.

use nix::sys::signal::Signal;
use rstest::rstest;

use super::World;
use crate::support::{Process, until};

/// Of two programs, one has left the other in a session of its own; neither minds SIGTERM
/// or answers.
const HANGS: &str =
    "trap '' TERM INT; setsid {raw} \"open('{here}/asked', 'w').close(); time.sleep(60)\" & wait; {raw} 0";

async fn in_the_middle(world: &World) -> Process {
    let checker = world.start(HANGS);
    let asked = world.path().join("asked");
    until("the request to come", || async { asked.exists().then_some(()) }).await;
    assert!(!world.left().is_empty(), "it runs");
    checker
}

#[rstest]
#[case(Signal::SIGINT)]
#[case(Signal::SIGTERM)]
#[tokio::test]
async fn it_ends_at_once_and_leaves_nothing(#[case] signal: Signal) {
    let world = World::new();
    let checker = in_the_middle(&world).await;
    let begin = std::time::Instant::now();
    checker.signal(signal);
    let output = checker.end().await.expect(1);
    assert_eq!(output.error_code(), "stopped");
    assert!(begin.elapsed().as_secs() < 3, "{:?}", begin.elapsed());
    assert_eq!(world.left(), Vec::<String>::new());
}

#[tokio::test]
async fn killed_it_leaves_nothing_either() {
    let world = World::new();
    let checker = in_the_middle(&world).await;
    checker.signal(Signal::SIGKILL);
    checker.end().await.expect(-9);
    until("all to be gone", || async { world.left().is_empty().then_some(()) }).await;
}
