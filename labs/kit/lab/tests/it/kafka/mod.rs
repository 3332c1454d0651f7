//! Kafka: requests in, facts out; on an embedded broker for each test.

pub(crate) mod support;

mod verbs;
