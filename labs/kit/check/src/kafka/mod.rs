//! The exercises of the Kafka lab.

pub(crate) mod first_record;
pub(crate) mod read_it_back;

/// Where their tasks stand.
pub(crate) const README: &str = include_str!("../../../../kafka/README.md");
