//! A client of a relay, read ahead of what becomes of its requests.

use std::io;

use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::frame;
use crate::http::Gate;

/// Requests of one connection whose answers are yet to come. A client has five.
pub(super) const MOST_UNDER_WAY: usize = 1_000;

/// So it is seen that it has gone while one of its requests is held.
pub(super) struct Client {
    frames: mpsc::Receiver<Vec<u8>>,
    gone: watch::Receiver<bool>,
    /// Ends with it.
    _reading: JoinSet<()>,
}

impl Client {
    pub(super) fn new(mut from: OwnedReadHalf) -> Self {
        let (frame, frames) = mpsc::channel(MOST_UNDER_WAY);
        let (goes, gone) = watch::channel(false);
        let mut reading = JoinSet::new();
        reading.spawn(async move {
            while let Ok(request) = frame::read(&mut from).await {
                if frame.send(request).await.is_err() {
                    return;
                }
            }
            goes.send_replace(true);
        });
        Self { frames, gone, _reading: reading }
    }

    /// The next of its requests.
    pub(super) async fn next(&mut self) -> io::Result<Vec<u8>> {
        self.frames.recv().await.ok_or(io::ErrorKind::UnexpectedEof.into())
    }

    /// Waits at the gate. It fails if the client goes meanwhile: what the broker hasn't taken by then,
    /// it never will.
    pub(super) async fn pass(&mut self, gate: Gate) -> io::Result<()> {
        tokio::select! {
            biased;
            () = gate.pass() => Ok(()),
            _ = self.gone.wait_for(|&gone| gone) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
