//! Compressed batches.

use std::borrow::Cow;

/// A batch's records; or that they can't be shown.
pub(super) fn open(kind: i16, records: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    let name = match kind {
        0 => return Ok(Cow::Borrowed(records)),
        1 => "gzip",
        2 => "snappy",
        3 => "lz4",
        4 => "zstd",
        _ => "an unknown way",
    };
    Err(format!("records compressed with {name}"))
}
