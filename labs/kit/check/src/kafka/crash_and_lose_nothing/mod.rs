//! kafka/05: have an effect for each record, and commit what is done.

mod done;
mod killed;
mod stopped;
mod values;
mod work;

use done::{any_2xx_is_done_and_nothing_else, attempts_are_spaced, each_value_is_posted, unavailable_is_tried_again};
use killed::{a_held_one_comes_again, nothing_goes_before_it, what_is_done_is_committed};
use stopped::{in_hand_at_the_stop, only_what_is_new, the_stop_commits};

use super::README;
use crate::exercise::{Exercise, Role, checks};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "kafka/05",
    name: "crash_and_lose_nothing",
    role: Role::KafkaConsumer,
    data: include_str!("../crash_and_lose_nothing.toml"),
    readme: README,
    checks: checks![
        each_value_is_posted,
        unavailable_is_tried_again,
        attempts_are_spaced,
        any_2xx_is_done_and_nothing_else,
        what_is_done_is_committed,
        the_stop_commits,
        only_what_is_new,
        in_hand_at_the_stop,
        a_held_one_comes_again,
        nothing_goes_before_it,
    ],
};
