//! The command line of every program, ready to be started.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// `lab run PROGRAM ARGS…`, in a folder where it may leave files, and without
/// the settings of whoever runs the tests.
pub(crate) fn lab(folder: &Path, program: &str, args: &[&str]) -> Command {
    lab_under(&[], folder, program, args)
}

/// `STARTER… lab run PROGRAM ARGS…`
pub(crate) fn lab_under(starter: &[&str], folder: &Path, program: &str, args: &[&str]) -> Command {
    words_under(starter, folder, &[&["run", program], args].concat())
}

/// `lab WORDS…`, as [`lab`].
pub(crate) fn lab_words(folder: &Path, words: &[&str]) -> Command {
    words_under(&[], folder, words)
}

/// `STARTER… lab WORDS…`
pub(crate) fn words_under(starter: &[&str], folder: &Path, words: &[&str]) -> Command {
    let line = [starter, &[env!("CARGO_BIN_EXE_lab")], words].concat();
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    for name in
        ["LAB_REST_ADDR", "LAB_GRPC_ADDR", "LAB_DATABASE", "KAFKA_BROKERS", "RUST_LOG", "COLUMNS", "LAB_REPOSITORY"]
    {
        command.env_remove(name);
    }
    // What the tests do is nobody's progress.
    command.env("LAB_PROGRESS", folder.join(".lab/progress.json"));
    command
}
