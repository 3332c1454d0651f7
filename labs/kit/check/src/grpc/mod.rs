//! The exercises of the gRPC lab.

pub(crate) mod change_a_contract;
pub(crate) mod deadlines;
pub(crate) mod first_call;
pub(crate) mod say_no;
pub(crate) mod watch;

/// Where their tasks stand.
pub(crate) const README: &str = include_str!("../../../../grpc/README.md");

/// The service that they are about.
pub(crate) const CREATE: &str = "orders.v1.OrderService/CreateOrder";
pub(crate) const GET: &str = "orders.v1.OrderService/GetOrder";
pub(crate) const DELETE: &str = "orders.v1.OrderService/DeleteOrder";
