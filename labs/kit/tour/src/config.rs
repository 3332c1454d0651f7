//! The command line of the tour.

use clap::Args;

/// The same order over REST, gRPC and Kafka, side by side: what was sent, what came back, bytes and time
///
/// Ctrl-C ends it, with exit code 0.
#[derive(Args, Clone, Copy, Debug)]
pub struct TourArgs {
    /// Ask nothing, and go through at once; so it is in a pipe
    #[arg(long, short)]
    pub yes: bool,
    /// Print JSON, one object for each step and transport
    #[arg(long)]
    pub json: bool,
}
