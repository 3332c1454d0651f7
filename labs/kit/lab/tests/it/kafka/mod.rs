//! Kafka: requests in, facts out; on an embedded broker for each test.

mod programs;
mod records;
pub(crate) mod support;

mod across;
mod groups;
mod imports;
mod poison;
mod refusals;
mod stops;
mod styles;
mod verbs;
mod watches;
