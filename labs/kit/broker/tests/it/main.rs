//! The broker as a program, and both brokers as a library, seen by clients.

mod apache;
mod embedded;
mod program;
mod support;
