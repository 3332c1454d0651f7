//! kafka/06: make a repeat harmless.

mod counted;
mod database;
mod event;
mod killed;
mod refused;
mod stopped;
mod store;

use counted::{each_item_counts, other_events_count, the_same_event_counts_once};
use killed::{killed_at_the_lock, killed_between_the_commits};
use refused::{a_lock_is_waited_for, refused_in_seen, refused_in_stock};
use stopped::{the_stop_commits, what_is_in_seen_is_done};

use super::README;
use crate::bench::Bench;
use crate::exercise::{Exercise, Role, checks};
use crate::meanwhile::Meanwhile;
use crate::verdict::Outcome;

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "kafka/06",
    name: "twice_is_once",
    role: Role::KafkaConsumer,
    data: include_str!("../twice_is_once.toml"),
    readme: README,
    checks: checks![
        each_item_counts,
        the_same_event_counts_once,
        other_events_count,
        what_is_in_seen_is_done,
        the_stop_commits,
        refused_in_stock,
        refused_in_seen,
        killed_between_the_commits,
        a_lock_is_waited_for,
        killed_at_the_lock,
    ],
};

/// What takes long, and goes on since the first check has passed.
#[derive(Clone)]
struct Long {
    stopped: Meanwhile<stopped::Stopped>,
    in_stock: Meanwhile<Outcome>,
    in_seen: Meanwhile<Outcome>,
    between: Meanwhile<Outcome>,
    lock: Meanwhile<Outcome>,
    killed: Meanwhile<Outcome>,
}

fn long(bench: &mut Bench) -> Long {
    if let Some(long) = bench.seen.get::<Long>() {
        return long.clone();
    }
    let long = Long {
        stopped: bench.begin(|bench| async move { stopped::stopped(&bench).await }),
        in_stock: bench.begin(|bench| async move { refused::in_stock(&bench).await }),
        in_seen: bench.begin(|bench| async move { refused::in_seen(&bench).await }),
        between: bench.begin(|bench| async move { killed::between_the_commits(&bench).await }),
        lock: bench.begin(|bench| async move { refused::at_the_lock(&bench).await }),
        killed: bench.begin(|bench| async move { killed::at_the_lock(&bench).await }),
    };
    bench.seen.insert(long.clone());
    long
}
