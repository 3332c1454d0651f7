//! Reading while others place orders: does a read wait for the disk?
//!
//! On a machine whose cores are all busy, a read waits for a core, and its time
//! alone says little. So there are two loads: 64 clients, which is the case that
//! matters, and one, which keeps the disk busy and the cores idle.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};

use super::create::create_order;
use super::{Experiment, Sample, Side, pair};
use crate::load::{self, Run};

pub(super) struct Reads {
    folder: PathBuf,
}

impl Reads {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// A reader beside so many clients that place orders: what both saw.
    fn beside(&self, creators: usize, time: Duration) -> Result<(Run, Run)> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        let (mut server, read, ..) = pair::rest_order(folder.path(), "orders.db")?;
        let create = create_order(&server)?;
        std::thread::scope(|scope| {
            let creating = scope.spawn(|| load::run(None, &create, creators, time));
            let reading = load::run(Some(&mut server), &read, 1, time)?;
            let Ok(creating) = creating.join() else { bail!("the load generator panicked") };
            Ok((reading, creating?))
        })
    }

    fn alone(&self, time: Duration) -> Result<Run> {
        let folder = tempfile::tempdir_in(&self.folder)?;
        let (mut server, read, ..) = pair::rest_order(folder.path(), "orders.db")?;
        load::run(Some(&mut server), &read, 1, time)
    }
}

impl Experiment for Reads {
    fn measure(&mut self, side: Side, time: Duration) -> Result<Sample> {
        let show = |run: &Run| format!("{:.0}/{:.0} µs", run.latency_us(0.5), run.latency_us(0.99));
        match side {
            Side::Lab => {
                let (reading, creating) = self.beside(64, time)?;
                let (r1, c1) = self.beside(1, time)?;
                let note = format!(
                    "p50/p99: 64: read {} create {}; 1: read {} create {}",
                    show(&reading),
                    show(&creating),
                    show(&r1),
                    show(&c1)
                );
                Ok(Sample { value: reading.latency_us(0.5), cpu: None, note: Some(note) })
            }
            Side::Peer => {
                let run = self.alone(time)?;
                Ok(Sample { value: run.latency_us(0.5), cpu: None, note: Some(format!("alone {}", show(&run))) })
            }
        }
    }
}
