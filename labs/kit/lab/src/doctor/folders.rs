//! The folders: where cargo builds, and where the orders are.

use std::path::{Path, PathBuf};

use lab_console::DatabaseArgs;
use lab_launcher::{free_for, no_room, space_in, target};
use nix::sys::statvfs::statvfs;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::ask::PATIENCE;
use super::finding::Finding;

const GB: u64 = 1_000_000_000;
/// A build from nothing takes less, and something may be left.
const LEAST: u64 = 2 * GB;
/// Measured: `cargo test --workspace` leaves 4.5 GB.
const ENOUGH: u64 = 5 * GB;
/// For orders that can't be where they should.
const ELSEWHERE: &str = "export LAB_DATABASE=/tmp/orders.db";

/// As the launcher sees it, which is before all else is built.
pub(super) fn path() -> Finding {
    let target = target();
    match space_in(&target) {
        Some(lack) => Finding::lack("path", lack),
        None => Finding::ok("path", format!("no space in {}", target.display())),
    }
}

/// Room to build.
pub(super) fn disk() -> Finding {
    let target = target();
    let place = target.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let Ok(disk) = statvfs(place) else {
        return Finding::warn(
            "disk",
            format!("the system doesn't say how much is free in {}", place.display()),
            "df -h .",
        );
    };
    // Their types differ from system to system.
    #[allow(clippy::unnecessary_cast)]
    let free = (disk.blocks_available() as u64).saturating_mul(disk.fragment_size() as u64);
    let found = free_for(&target, free);
    match free {
        0..LEAST => Finding::lack("disk", no_room(found)),
        LEAST..ENOUGH => Finding::warn("disk", format!("{found}; all tests take 4.5"), "cargo clean"),
        _ => Finding::ok("disk", found),
    }
}

/// What is there is looked at and stays as it is, and nothing is made that isn't there.
pub(super) async fn database() -> Finding {
    // A disk far away, or a pipe that nobody writes into, may take for ever.
    match timeout(PATIENCE, spawn_blocking(look)).await {
        Ok(Ok(finding)) => finding,
        _ => Finding::fail("database", format!("the disk does not answer within {} s", PATIENCE.as_secs()), ELSEWHERE),
    }
}

fn look() -> Finding {
    let args = DatabaseArgs::default();
    let file = args.file().unwrap_or_default();
    let (name, is_there) = (file.display(), file.exists());
    if is_there && let Err(failure) = args.look() {
        return Finding::fail("database", failure.message, ELSEWHERE);
    }
    match (can_be_made(&file), is_there) {
        (Ok(()), true) => Finding::ok("database", format!("{name} can be used")),
        (Ok(()), false) => Finding::ok("database", format!("{name} is not there yet, and can be made")),
        // A server makes its log beside it.
        (Err(error), true) => Finding::fail("database", format!("no log can be made for {name}: {error}"), ELSEWHERE),
        (Err(error), false) => Finding::fail("database", format!("{name} can't be made: {error}"), ELSEWHERE),
    }
}

/// The folder is made with it, but not the folders above.
fn can_be_made(file: &Path) -> std::io::Result<()> {
    let above = |path: &Path| match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let folder = above(file);
    let folder = if folder.exists() { folder } else { above(&folder) };
    // A file without a name, gone at once. Permissions alone don't tell: the disk may be read-only, or full.
    tempfile::tempfile_in(folder).map(drop)
}
