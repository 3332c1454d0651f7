//! Kafka: requests in, facts out; on an embedded broker for each test.

pub(crate) mod programs;
pub(crate) mod records;
pub(crate) mod support;

mod across;
mod frozen;
mod groups;
mod imports;
mod losses;
mod names;
mod poison;
mod refusals;
mod remade;
mod stops;
mod styles;
mod verbs;
mod watches;
mod workers;
