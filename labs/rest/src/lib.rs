//! The order system over REST: resources, methods and status codes over
//! HTTP/1.1, with axum on the server's side and reqwest on the client's.
//!
//! Read in this order:
//! 1. [`server`]: the verbs, each a method on a resource.
//! 2. [`error`]: one table from what can go wrong to what HTTP calls it.
//! 3. [`wire`]: what is particular to this wire: bodies, entity tags, queries.
//! 4. [`client`]: the same verbs from the other side.
//! 5. [`limits`] and [`import`]: what a server must refuse, and many orders at once.

pub mod client;
pub mod config;
pub mod error;
pub mod import;
pub mod limits;
pub mod server;
pub mod wire;

#[cfg(test)]
mod tests;
