//! Reading while others place orders: does a read wait for the disk?
//!
//! Whoever places an order waits for its commit, so its time, in the same load,
//! is what a read must stay far below. 64 clients also keep all cores busy, and
//! a read waits for a core like everybody; so the notes have the same read
//! beside a single client, which leaves the cores idle and the disk no rest.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};

use super::create::create_order;
use super::{Experiment, Sample, Side, pair};
use crate::load::{self, Run};

const CREATORS: usize = 64;

/// A server on a new database for each run.
pub(super) struct Reads {
    folder: PathBuf,
}

impl Reads {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// One client that reads beside so many that place orders: what each saw.
    fn beside(&self, creators: usize, time: Duration) -> Result<(Run, Run)> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        let (server, read, _) = pair::rest_order(folder.path())?;
        let create = create_order(&server)?;
        std::thread::scope(|scope| {
            let creating = scope.spawn(|| load::run(None, &create, creators, time));
            let reading = load::run(None, &read, 1, time)?;
            let Ok(creating) = creating.join() else { bail!("the load generator panicked") };
            Ok((reading, creating?))
        })
    }

    fn alone(&self, time: Duration) -> Result<Run> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        let (_server, read, _) = pair::rest_order(folder.path())?;
        load::run(None, &read, 1, time)
    }
}

impl Experiment for Reads {
    fn measure(&mut self, side: Side, time: Duration) -> Result<Sample> {
        let (read, create) = self.beside(CREATORS, time)?;
        let (value, notes) = match side {
            Side::Lab => {
                let (beside_one, one) = self.beside(1, time)?;
                let notes = vec![
                    format!("get p50/p99: alone {}, beside 1 client that creates", show(&self.alone(time)?)),
                    format!("{} (it waits {}), beside {CREATORS} {}", show(&beside_one), show(&one), show(&read)),
                ];
                (read.latency_us(0.5), notes)
            }
            Side::Peer => (create.latency_us(0.5), Vec::new()),
        };
        Ok(Sample { value, cpu: None, notes })
    }
}

fn show(run: &Run) -> String {
    format!("{:.0}/{:.0} µs", run.latency_us(0.5), run.latency_us(0.99))
}
