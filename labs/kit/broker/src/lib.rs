//! A Kafka broker to work against, where there is none yet.
//!
//! - [`embedded`]: in this process, at once, with nothing to install; for practice.
//! - [`apache`]: Apache Kafka as docker-compose.yml has it, without Docker.
//!
//! - [`watchdog`]: why no process and no temporary file of them is left behind.
//!
//! [`config`] is the command line, and [`run`] what it does.

pub mod apache;
pub mod config;
pub mod embedded;
mod program;
pub mod watchdog;

pub use program::run;

/// The README's code, so that it compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
