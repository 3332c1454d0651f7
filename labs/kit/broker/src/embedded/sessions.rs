//! Sessions of members by the classic protocol, cut short.
//!
//! A member says how long it may be silent: 45 s by default. The mock makes everybody wait that
//! long, but for a second, whenever one has left: who starts a consumer again with the same group
//! would sit there for 44 s. A real broker waits for those alone that are missing. So the mock is
//! told a shorter time, still longer than the 3 s between two heartbeats.

use super::wire::{Api, Reader};

/// In milliseconds, as on the wire.
const LONGEST: i32 = 4_500;
/// The first version in the flexible form.
const FLEXIBLE: i16 = 6;

/// Cuts the sessions in these requests short. The bytes begin with a request; the last may be
/// cut off, and is left as it is: a JoinGroup has some hundred bytes, which come at once.
pub(super) fn shorten(mut bytes: &mut [u8]) {
    while let Some(length) = Reader::new(bytes).i32() {
        let end = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(4);
        let Some((request, rest)) = bytes.split_at_mut_checked(end) else { return };
        if let Some(session) = session(&mut request[4..])
            && i32::from_be_bytes(*session) > LONGEST
        {
            *session = LONGEST.to_be_bytes();
        }
        bytes = rest;
    }
}

/// Where a JoinGroup has it.
fn session(request: &mut [u8]) -> Option<&mut [u8; 4]> {
    let mut reader = Reader::new(request);
    let (api, version, _correlation, _client) = (reader.i16()?, reader.i16()?, reader.i32()?, reader.text()?);
    if api != Api::JoinGroup as i16 || version > FLEXIBLE {
        return None;
    }
    let mut reader = reader.flexible(version >= FLEXIBLE);
    reader.tags()?;
    let _group = reader.text()?;
    let begin = request.len() - reader.left();
    request.get_mut(begin..)?.first_chunk_mut()
}
