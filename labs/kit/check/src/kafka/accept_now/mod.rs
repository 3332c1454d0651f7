//! kafka/07: accept now, work later.

mod accepted;
mod away;
mod faults;
mod order;

use self::accepted::{
    accepted_means_there, each_has_its_own, location_is_a_status, one_producer, the_key_is_the_id,
    the_value_is_the_order,
};
use self::away::{
    back_again, gone_is_503, nobody_is_there, others_go_on, refused_is_503, sigterm_drains, silence_is_503,
};
use self::faults::a_fault_is_400;
use super::README;
use crate::exercise::{Exercise, Role, checks};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "kafka/07",
    name: "accept_now",
    role: Role::KafkaServer,
    data: include_str!("../accept_now.toml"),
    readme: README,
    checks: checks![
        accepted_means_there,
        the_key_is_the_id,
        the_value_is_the_order,
        location_is_a_status,
        each_has_its_own,
        one_producer,
        a_fault_is_400,
        refused_is_503,
        others_go_on,
        silence_is_503,
        nobody_is_there,
        gone_is_503,
        back_again,
        sigterm_drains,
    ],
};
