//! The exercises of the Kafka lab.

pub(crate) mod accept_now;
pub(crate) mod crash_and_lose_nothing;
mod effect;
pub(crate) mod first_record;
pub(crate) mod keys_keep_order;
pub(crate) mod read_it_back;
pub(crate) mod share_the_work;
mod topic;
pub(crate) mod twice_is_once;

/// Where their tasks stand.
pub(crate) const README: &str = include_str!("../../../../kafka/README.md");
