//! The messages of `proto/`, and their conversions to and from orders.
//!
//! Generated code stays behind [`pb`]. With the feature `grpc` it has the
//! services too, and [`DESCRIPTOR_SET`] for reflection; without it (Kafka needs
//! the messages alone) tonic is not built.

/// Generated from `proto/orders/v1/orders.proto`, whose comments are its documentation.
#[expect(clippy::all, reason = "generated")]
pub mod pb {
    include!(concat!(env!("OUT_DIR"), "/orders.v1.rs"));
}

mod convert;

/// The compiled `proto/`, as a `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/orders.v1.descriptors"));

/// The same of the service that programs of the exercises call, with the files that it imports.
pub const WAREHOUSE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/warehouse.v1.descriptors"));

/// A message that says less than an order must: what is missing or unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnOrder(pub &'static str);

impl std::fmt::Display for NotAnOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the message is not an order: {}", self.0)
    }
}

impl std::error::Error for NotAnOrder {}
