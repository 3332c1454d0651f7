//! A folder of fake tools, and nothing else in PATH.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const TOOLS: [&str; 5] = ["cc", "c++", "make", "bash", "cargo"];
const LAUNCHER: &str = env!("CARGO_BIN_EXE_lab-launcher");
/// As the lab's own tests do it, and with their needs: see `labs/kit/lab/tests/it/mounts.rs`.
const MOUNT: &str = r#"mount -t tmpfs -o size=$1 tmpfs "$2" || exit 9
    mkdir "$2/debug" && cp "$0" "$2/debug/lab-launcher" && PATH=$3 exec "$2/debug/lab-launcher""#;

/// Where a launcher has just been built.
pub(crate) struct World {
    folder: TempDir,
    target: PathBuf,
    /// Of a disk that only the target folder is on.
    disk: &'static str,
    variables: Vec<(String, String)>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::at("target", "")
    }

    pub(crate) fn at(target: &str, disk: &'static str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let target = folder.path().join(target);
        std::fs::create_dir_all(target.join("debug")).expect("a folder");
        std::fs::create_dir(folder.path().join("bin")).expect("a folder");
        let world = Self { folder, target, disk, variables: Vec::new() };
        for tool in TOOLS {
            world.fake(tool, "exit 0");
        }
        world.fake("apt-get", "exit 9");
        // `df`, for the disk, is the system's own.
        world.fake("df", &format!(r#"exec {} "$@""#, real("df")));
        run(Command::new("cp").arg(LAUNCHER).arg(world.launcher()));
        world
    }

    /// Puts a script in place of a tool.
    pub(crate) fn fake(&self, name: &str, script: &str) {
        fake(&self.bin(), name, script);
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.bin().join(name)).expect("it is there");
    }

    pub(crate) fn set(&mut self, variable: &str, value: &str) {
        self.variables.push((variable.to_owned(), value.to_owned()));
    }

    /// As if `cargo lab` had worked before.
    pub(crate) fn is_built(&self) {
        std::fs::write(self.launcher().with_file_name("lab"), "").expect("a file");
    }

    /// The exit code, stdout and stderr of it.
    pub(crate) fn run(&self) -> (i32, String, String) {
        let output = self.command().output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code().expect("no signal"), text(output.stdout), text(output.stderr))
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = if self.disk.is_empty() {
            let mut command = Command::new(self.launcher());
            command.env("PATH", self.bin());
            command
        } else {
            let mut command = Command::new("unshare");
            command.args(["-rm", "sh", "-c", MOUNT, LAUNCHER, self.disk]).arg(&self.target).arg(self.bin());
            command
        };
        command.stdin(Stdio::null()).env("CARGO", self.bin().join("cargo"));
        for variable in ["CC", "CXX", "CARGO_TARGET_DIR"] {
            command.env_remove(variable);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    fn launcher(&self) -> PathBuf {
        self.target.join("debug/lab-launcher")
    }
}

/// `cargo lab`, in a copy of the workspace at `place`, with no tools in PATH but those that
/// Rust itself takes, and fakes of the others that are not `missing`.
pub(crate) fn cargo_lab(place: &str, subfolder: &str, missing: &[&str]) -> (TempDir, Output) {
    let folder = TempDir::new().expect("a temporary folder");
    let (copy, bin) = (folder.path().join(place), folder.path().join("bin"));
    std::fs::create_dir(&copy).expect("a folder");
    std::fs::create_dir(&bin).expect("a folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let parts = [".cargo", "Cargo.toml", "Cargo.lock", "labs", "proto"].map(|part| root.join(part));
    run(Command::new("cp").arg("-R").args(parts).arg(&copy));
    let path = std::env::var("PATH").expect("UTF-8");
    for tool in ["cc", "rustc", "df"] {
        fake(&bin, tool, &format!(r#"PATH='{path}' exec {} "$@""#, real(tool)));
    }
    for tool in ["c++", "make", "bash"].iter().filter(|tool| !missing.contains(tool)) {
        fake(&bin, tool, "exit 0");
    }
    let mut command = Command::new(env!("CARGO"));
    command.args(["lab", "doctor"]).current_dir(copy.join(subfolder)).env("PATH", &bin).stdin(Stdio::null());
    for variable in ["CC", "CXX", "CARGO_TARGET_DIR"] {
        command.env_remove(variable);
    }
    let output = command.output().expect("cargo starts");
    (folder, output)
}

/// A shell writes it: would this process, then a child that another thread starts meanwhile
/// could hold the file open, and it could not be run.
fn fake(bin: &Path, name: &str, script: &str) {
    let file = bin.join(name);
    let write = r##"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod +x "$0""##;
    run(Command::new("sh").args(["-c", write]).arg(file).arg(script));
}

fn real(tool: &str) -> String {
    let output = Command::new("sh").args(["-c", r#"command -v "$0""#, tool]).output().expect("sh starts");
    String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
}

fn run(command: &mut Command) {
    assert!(command.status().expect("it starts").success(), "{command:?}");
}
