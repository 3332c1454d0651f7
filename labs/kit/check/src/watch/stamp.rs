//! Which files are watched, and whether one of them was saved.
//!
//! They are looked at five times a second. An event from the system would come sooner, but
//! editors save in many ways (in place, by a rename, by way of a file beside it), network
//! folders tell nobody, and a look shows the same in all cases.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use lab_console::Failure;
use tokio::time::sleep;

use crate::exercise::Exercise;
use crate::repository;

const LOOK: Duration = Duration::from_millis(200);

/// What a save changes. `None`: the file isn't there.
pub(super) type Stamp = Vec<Option<(SystemTime, u64, u64)>>;

/// Files that belong to one program.
pub(super) struct Files(Vec<PathBuf>);

impl Files {
    /// The learner's file; of a command line the files that it names.
    pub(super) fn of(exercise: &Exercise, program: Option<&str>) -> Result<Self, Failure> {
        let Some(line) = program else {
            return Ok(Self(vec![repository::root().join(repository::starter(exercise))]));
        };
        let words = line.split_whitespace().map(|word| PathBuf::from(word.trim_matches(['"', '\''])));
        let files: Vec<PathBuf> = words.filter(|word| word.is_file()).collect();
        if files.is_empty() {
            let what = format!("`{line}` names no file that is there, so there is nothing to watch");
            return Err(Failure::usage(what));
        }
        Ok(Self(files))
    }

    /// As one reads it.
    pub(super) fn names(&self) -> String {
        let root = repository::root();
        let name = |path: &PathBuf| path.strip_prefix(&root).unwrap_or(path).display().to_string();
        self.0.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn stamp(&self) -> Stamp {
        let stamp = |path: &PathBuf| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
        };
        self.0.iter().map(stamp).collect()
    }

    /// Returns when they are other than they were, all there, and no longer being written.
    pub(super) async fn saved_since(&self, before: &Stamp) {
        let mut last = before.clone();
        loop {
            sleep(LOOK).await;
            let now = self.stamp();
            if now != *before && now == last && now.iter().all(Option::is_some) {
                return;
            }
            last = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    async fn is_seen(files: &Files, before: &Stamp) -> bool {
        timeout(Duration::from_secs(2), files.saved_since(before)).await.is_ok()
    }

    #[tokio::test]
    async fn a_save_is_seen_however_it_is_done_and_a_file_that_is_gone_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("app.py"), folder.path().join("app.py~"));
        fs::write(&path, "one").expect("written");
        let files = Files(vec![path.clone()]);
        let before = files.stamp();
        assert!(!is_seen(&files, &before).await);
        fs::write(&path, "two").expect("written");
        assert!(is_seen(&files, &before).await);
        let before = files.stamp();
        fs::rename(&path, &other).expect("renamed");
        assert!(!is_seen(&files, &before).await);
        fs::write(&path, "two").expect("written");
        assert!(is_seen(&files, &before).await);
    }
}
