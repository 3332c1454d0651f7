//! The command line of the exercises.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
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

/// `cargo lab show`
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// Which, as rest/04; without it the next that you haven't done
    pub exercise: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
}

/// `cargo lab hint`
#[derive(Args, Clone, Debug)]
pub struct HintArgs {
    /// Which, as rest/04; without it the next that you haven't done
    pub exercise: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
}

/// `cargo lab solution`
#[derive(Args, Clone, Debug)]
pub struct SolutionArgs {
    /// Which, as rest/04; without it the next that you haven't done
    pub exercise: Option<String>,
    /// Show it before you have passed
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
}

/// `cargo lab reset`
#[derive(Args, Clone, Debug)]
pub struct ResetArgs {
    /// Which, as rest/04; without it the next that you haven't done
    pub exercise: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
}

/// `cargo lab progress`
#[derive(Args, Clone, Debug)]
pub struct ProgressArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
}

/// `cargo lab path`
#[derive(Args, Clone, Debug)]
pub struct PathArgs {
    /// Take this one from now on
    pub path: Option<PathName>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
}

/// The paths that can be taken.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PathName {
    /// Two hours: the tour, and one or two exercises of each lab
    Quick,
    /// A first program on either side of each transport
    Lesson,
    /// The whole course
    All,
}

impl PathName {
    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Lesson => "lesson",
            Self::All => "all",
        }
    }
}

/// `cargo lab quiz`
#[derive(Args, Clone, Debug)]
pub struct QuizArgs {
    /// lesson, postman, rest, grpc, kafka, choose, stage-1 to 6; again, for what you have missed; or an exercise
    pub quiz: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
}

/// `cargo lab watch`
#[derive(Args, Clone, Debug)]
pub struct WatchArgs {
    /// Begin with this one; without it the next that you haven't done
    pub exercise: Option<String>,
    /// Watch the files that this command line names, and grade it: any language
    #[arg(long, value_name = "COMMAND", requires = "exercise")]
    pub program: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
}

/// `cargo lab run rest/04`
#[derive(Args, Clone, Debug)]
pub struct PlayArgs {
    /// Which, as rest/04
    pub exercise: String,
    /// What your program is given
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<String>,
}

/// `cargo lab start`
#[derive(Args, Clone, Debug)]
pub struct StartArgs {
    /// Which, as rest/04; without it the next that you haven't done
    pub exercise: Option<String>,
    /// In Python
    #[arg(long)]
    pub python: bool,
    /// The folder to write it in
    #[arg(long, value_name = "FOLDER", default_value = "mine")]
    pub to: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArgs,
}

/// `cargo lab update`
#[derive(Args, Clone, Debug)]
pub struct UpdateArgs {
    /// All of the difference, of this one
    pub exercise: Option<String>,
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
