//! The folder in which cargo builds.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Lack;

const GB: u64 = 1_000_000_000;
/// Measured: `cargo build` from nothing leaves 1.62 GB.
const BUILD: u64 = 1_700_000_000;

/// Where cargo builds: as it was told, or where this program is.
#[must_use]
pub fn target() -> PathBuf {
    let told = std::env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let here = || Some(std::env::current_exe().ok()?.parent()?.parent()?.to_owned());
    let target = told.or_else(here).unwrap_or_else(|| PathBuf::from("target"));
    std::path::absolute(&target).unwrap_or(target)
}

/// librdkafka is built in the target folder, by a configure that takes a space for an end.
#[must_use]
pub fn space_in(target: &Path) -> Option<Lack> {
    let text = target.display().to_string();
    text.contains(char::is_whitespace).then(|| Lack {
        found: format!("there is a space in {text}, and librdkafka can't be built there"),
        mend: "export CARGO_TARGET_DIR=/tmp/lab-target".to_owned(),
    })
}

/// How many bytes are free there, as the start of a sentence.
#[must_use]
pub fn free_for(target: &Path, free: u64) -> String {
    format!("{}.{} GB free for {}", free / GB, free % GB / (GB / 10), target.display())
}

/// For a disk that is too small; `found` says how small.
#[must_use]
pub fn no_room(found: String) -> Lack {
    Lack { found: found + "; a build takes 1.7", mend: "cargo clean".to_owned() }
}

/// Only where a build from nothing can't end well, and where `df` says how it is.
pub(crate) fn too_small(target: &Path) -> Option<Lack> {
    let place = target.ancestors().find(|folder| folder.exists())?;
    let asked = Command::new("df").arg("-Pk").arg(place).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let free = free(&String::from_utf8_lossy(&asked.stdout))?;
    (free < BUILD).then(|| no_room(free_for(target, free)))
}

/// Bytes, of `df -Pk` (POSIX): the last line's word before the one that ends in `%`.
fn free(said: &str) -> Option<u64> {
    let words: Vec<&str> = said.lines().last()?.split_whitespace().collect();
    let percent = words.iter().position(|word| word.ends_with('%'))?;
    words.get(percent.checked_sub(1)?)?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_read_whatever_disk_and_place_are_called() {
        let head = "Filesystem 1024-blocks Used Available Capacity Mounted on\n";
        for (line, bytes) in [
            ("/dev/vda 263940717 60000000 31000000 67% /", Some(31_744_000_000)),
            ("map auto home 0 0 0 100% /System/Volumes/my data", Some(0)),
            ("none - - - - /proc", None),
            ("", None),
        ] {
            assert_eq!(free(&format!("{head}{line}\n")), bytes, "{line}");
        }
        assert_eq!(free(""), None);
    }
}
