//! gRPC as it is on the wire: on h2 itself, so that the checker decides about windows,
//! resets and deadlines, and sees headers, messages and trailers, whoever wrote them.

mod answer;
mod client;
mod connection;
mod head;
mod json;
mod messages;
mod played;
mod received;
mod reply;
mod schema;
mod serve;
mod status;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use answer::Answer;
pub(crate) use client::{Request, call, open, request};
pub(crate) use connection::Connection;
pub(crate) use played::Service;
pub(crate) use received::Received;
pub(crate) use reply::Reply;
pub(crate) use schema::shown;
pub(crate) use status::{Code, Status};
pub(crate) use stream::{Next, Stream};
