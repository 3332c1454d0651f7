//! grpc/04: server streaming that harms nobody.

mod changes;
mod history;
mod places;
mod resume;
mod slow;
mod watcher;

use std::sync::{Arc, Mutex, PoisonError};

use changes::{begins_with_position, each_once_in_order, placed_orders_come};
use places::{a_stalled_place_too, fourth_is_refused, place_is_given_back, three_of_eight};
use resume::{goes_on_after_a_position, kept_and_live_meet};
use slow::{nobody_waits_for_the_slow, slow_is_ended, too_old_is_refused, up_to_1000_wait};

use self::history::History;
use self::watcher::Watcher;
use super::README;
use crate::bench::Bench;
use crate::exercise::{Exercise, Role, checks};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "grpc/04",
    name: "watch",
    role: Role::GrpcServer,
    data: include_str!("../watch.toml"),
    readme: README,
    checks: checks![
        begins_with_position,
        placed_orders_come,
        each_once_in_order,
        fourth_is_refused,
        place_is_given_back,
        three_of_eight,
        goes_on_after_a_position,
        nobody_waits_for_the_slow,
        slow_is_ended,
        a_stalled_place_too,
        kept_and_live_meet,
        up_to_1000_wait,
        too_old_is_refused,
    ],
};

const WATCH: &str = "orders.v1.OrderService/WatchOrders";
/// So many may watch.
const WATCHERS: usize = 3;
/// So many changes are kept.
const KEPT: usize = 1_000;
/// What a slow reader has room for: about one large order.
const NARROW: u32 = 1024;

/// What goes on from check to check: the server runs through all of them, and nobody leaves
/// before it is looked at what becomes of the place.
#[derive(Default)]
struct Scene {
    history: History,
    watchers: Vec<Watcher>,
    slow: Option<Watcher>,
    /// The position that somebody got before anything was placed.
    begin: String,
    /// Of the first one who watched: by the number of orders before each.
    early: Vec<String>,
    /// A position, and the number of orders before it.
    mark: Option<(String, usize)>,
}

#[derive(Clone)]
struct Kept(Arc<Mutex<Option<Scene>>>);

impl Scene {
    /// As the check before has left it.
    fn resume(bench: &mut Bench) -> Self {
        let kept =
            bench.seen.get::<Kept>().and_then(|kept| kept.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        kept.unwrap_or_default()
    }

    /// For the next check.
    fn keep(self, bench: &mut Bench) {
        bench.seen.insert(Kept(Arc::new(Mutex::new(Some(self)))));
    }
}
