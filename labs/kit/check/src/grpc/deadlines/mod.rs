//! grpc/05: a server in the middle, with a deadline that goes on from one call to the next.

mod again;
mod asks;
mod beside;
mod ends;
mod order;
mod passes_on;
mod pieces;

use again::{
    no_call_begins_after_it, the_deadline_shrinks, they_are_spaced, three_calls_are_all, unavailable_is_tried_again,
};
use asks::{
    a_refusal_is_passed_on, it_is_there_once_reserved, others_do_not_wait, the_order_is_kept, the_warehouse_is_asked,
};
use ends::{a_call_is_cancelled_at_it, a_caller_that_leaves, nobody_there_is_unavailable};
use passes_on::{a_deadline_is_passed_on, each_unit_is_read, without_one_it_is_two_seconds};

use super::README;
use crate::exercise::{Exercise, Role, checks};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "grpc/05",
    name: "deadlines",
    role: Role::GrpcServer,
    data: include_str!("../deadlines.toml"),
    readme: README,
    checks: checks![
        the_warehouse_is_asked,
        the_order_is_kept,
        others_do_not_wait,
        it_is_there_once_reserved,
        a_refusal_is_passed_on,
        a_deadline_is_passed_on,
        each_unit_is_read,
        unavailable_is_tried_again,
        three_calls_are_all,
        they_are_spaced,
        the_deadline_shrinks,
        no_call_begins_after_it,
        a_call_is_cancelled_at_it,
        without_one_it_is_two_seconds,
        a_caller_that_leaves,
        nobody_there_is_unavailable,
    ],
};

/// Tells the program where the warehouse is.
const WAREHOUSE: &str = "LAB_WAREHOUSE_ADDR";
