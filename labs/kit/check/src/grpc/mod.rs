//! The exercises of the gRPC lab.

pub(crate) mod change_a_contract;

/// Where their tasks stand.
pub(crate) const README: &str = include_str!("../../../../grpc/README.md");
