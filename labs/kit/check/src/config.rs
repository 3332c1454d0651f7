//! The command line of the exercises.

use std::net::SocketAddr;

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
    #[arg(long, value_name = "HOST:PORT")]
    pub at: Option<SocketAddr>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
}
