//! The folders: where cargo builds, and where the orders are.

use std::path::{Path, PathBuf};

use lab_console::DatabaseArgs;
use nix::sys::statvfs::statvfs;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::ask::PATIENCE;
use super::finding::Finding;

const GB: u64 = 1_000_000_000;
/// Below this a build fails. Measured: `cargo build` from nothing leaves 1.4 GB.
const LEAST: u64 = 2 * GB;
/// Measured: `cargo test --workspace` leaves 4.5 GB.
const ENOUGH: u64 = 5 * GB;
/// For orders that can't be where they should.
const ELSEWHERE: &str = "export LAB_DATABASE=/tmp/orders.db";

/// librdkafka is built in the target folder, by a configure that takes a space for an end.
pub(super) fn path() -> Finding {
    let target = target();
    let text = target.display().to_string();
    if text.contains(char::is_whitespace) {
        let found = format!("there is a space in {text}, and librdkafka can't be built there");
        return Finding::fail("path", found, "export CARGO_TARGET_DIR=/tmp/lab-target");
    }
    Finding::ok("path", format!("no space in {text}"))
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
    let found = format!("{}.{} GB free for {}", free / GB, free % GB / (GB / 10), target.display());
    match free {
        0..LEAST => Finding::fail("disk", format!("{found}; a build takes 1.4"), "cargo clean"),
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

/// Where cargo builds: as it was told, or where this program is.
fn target() -> PathBuf {
    let told = std::env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let here = || Some(std::env::current_exe().ok()?.parent()?.parent()?.to_owned());
    let target = told.or_else(here).unwrap_or_else(|| PathBuf::from("target"));
    std::path::absolute(&target).unwrap_or(target)
}
