//! How long a fetch waits for records.
//!
//! A broker answers as soon as there are some. The mock looks once, and once more when the time is
//! over that the client is ready to wait: half a second, or five with some libraries. So it is told
//! a shorter one, and asked more often.

use super::wire::Reader;

/// In milliseconds, as on the wire.
const LONGEST: i32 = 50;
/// The first version in the flexible form.
const FLEXIBLE: i16 = 12;
/// The first version without the replica's number before the time.
const NO_REPLICA: i16 = 15;

/// Cuts the time in a Fetch (without its length) short.
pub(super) fn shorten(request: &mut [u8]) {
    if let Some(wait) = wait(request)
        && i32::from_be_bytes(*wait) > LONGEST
    {
        *wait = LONGEST.to_be_bytes();
    }
}

/// Where it has it.
fn wait(request: &mut [u8]) -> Option<&mut [u8; 4]> {
    let mut reader = Reader::new(request);
    let (_api, version, _correlation, _client) = (reader.i16()?, reader.i16()?, reader.i32()?, reader.text()?);
    let mut reader = reader.flexible(version >= FLEXIBLE);
    reader.tags()?;
    if version < NO_REPLICA {
        let _replica = reader.i32()?;
    }
    let begin = request.len() - reader.left();
    request.get_mut(begin..)?.first_chunk_mut()
}
