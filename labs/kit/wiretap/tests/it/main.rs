//! Taps on real servers: what they say is what was sent, and what came.

mod connections;
mod grpc;
mod http;
mod kafka;
mod support;
