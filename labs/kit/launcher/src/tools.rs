//! The programs that building takes.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Lack;
use crate::install::{Package, install};

/// A program that building takes.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// What the doctor calls it.
    pub check: &'static str,
    /// The first that is there will do.
    names: &'static [&'static str],
    /// What names another in its place.
    variable: Option<&'static str>,
    package: Package,
}

/// All of them. librdkafka's configure is a script of bash, and asks for both compilers.
pub const TOOLS: [Tool; 4] = [
    Tool { check: "c", names: &["cc"], variable: Some("CC"), package: Package::Compilers },
    Tool { check: "c++", names: &["c++", "g++", "clang++"], variable: Some("CXX"), package: Package::Compilers },
    Tool { check: "make", names: &["make"], variable: None, package: Package::Compilers },
    Tool { check: "bash", names: &["bash"], variable: None, package: Package::Bash },
];

impl Tool {
    fn named(&self) -> Option<String> {
        std::env::var(self.variable?).ok().filter(|named| !named.trim().is_empty())
    }

    /// Whether cargo asks for it also when all is built: a variable may name another C
    /// compiler than before, and then what is in C is built anew.
    #[must_use]
    pub fn is_asked_again(&self) -> bool {
        self.variable == Some("CC") && self.named().is_some()
    }

    /// Its command line, which may be two words, such as `ccache cc`.
    #[must_use]
    pub fn line(&self) -> String {
        let there = || self.names.iter().find(|name| find(name).is_some()).unwrap_or(&self.names[0]);
        self.named().unwrap_or_else(|| (*there()).to_owned())
    }

    /// `trouble` is the end of a sentence about it.
    #[must_use]
    pub fn lack(&self, trouble: &str) -> Lack {
        let (whose, mend) = match self.variable.filter(|_| self.named().is_some()) {
            Some(variable) => (format!("{} (by {variable})", self.line()), format!("unset {variable}")),
            None => (self.line(), install(self.package)),
        };
        Lack { found: format!("{whose} {trouble}, and librdkafka needs it"), mend }
    }

    /// What is wrong with it, if anything is.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let line = self.line();
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next()?);
        match command.args(words).arg("--version").stdin(Stdio::null()).output() {
            Ok(answer) if answer.status.success() => None,
            Ok(answer) => {
                let said = String::from_utf8_lossy(&answer.stderr);
                let last = said.lines().rfind(|line| !line.trim().is_empty());
                Some(
                    last.map_or_else(
                        || "fails, and doesn't say why".to_owned(),
                        |why| format!("fails: {}", why.trim()),
                    ),
                )
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Some("is not there".to_owned()),
            Err(error) => Some(format!("fails: {error}")),
        }
    }
}

/// Where a program is, by PATH. For those whose answer is of no interest.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
