//! HTTP/1.1 with the bytes kept: what is shown to a learner is what passed.

mod answer;
mod client;
mod gate;
mod mock;
mod recorded;
mod reply;

pub(crate) use answer::Answer;
pub(crate) use client::{Request, get, request, send};
pub(crate) use gate::Gate as RequestGate;
pub(crate) use mock::{Mock, Plan, Received};
pub(crate) use recorded::{Recorded, Recording};
pub(crate) use reply::{Gate, Reply, Taken};
