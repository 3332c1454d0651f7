//! A server in a process of its own.
//!
//! So that its CPU time can be told from the load generator's, and so that the
//! two share no runtime, no allocator and no lock.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde::de::DeserializeOwned;

use crate::servers::{CpuTime, Listening, Server};

/// A running server; dropping it ends the process.
pub(crate) struct Child {
    process: Process,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Child {
    /// Starts this very program again as `server`, and waits until it listens.
    pub(crate) fn start(server: &Server) -> Result<Self> {
        let program = std::env::current_exe().context("failed to find this program's own file")?;
        let mut process = Command::new(program)
            .arg("serve")
            .arg(serde_json::to_string(server)?)
            // The level that a server has by default, whatever the reader's shell says.
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C goes to the parent alone, which then ends its children.
            .process_group(0)
            .spawn()
            .context("failed to start a server")?;
        let (Some(ask), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            bail!("a server started without its pipes");
        };
        let address = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut child = Self { process, ask, answers: BufReader::new(answers), address };
        let listening: Listening = child.read().with_context(|| format!("failed to start {server:?}"))?;
        child.address = listening.listening;
        Ok(child)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CPU time that it has taken so far, of the user and the system.
    pub(crate) fn cpu_time(&mut self) -> Result<Duration> {
        self.ask.write_all(b"\n").context("a server has ended too early")?;
        let cpu: CpuTime = self.read()?;
        Ok(Duration::from_micros(cpu.cpu_us))
    }

    fn read<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        self.answers.read_line(&mut line).context("failed to read from a server")?;
        if line.is_empty() {
            bail!("a server has ended too early");
        }
        serde_json::from_str(&line).map_err(|_| anyhow!("a server said: {}", line.trim_end()))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
