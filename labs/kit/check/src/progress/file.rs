//! Where progress is kept: one file, which is replaced as a whole.
//!
//! Whoever changes it holds a lock from the reading to the writing, so that of two
//! programs neither loses what the other has noted. A reader needs no lock: a rename
//! leaves the old file or the new one, never half of either.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lab_console::reason;

use super::Progress;
use crate::repository;

/// Tests, and people who share a repository, have one of their own.
const VARIABLE: &str = "LAB_PROGRESS";
/// For a lock that others hold for milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// A learner's progress on disk.
#[derive(Clone, Debug)]
pub(crate) struct ProgressFile(PathBuf);

enum Broken {
    /// It holds no progress.
    Content(String),
    /// It can't be read; perhaps all is well with it.
    Access(io::Error),
}

impl ProgressFile {
    /// As `LAB_PROGRESS` says; else in the repository, where git doesn't see it.
    pub(crate) fn ours() -> Self {
        let told = std::env::var_os(VARIABLE).filter(|path| !path.is_empty());
        Self(told.map_or_else(|| repository::root().join(".lab/progress.json"), PathBuf::from))
    }

    /// A file that lies beside it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.0.with_file_name(name)
    }

    /// What is known. A broken file is set aside, and told.
    pub(crate) fn read(&self) -> Progress {
        match self.load() {
            Ok(progress) => progress,
            // Under the lock, for somebody else may just be doing the same.
            Err(Broken::Content(_)) => self.change(|progress| progress.clone()),
            Err(Broken::Access(error)) => {
                note(&format!("your progress can't be read: {} ({})", self.0.display(), reason(&error)));
                Progress::default()
            }
        }
    }

    /// Changes it. Where it can't be kept, that is told, and no command fails for it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        let lock = self.lock();
        let (mut progress, mut kept) = match self.load() {
            Ok(progress) => (progress, Ok(())),
            Err(Broken::Content(why)) => (Progress::default(), self.set_aside(&why)),
            Err(Broken::Access(error)) => (Progress::default(), Err(error)),
        };
        let changed = change(&mut progress);
        if kept.is_ok() {
            kept = lock.and_then(|_lock| self.store(&progress));
        }
        if let Err(error) = kept {
            note(&format!("your progress can't be kept: {} ({})", self.0.display(), reason(&error)));
        }
        changed
    }

    fn load(&self) -> Result<Progress, Broken> {
        match fs::read(&self.0) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| Broken::Content(error.to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Progress::default()),
            Err(error) => Err(Broken::Access(error)),
        }
    }

    fn store(&self, progress: &Progress) -> io::Result<()> {
        let json = serde_json::to_vec_pretty(progress).map_err(io::Error::other)?;
        replace(&self.0, &json)
    }

    /// Under the lock: nothing is overwritten, and nobody else makes a file meanwhile.
    fn set_aside(&self, why: &str) -> io::Result<()> {
        let mut numbers = 1..=u32::MAX;
        let free = |number: u32| Some(with_end(&self.0, &format!(".broken-{number}"))).filter(|path| !path.exists());
        let aside = numbers.find_map(free).ok_or(io::ErrorKind::AlreadyExists)?;
        fs::rename(&self.0, &aside)?;
        note(&format!(
            "your progress could not be understood ({why}), so it is now in {}, and a new one begins",
            aside.display()
        ));
        Ok(())
    }

    /// Held until it is dropped.
    fn lock(&self) -> io::Result<File> {
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder)?;
        }
        let lock = File::options().create(true).append(true).open(with_end(&self.0, ".lock"))?;
        let begin = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) if begin.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => return Err(io::Error::other("another program holds it")),
                // Some network file systems have no locks. One learner rarely needs them.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(lock),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

/// Puts a whole file where an old one may be. After a power cut it is one of the two.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(content)?;
    new.as_file().sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// `progress.json` and an end of its own.
fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// On stderr, where it is in nobody's way. `eprintln!` would panic when that is closed.
fn note(what: &str) {
    let _ = writeln!(io::stderr(), "note: {}", lab_console::printable(what));
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::catalogue::EXERCISES;

    fn file() -> (tempfile::TempDir, ProgressFile) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = ProgressFile(folder.path().join("deep/progress.json"));
        (folder, file)
    }

    #[test]
    fn what_is_noted_is_read_again_and_what_is_unknown_is_kept() {
        let (_folder, file) = file();
        fs::create_dir_all(file.0.parent().expect("a folder")).expect("made");
        fs::write(&file.0, r#"{"version":1,"of_tomorrow":[1],"exercises":{"rest/01":{"stars":3}}}"#).expect("written");
        file.change(|progress| progress.attempt(EXERCISES[0], None));
        assert!(file.read().is_done(EXERCISES[0]));
        let text = fs::read_to_string(&file.0).expect("readable");
        assert!(text.contains("of_tomorrow") && text.contains("stars"), "{text}");
    }

    #[test]
    fn each_broken_file_is_kept_beside_the_new_one() {
        let (_folder, file) = file();
        for (number, broken) in ["{", ""].into_iter().enumerate() {
            file.change(|progress| progress.attempt(EXERCISES[0], None));
            fs::write(&file.0, broken).expect("written");
            assert!(!file.read().is_done(EXERCISES[0]));
            let aside = with_end(&file.0, &format!(".broken-{}", number + 1));
            assert_eq!(fs::read_to_string(aside).expect("it is there"), broken);
        }
    }

    #[test]
    fn of_many_writers_at_once_nobody_loses_anything() {
        let (_folder, file) = file();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..10).for_each(|_| file.change(|progress| progress.attempt(EXERCISES[0], Some("x")))));
            }
        });
        assert_eq!(file.read().work(EXERCISES[0]).tries, 80);
    }
}
