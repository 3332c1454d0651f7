//! HTTP/1.1 with the bytes kept: what is shown to a learner is what passed.

mod answer;
mod at_once;
mod client;
mod gate;
mod mock;
mod other_case;
mod recorded;
mod reply;

pub(crate) use answer::Answer;
pub(crate) use at_once::{AT_ONCE, amid_others, bursts, send_at_once};
pub(crate) use client::{Request, get, request, send};
pub(crate) use gate::Gate;
pub(crate) use mock::{Mock, Plan, Received};
pub(crate) use recorded::{Recorded, Recording};
pub(crate) use reply::{Reply, Taken};
