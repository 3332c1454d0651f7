//! rest/06: change an order without losing what somebody else has written.

mod at_once;
mod changes;
mod conditions;
mod meanwhile;
mod order;
mod stock;

use at_once::{one_of_eight_wins, others_change_meanwhile, reads_do_not_wait};
use changes::{etag_is_strong, put_changes, tag_is_new};
use conditions::{missing_order_is_404, no_if_match_is_428, stale_is_412, star_and_lists_hold, weak_is_412};
use stock::{a_no_changes_nothing, any_2xx_is_a_yes, stock_is_asked, trouble_is_503};

use super::README;
use crate::exercise::{Exercise, Role, checks};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "rest/06",
    name: "change_without_losing",
    role: Role::RestServer,
    data: include_str!("../change_without_losing.toml"),
    readme: README,
    checks: checks![
        etag_is_strong,
        put_changes,
        tag_is_new,
        stock_is_asked,
        no_if_match_is_428,
        stale_is_412,
        weak_is_412,
        star_and_lists_hold,
        missing_order_is_404,
        any_2xx_is_a_yes,
        a_no_changes_nothing,
        reads_do_not_wait,
        others_change_meanwhile,
        one_of_eight_wins,
        trouble_is_503,
    ],
};

/// Tells the program where the stock is.
const STOCK: &str = "LAB_STOCK_URL";
