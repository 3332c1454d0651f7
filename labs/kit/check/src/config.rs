//! The command line of the exercises.

use std::net::{SocketAddr, ToSocketAddrs};

use clap::Args;
use lab_console::OutputArgs;

/// `cargo lab check`
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// Which, as rest/04; without it the next that you haven't done
    pub exercise: Option<String>,
    /// Grade this command line instead of your file: any language
    #[arg(long, value_name = "COMMAND", conflicts_with = "at")]
    pub program: Option<String>,
    /// Grade a server that runs already
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub at: Option<SocketAddr>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
}

/// A name stands for its IPv4 address, where it has one: the servers here listen there.
fn address(text: &str) -> Result<SocketAddr, String> {
    let host_port = lab_console::host_port(text)?;
    let addresses = host_port.to_socket_addrs().map_err(|error| lab_console::reason(&error))?;
    let addresses: Vec<_> = addresses.collect();
    let first = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    first.copied().ok_or_else(|| format!("{text} has no address"))
}
