//! What every program here does between its first and its last line: a runtime, and
//! open files enough; logs, stop signals, trace ids, and (feature `http`) serving connections within
//! limits and draining them at the end.
//!
//! Reading order: [`run`], [`stop_signal`], [`TraceId`], then [`serve`].
//!
//! `axum::serve` and tonic's own server would be three lines instead. They have
//! no limit on connections, wait for ever for a request that never comes, and
//! drain without a deadline; so the REST and the gRPC lab share this one.

mod logs;
mod start;
mod stop;
mod throttle;
mod trace;

#[cfg(feature = "http")]
mod limits;
#[cfg(feature = "http")]
mod observe;
#[cfg(feature = "http")]
mod serve;

pub use logs::start_logs;
pub use start::{need_open_files, run};
pub use stop::stop_signal;
pub use throttle::Throttle;
pub use trace::TraceId;
pub use tracing_subscriber::filter::LevelFilter;

#[cfg(feature = "http")]
pub use self::{
    limits::Limits,
    serve::{Protocol, serve},
};

#[cfg(test)]
mod tests;
