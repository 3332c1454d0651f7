//! Placing orders: group commit against a commit for each order.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Runtime;

use super::{DRAFT, Experiment, Sample, Side};
use crate::child::Child;
use crate::load::{self, HttpTarget, Run};
use crate::servers::Server;

/// A server on a new database for each run: the side that is faster would
/// otherwise soon work on the larger one.
pub(super) struct Created {
    folder: PathBuf,
    connections: usize,
    figure: fn(&Run) -> f64,
}

impl Created {
    pub(super) fn by_64(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), connections: 64, figure: Run::rate }
    }

    pub(super) fn by_one(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), connections: 1, figure: |run| run.latency_us(0.5) }
    }
}

impl Experiment for Created {
    fn measure(&mut self, side: Side, time: Duration) -> Result<Sample> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        let database = folder.path().join("orders.db");
        let server = match side {
            Side::Lab => Server::Rest { database },
            Side::Peer => Server::CommitEach { database },
        };
        let mut child = Child::start(&server)?;
        let target = create_order(&child)?;
        let run = load::run(Some(&mut child), &target, self.connections, time)?;
        Ok(Sample { value: (self.figure)(&run), cpu: Some(run.cpu()), notes: Vec::new() })
    }
}

/// `POST /v1/orders`, on the lab's server or the peer.
pub(super) fn create_order(server: &Child) -> Result<HttpTarget> {
    let (target, _) = Runtime::new()?.block_on(HttpTarget::post(server.address(), "/v1/orders", DRAFT))?;
    Ok(target)
}
