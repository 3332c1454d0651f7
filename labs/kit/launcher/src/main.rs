//! `cargo lab`: looks for what the first build takes, says what is missing, and else
//! becomes `cargo run --package lab`, so that signals, exit code, stdin and all are the
//! program's own.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// As all programs here say it: what is needed is not there.
const MISSING: u8 = 3;

fn main() -> ExitCode {
    let lacks = lab_launcher::lacks(is_built());
    if lacks.is_empty() {
        return fail(&[become_lab()]);
    }
    fail(&lacks)
}

/// Whether the program has been built before, and so all that is in C.
fn is_built() -> bool {
    std::env::current_exe().is_ok_and(|this| this.with_file_name("lab").exists())
}

/// Returns why it could not.
fn become_lab() -> String {
    // The cargo that runs this, without a detour by rustup. It shows what it builds: that takes minutes.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    let error = command.args(["run", "--package", "lab", "--"]).args(std::env::args_os().skip(1)).exec();
    format!("can't run {}: {error}", cargo.display())
}

/// A sentence each. Where stderr is closed nobody wants to know.
fn fail(sentences: &[impl ToString]) -> ExitCode {
    for sentence in sentences {
        let _ = writeln!(io::stderr(), "error: {}", sentence.to_string());
    }
    ExitCode::from(MISSING)
}
