//! The exercises of the REST lab.

pub(crate) mod a_client;
pub(crate) mod a_client_to_leave_alone;
pub(crate) mod health;

/// Where their tasks stand.
pub(crate) const README: &str = include_str!("../../../../rest/README.md");
