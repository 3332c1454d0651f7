//! The order system over gRPC: calls, deadlines and streams over HTTP/2, with
//! tonic on both sides.
//!
//! Read in this order:
//! 1. `proto/orders/v1/orders.proto`: the contract, from which the code is made.
//! 2. [`server`]: the verbs, each a call of one service.
//! 3. [`error`]: one table from what can go wrong to what gRPC calls it.
//! 4. [`wire`]: what is particular to this wire: messages of a stream.
//! 5. [`client`]: the same verbs from the other side.
//! 6. [`process`] and [`worker`], the two sides of the verb that REST doesn't have.
//! 7. [`limits`], [`health`] and [`import`]: what a server must refuse and tell,
//!    and many orders at once.

pub mod client;
pub mod config;
pub mod error;
pub mod health;
pub mod import;
pub mod limits;
pub mod process;
pub mod server;
pub mod wire;
pub mod worker;

#[cfg(test)]
mod tests;
