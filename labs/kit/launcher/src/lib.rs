//! What building takes, besides Rust: compilers of C and C++, make, bash, a path
//! without a space, room on the disk.
//!
//! librdkafka is C, and where one of these is missing its build ends in pages of
//! errors. So `cargo lab` is this package's program: it depends on nothing, is built in
//! a second, looks, and becomes `cargo run --package lab` ([`lacks`] and `main.rs`).
//! `cargo lab doctor` looks at more and more closely, and has its words from here.

mod folders;
mod install;
mod tools;

use std::fmt;

pub use folders::{free_for, no_room, space_in, target};
pub use install::{Package, install};
pub use tools::{TOOLS, Tool, find};

/// What is not as it must be, and one command that makes it so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The start of a sentence.
    pub found: String,
    /// A line to type.
    pub mend: String,
}

/// One line, whatever its parts have in them.
impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format!("{} -> {}", self.found, self.mend);
        line.chars()
            .try_for_each(|c| if c.is_control() { write!(f, "{}", c.escape_default()) } else { write!(f, "{c}") })
    }
}

/// What would end the build. Once all `is_built`, cargo needs nearly none of it again.
#[must_use]
pub fn lacks(is_built: bool) -> Vec<Lack> {
    let needed = TOOLS.iter().filter(|tool| !is_built || tool.is_asked_again());
    let mut lacks: Vec<Lack> = needed.filter_map(|tool| Some(tool.lack(&tool.trouble()?))).collect();
    if !is_built {
        let target = target();
        lacks.extend(space_in(&target));
        lacks.extend(folders::too_small(&target));
    }
    lacks
}
