//! Options that several programs share.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lab_orders::{OpenError, Store};

use crate::Failure;

const DEFAULT_DATABASE: &str = ".lab/orders.db";
const DATABASE_VARIABLE: &str = "LAB_DATABASE";

/// In `--help` below what the verb itself takes.
const LAST: usize = 900;

const LONGEST_CONNECT: Duration = Duration::from_secs(5);

/// As good as for ever, and still small enough to be added to any clock.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How to print. Stands before or after the verb.
#[derive(Args, Clone, Copy, Debug)]
pub struct OutputArgs {
    /// Print JSON, one object a line; errors too, on stderr
    #[arg(long, global = true, display_order = LAST)]
    pub json: bool,
}

/// How long to wait. Stands before or after the verb.
#[derive(Args, Clone, Copy, Debug)]
pub struct TimeoutArgs {
    /// Give up after this many seconds; on a connection, after half of them or 5. It bounds the whole command; of
    /// an open watch, the wait for its first message only
    #[arg(long, global = true, value_name = "SECONDS", default_value = "10")]
    #[arg(value_parser = parse_seconds, allow_negative_numbers = true, display_order = LAST)]
    pub timeout: Duration,
}

impl TimeoutArgs {
    /// How long to wait for a connection: half of the time, and 5 s at most. So it is known
    /// by then whether anything was sent.
    pub fn to_connect(&self) -> Duration {
        (self.timeout / 2).min(LONGEST_CONNECT)
    }
}

/// A clap value parser: how many, from 1 on. clap's own would say "invalid digit found in string".
pub fn parse_count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|&count| count > 0).ok_or_else(|| "must be a whole number from 1 on".to_owned())
}

/// A clap value parser: the version of an order.
pub(crate) fn parse_version(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "must be a whole number, the version that `get` shows".to_owned())
}

/// A clap value parser: the size of a page, for the server to judge.
pub(crate) fn parse_page_size(text: &str) -> Result<i32, String> {
    text.parse().map_err(|_| "must be a whole number".to_owned())
}

/// A clap value parser: a time above zero, such as `2.5`.
pub fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let in_range = seconds.filter(|seconds| !seconds.is_zero() && *seconds <= LONGEST_TIMEOUT);
    in_range.ok_or_else(|| format!("must be a number of seconds above 0, and {} at most", LONGEST_TIMEOUT.as_secs()))
}

/// Where a server keeps its orders.
///
/// clap would count `LAB_DATABASE` as an option that was given, and so refuse
/// `--in-memory` wherever the variable is set. It is read here instead: an
/// option outranks the variable, and the variable the default.
#[derive(Args, Clone, Debug, Default)]
pub struct DatabaseArgs {
    /// Keep the orders in this file; it is made if there is none [env: LAB_DATABASE] [default: .lab/orders.db]
    #[arg(long, value_name = "PATH", conflicts_with = "in_memory")]
    pub database: Option<PathBuf>,
    /// Keep the orders in memory: they are gone when the program ends
    #[arg(long)]
    pub in_memory: bool,
}

impl DatabaseArgs {
    /// Opens the store. Blocks, for 5 s at most if another program holds the
    /// file. A failure is exit code 3.
    pub fn open(&self) -> Result<Store, Failure> {
        let opened = if self.in_memory { Store::in_memory() } else { Store::open(&self.path()) };
        opened.map_err(unusable)
    }

    /// Whether the file that is there can be opened; it stays as it is. Blocks for as long as the disk does.
    pub fn look(&self) -> Result<(), Failure> {
        if self.in_memory { Ok(()) } else { Store::look(&self.path()).map_err(unusable) }
    }

    /// The same on a thread that may block; `None` when `stop` comes first, and nobody wants it any more.
    pub async fn open_unless(&self, stop: impl Future<Output = ()>) -> Result<Option<Store>, Failure> {
        let args = self.clone();
        let opening = tokio::task::spawn_blocking(move || args.open());
        tokio::select! {
            opened = opening => opened.unwrap_or_else(|_| Err(Failure::missing("the database can't be opened"))).map(Some),
            () = stop => Ok(None),
        }
    }

    /// Where the orders are, for the line that a server starts with.
    pub fn describe(&self) -> String {
        if self.in_memory {
            "orders in memory: nothing is kept when this program ends".to_owned()
        } else {
            format!("orders in {}", self.path().display())
        }
    }

    /// The file, or `None` for orders in memory.
    pub fn file(&self) -> Option<PathBuf> {
        (!self.in_memory).then(|| self.path())
    }

    fn path(&self) -> PathBuf {
        self.path_with(std::env::var_os(DATABASE_VARIABLE))
    }

    fn path_with(&self, variable: Option<OsString>) -> PathBuf {
        let variable = variable.filter(|path| !path.is_empty()).map(PathBuf::from);
        self.database.clone().or(variable).unwrap_or_else(|| DEFAULT_DATABASE.into())
    }
}

fn unusable(error: OpenError) -> Failure {
    // What the system says may hold a colon already.
    let joint = if matches!(error, OpenError::Other(..)) { ";" } else { ":" };
    Failure::missing(format!("{error}{joint} {}", remedy(&error)))
}

/// What to do about it, as the end of a sentence.
fn remedy(error: &OpenError) -> &'static str {
    match error {
        OpenError::Locked(_) => "end that program, or name another file with --database",
        OpenError::Foreign(_) => "name another file with --database",
        OpenError::Newer(_) => "update this program, or name another file with --database",
        OpenError::Damaged(_) => "move it away to start anew, or name another file with --database",
        OpenError::ReadOnly(_) => {
            "make it writable, name another file with --database, or keep nothing with --in-memory"
        }
        OpenError::NoFolder(..) => "make it, or name another file with --database",
        OpenError::Full(_) => "make room, or name a file on another disk with --database",
        OpenError::Other(..) => "name another file with --database, or keep nothing with --in-memory",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;

    use super::*;
    use crate::Exit;

    #[derive(Debug, Parser)]
    struct Server {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        timeout: TimeoutArgs,
    }

    fn parse(args: &[&str]) -> Result<Server, clap::Error> {
        Server::try_parse_from([&["server"], args].concat())
    }

    fn at(path: &Path) -> DatabaseArgs {
        DatabaseArgs { database: Some(path.to_owned()), in_memory: false }
    }

    #[test]
    fn a_timeout_is_above_zero_and_no_longer_than_a_clock_can_count() {
        for wrong in ["0", "-1", "0.0", "1e-12", "1e30", "inf", "NaN", "ten", ""] {
            let error = parse(&["--timeout", wrong]).expect_err(wrong);
            assert!(error.to_string().contains("seconds above 0"), "{error}");
        }
        assert_eq!(parse(&["--timeout", "0.25"]).expect("a time").timeout.timeout, Duration::from_millis(250));
    }

    #[test]
    fn memory_and_a_file_at_once_are_wrong_usage() {
        let error = parse(&["--database", "x.db", "--in-memory"]).expect_err("both");
        assert_eq!(error.kind(), clap::error::ErrorKind::ArgumentConflict);
    }

    #[test]
    fn the_option_outranks_the_variable_and_the_variable_the_default() {
        let (given, none) = (at(Path::new("given.db")), DatabaseArgs::default());
        assert_eq!(given.path_with(Some("variable.db".into())), Path::new("given.db"));
        assert_eq!(none.path_with(Some("variable.db".into())), Path::new("variable.db"));
        assert_eq!(none.path_with(Some("".into())), Path::new(DEFAULT_DATABASE));
        assert_eq!(none.path_with(None), Path::new(DEFAULT_DATABASE));
    }

    #[test]
    fn memory_says_that_nothing_is_kept() {
        let memory = parse(&["--in-memory"]).expect("an option").database;
        assert!(memory.describe().contains("nothing is kept"));
        memory.open().expect("memory is there").close();
    }

    #[test]
    fn a_database_is_opened_where_the_option_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new/orders.db");
        at(&path).open().expect("a new database").close();
        assert!(path.exists());
    }

    #[test]
    fn a_database_that_cannot_be_used_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("letter.txt");
        std::fs::write(&path, "Dear Sir or Madam, this is not a database of any kind.".repeat(40)).expect("a file");
        let failure = at(&path).open().err().expect("not a database");
        assert_eq!(failure.exit, Exit::Missing);
        assert_eq!(
            failure.message,
            format!("{} is not a database of this lab: name another file with --database", path.display())
        );
    }
}
