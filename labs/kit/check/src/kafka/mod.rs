//! The exercises of the Kafka lab.

pub(crate) mod first_record;

/// Where their tasks stand.
pub(crate) const README: &str = include_str!("../../../../kafka/README.md");
