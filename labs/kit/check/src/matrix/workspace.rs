//! A copy of the workspace in which the wrong programs are built.
//!
//! What is built for the learner serves there too: cargo tells packages apart by their
//! path in the workspace. And all wrong programs of an exercise are one, each a module
//! with its own `main`, chosen by the name that the program is called by: they share what
//! takes the time, the code that axum and hyper make for each program, and the linking.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use lab_console::Failure;
use tempfile::TempDir;

use crate::exercise::{Exercise, Wrong};
use crate::repository;

/// The copy. It is removed in the end.
pub(super) struct Workspace {
    folder: TempDir,
    /// Of a file that is graded as it is.
    file_name: String,
}

impl Workspace {
    /// With the wrong programs of an exercise.
    pub(super) fn new(exercise: &Exercise, wrong: &[&Wrong]) -> Result<Self, Failure> {
        let (folder, file_name) = (tempfile::tempdir().map_err(broken)?, exercise.file_name());
        let workspace = Self { folder, file_name };
        let solution = repository::root().join(repository::solution(exercise));
        let solution = std::fs::read_to_string(solution).map_err(broken)?;
        match exercise.role.runs() {
            true => workspace.copy(exercise, wrong, &solution)?,
            false => workspace.write(exercise, wrong, &solution)?,
        }
        Ok(workspace)
    }

    /// What is read is written, each into a folder of its own.
    fn write(&self, exercise: &Exercise, wrong: &[&Wrong], solution: &str) -> Result<(), Failure> {
        for (number, wrong) in wrong.iter().enumerate() {
            let file = self.file(number);
            std::fs::create_dir(file.parent().expect("it is in a folder")).map_err(broken)?;
            std::fs::write(file, changed(solution, wrong, exercise)?).map_err(broken)?;
        }
        Ok(())
    }

    /// Copies, and adds the wrong programs as the `[[example]]` whose name ends in `_wrong`.
    fn copy(&self, exercise: &Exercise, wrong: &[&Wrong], solution: &str) -> Result<(), Failure> {
        let (copy, root) = (self.folder.path(), repository::root());
        for part in ["Cargo.toml", "Cargo.lock", "labs", "proto"] {
            // With the times of the files, by which cargo knows what it has built.
            let copied = std::process::Command::new("cp").arg("-Rp").arg(root.join(part)).arg(copy).status();
            copied.map_err(broken)?;
        }
        let lab = copy.join("labs").join(exercise.lab());
        let folder = lab.join("wrong");
        std::fs::create_dir(&folder).map_err(broken)?;
        let (mut modules, mut arms) = (String::new(), String::new());
        for (number, wrong) in wrong.iter().enumerate().filter(|(_, wrong)| wrong.program.is_none()) {
            let changed = changed(solution, wrong, exercise)?;
            let changed =
                changed.replace("\nasync fn main(", "\npub async fn main(").replace("\nfn main(", "\npub fn main(");
            std::fs::write(folder.join(format!("wrong_{number}.rs")), changed).map_err(broken)?;
            let _ = writeln!(modules, "mod wrong_{number};");
            let _ = writeln!(arms, "        Some(\"{number}\") => wrong_{number}::main().report(),");
        }
        std::fs::write(folder.join("main.rs"), main(&modules, &arms)).map_err(broken)?;
        let manifest = lab.join("Cargo.toml");
        let mut text = std::fs::read_to_string(&manifest).map_err(broken)?;
        let name = format!("{}_wrong", exercise.example());
        let _ = write!(
            text,
            "\n[[example]]\nname = \"{name}\"\npath = \"wrong/main.rs\"\nrequired-features = [\"exercises\"]\n"
        );
        std::fs::write(manifest, text).map_err(broken)
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The wrong one with this number, where it is read as it is.
    pub(super) fn file(&self, number: usize) -> PathBuf {
        self.folder.path().join(number.to_string()).join(&self.file_name)
    }

    /// The name by which `program` is the wrong program with this number.
    pub(super) fn called(&self, program: &Path, number: usize) -> Result<PathBuf, Failure> {
        let name = self.folder.path().join(number.to_string());
        std::os::unix::fs::symlink(program, &name).map_err(broken)?;
        Ok(name)
    }
}

fn main(modules: &str, arms: &str) -> String {
    format!(
        "#![allow(warnings)]\n{modules}\nuse std::process::{{ExitCode, Termination}};\n\n\
         fn main() -> ExitCode {{\n    let called = std::env::args_os().next().expect(\"a name\");\n    \
         match std::path::Path::new(&called).file_name().and_then(|name| name.to_str()) {{\n{arms}        \
         other => panic!(\"there is no wrong program {{other:?}}\"),\n    }}\n}}\n"
    )
}

fn broken(error: io::Error) -> Failure {
    Failure::missing(format!("can't copy the workspace: {}", lab_console::reason(&error)))
}

/// The solution with the mistake.
fn changed(solution: &str, wrong: &Wrong, exercise: &Exercise) -> Result<String, Failure> {
    let mut changed = solution.to_owned();
    for replacement in &wrong.replace {
        if changed.matches(&replacement.find).count() != 1 {
            let what = format!("{} `{}`: {:?} is not there once", exercise.id, wrong.name, replacement.find);
            return Err(Failure::refused("matrix", what));
        }
        changed = changed.replace(&replacement.find, &replacement.with);
    }
    Ok(changed)
}
