//! The verbs' command line, tables, JSON lines and exit codes: what a person or
//! a script sees of the labs, the same over every transport.
//!
//! Read in this order: [`parse`]; [`Verb`], what can be asked for; the options
//! ([`OutputArgs`], [`TimeoutArgs`], [`DatabaseArgs`]); [`Output`], what is
//! printed; [`Failure`], what is said when it went wrong, and its exit code.
//! [`bind`] is for servers, [`Lines`] for `import`.
//!
//! Two rules hold throughout. Data goes to stdout and all else to stderr. And
//! nothing that came from a server reaches a terminal as it came: it passes
//! [`printable`], or JSON's own escapes.

mod failure;
mod lines;
mod listen;
mod options;
mod output;
mod parse;
mod table;
mod text;
mod usage;
mod verbs;

pub use failure::{Exit, Failure, exit_code};
pub use lines::{Line, Lines};
pub use listen::{bind, check_loopback, host_port};
pub use options::{DatabaseArgs, OutputArgs, TimeoutArgs, parse_count, parse_seconds};
pub use output::{Output, print};
pub use parse::{parse, parse_rewritten, parse_words};
pub use text::{printable, reason, width_of, wrap_words};
pub use verbs::{CreateArgs, DeleteArgs, GetArgs, ImportArgs, ListArgs, UpdateArgs, Verb, WatchArgs, status};
