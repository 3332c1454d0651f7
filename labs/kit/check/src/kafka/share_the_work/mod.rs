//! kafka/04: share the work.

mod alone;
mod full;
mod grows;
mod leaves;
mod share;

use self::alone::{alone_gets_all, goes_on};
use self::grows::{a_fourth_waits, members_share, nothing_is_missing, one_is_killed};
use self::leaves::{it_leaves, sigterm_ends_it, what_is_printed_is_committed};
use super::README;
use crate::exercise::{Exercise, Role, checks};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "kafka/04",
    name: "share_the_work",
    role: Role::KafkaConsumer,
    data: include_str!("../share_the_work.toml"),
    readme: README,
    checks: checks![
        alone_gets_all,
        goes_on,
        members_share,
        a_fourth_waits,
        one_is_killed,
        nothing_is_missing,
        sigterm_ends_it,
        it_leaves,
        what_is_printed_is_committed,
    ],
};
