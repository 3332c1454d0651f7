//! Black-box tests of the programs: each is spawned, spoken to over the wire, and stopped.

mod support;

mod command_line;
mod grpc;
mod rest;
mod same_order;
