//! What the figures depend on beside the programs.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// Whether this program was built for speed.
pub(crate) const RELEASE: bool = !cfg!(debug_assertions);

/// The cores that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The CPU time of this process so far, all its threads, of the user and the system.
pub(crate) fn own_cpu_time() -> Result<Duration> {
    cpu_time(UsageWho::RUSAGE_SELF)
}

/// The CPU time of all children that have ended and were waited for.
pub(crate) fn children_cpu_time() -> Result<Duration> {
    cpu_time(UsageWho::RUSAGE_CHILDREN)
}

fn cpu_time(whose: UsageWho) -> Result<Duration> {
    let usage = getrusage(whose)?;
    let us = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(us.unsigned_abs()))
}

/// How many threads wanted a core in the last minute, where the system says so (Linux).
pub(crate) fn busy_threads() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// How long the disk takes for a small write that must last: the median of 21.
pub(crate) fn fsync_time(folder: &Path) -> Result<Duration> {
    let path = folder.join("fsync");
    let mut file = File::create(&path).with_context(|| format!("failed to write {}", path.display()))?;
    let mut times = Vec::new();
    for _ in 0..21 {
        file.write_all(&[0; 4096])?;
        let started = Instant::now();
        file.sync_data()?;
        times.push(started.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}
