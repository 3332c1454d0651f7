//! In-process tests, on real sockets where there are sockets.

#[cfg(feature = "http")]
mod clients;
mod logs;
#[cfg(feature = "http")]
mod observe;
#[cfg(feature = "http")]
mod refuse;
#[cfg(feature = "http")]
mod shut_down;
mod stop;
mod trace;

use std::time::Duration;

/// Generous: it ends a test that hangs, and measures nothing.
async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("done in time")
}
