//! HTTP/1.1 with the bytes kept: what is shown to a learner is what passed.

mod answer;
mod client;
mod gate;
mod recorded;

pub(crate) use answer::Answer;
pub(crate) use client::{Request, get, request, send};
pub(crate) use gate::Gate;
pub(crate) use recorded::{Recorded, Recording};
