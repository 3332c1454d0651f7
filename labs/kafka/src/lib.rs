//! The order system over Kafka: requests in, facts out, with rdkafka on both sides.
//!
//! Nobody calls anybody here. A producer appends what it wants to one topic; a
//! consumer takes it when it is there, and what is then true is appended to
//! another, for whoever cares.
//!
//! Read in this order:
//! 1. [`producer`]: the verbs that want something, each a record.
//! 2. [`consumer`]: the one that takes requests, and what a commit promises; `holds`, how it waits, `losses`, what was removed unread;
//!    [`effects`], who has the effects.
//! 3. [`error`]: what becomes of a request that can't be done: try again, or dead letter.
//! 4. [`wire`]: what is particular to this wire: keys, headers, values.
//! 5. [`publisher`]: from the store's changes to facts, each once; `published`, `facts` and `state` are its parts.
//! 6. [`reader`] and [`worker`]: those who read facts, and one who acts on them.
//! 7. [`config`], [`broker`], [`member`], `delivery` and [`dead_letters`]: settings with
//!    their reasons, topics, groups, what became of a record, poison.

pub mod broker;
pub mod config;
pub mod consumer;
pub mod dead_letters;
mod delivery;
pub mod effects;
pub mod error;
mod facts;
mod holds;
mod losses;
pub mod member;
pub mod producer;
mod published;
pub mod publisher;
pub mod reader;
mod state;
pub mod wire;
pub mod worker;

#[cfg(test)]
mod tests;
