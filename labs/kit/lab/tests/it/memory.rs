//! What a program takes, by the system's count.

use std::fs;

use nix::unistd::Pid;

use crate::support::Server;

/// The growth of a server's resident memory, its peak included.
pub(crate) struct Memory {
    before_kib: u64,
}

impl Memory {
    /// Forgets the peak so far (proc(5), `clear_refs`).
    pub(crate) fn of(server: &Server) -> Self {
        fs::write(format!("/proc/{}/clear_refs", server.pid()), "5").expect("Linux resets the peak");
        Self { before_kib: read_kib(server.pid(), "VmRSS:") }
    }

    pub(crate) fn assert_grown_less_than(&self, mib: u64, server: &Server) {
        let grown = read_kib(server.pid(), "VmHWM:").saturating_sub(self.before_kib);
        println!("{:?}: {} KiB, and at most {grown} KiB more", server.lab, self.before_kib);
        assert!(grown < mib * 1_024, "{:?} has grown by {grown} KiB", server.lab);
    }
}

/// The most that a program has had since it started.
pub(crate) fn peak_kib(pid: Pid) -> u64 {
    read_kib(pid, "VmHWM:")
}

fn read_kib(pid: Pid, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux counts memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
