//! A server with mounts of its own, so that its disk can be small or read-only,
//! for root too. They are gone with it.
//!
//! `unshare -rm` needs no privileges, but a system can forbid it; Ubuntu does,
//! until `sysctl kernel.apparmor_restrict_unprivileged_userns=0`.

use std::path::Path;

const MOUNT_THEN_RUN: &str = r#"folder=$2
    eval "$1" || { echo "this test needs unshare -rm and mount to work; see tests/it/mounts.rs" >&2; exit 9; }
    shift 2; exec "$@""#;

/// The start of a command line: mounts by a script that knows the `$folder`, then becomes the rest.
pub(crate) fn with_mounts<'a>(script: &'a str, folder: &'a Path) -> [&'a str; 8] {
    ["unshare", "-rm", "sh", "-c", MOUNT_THEN_RUN, "sh", script, folder.to_str().expect("UTF-8")]
}
