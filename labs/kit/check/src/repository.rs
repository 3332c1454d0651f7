//! Where the exercises' files are.

use std::path::PathBuf;

use crate::exercise::Exercise;

/// Another copy of it, for tests, and for a binary that was moved.
const VARIABLE: &str = "LAB_REPOSITORY";

/// The repository's root. The checker is built in it, and works on it.
pub(crate) fn root() -> PathBuf {
    if let Some(told) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return told.into();
    }
    let crates = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");
    PathBuf::from(crates).canonicalize().unwrap_or_else(|_| crates.into())
}

/// The learner's file, from the root.
pub(crate) fn starter(exercise: &Exercise) -> PathBuf {
    format!("labs/{}/exercises/{}", exercise.lab(), exercise.file_name()).into()
}

/// Ours, from the root.
pub(crate) fn solution(exercise: &Exercise) -> PathBuf {
    format!("labs/{}/solutions/{}", exercise.lab(), exercise.file_name()).into()
}

/// Ours in Python, from the root, where there is one.
pub(crate) fn solution_in_python(exercise: &Exercise) -> Option<PathBuf> {
    let folder = PathBuf::from(format!("labs/{}/solutions/python", exercise.lab()));
    let path = folder.join(exercise.file_name()).with_extension("py");
    root().join(&path).is_file().then_some(path)
}
