//! The request that asks for records, as much of it as it takes to let it wait less long (Kafka's
//! protocol guide, Fetch).

use super::produce::Reader;

/// So long a broker may wait for records, behind a relay: the embedded one doesn't answer sooner
/// when some come, and some libraries would let it wait for five seconds.
const MOST_MS: i32 = 100;

/// From which version lengths are variable (KIP-482), and no replica says who it is (KIP-903).
const FLEXIBLE: i16 = 12;
const NO_REPLICA: i16 = 15;

/// Bounds the wait. One that can't be read stays as it is.
pub(super) fn wait_less(frame: &mut [u8]) {
    if let Some(wait) = place(frame).and_then(|at| frame.get_mut(at..)?.first_chunk_mut()) {
        *wait = i32::from_be_bytes(*wait).min(MOST_MS).to_be_bytes();
    }
}

/// Where it stands.
fn place(frame: &[u8]) -> Option<usize> {
    let version = i16::from_be_bytes(*frame.get(2..)?.first_chunk()?);
    let mut reader = Reader::after_header(frame, version >= FLEXIBLE)?;
    if version < NO_REPLICA {
        reader.take(4)?;
    }
    Some(frame.len() - reader.left())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(version: i16, tags: &[u8], replica: &[u8], wait: i32) -> Vec<u8> {
        let head = [&1_i16.to_be_bytes()[..], &version.to_be_bytes(), &[0, 0, 0, 7, 0, 2], b"me", tags].concat();
        [&head[..], replica, &wait.to_be_bytes(), &[0, 0, 0, 1]].concat()
    }

    #[test]
    fn a_long_wait_is_bounded_and_a_short_one_stays() {
        for (version, tags, replica) in [(4, &[][..], &[0xff; 4][..]), (12, &[0], &[0xff; 4]), (16, &[0], &[])] {
            for (wait, bounded) in [(5_000, MOST_MS), (10, 10)] {
                let mut request = frame(version, tags, replica, wait);
                wait_less(&mut request);
                assert_eq!(request, frame(version, tags, replica, bounded), "version {version}");
            }
        }
        let mut cut = vec![0, 1, 0, 16, 0];
        wait_less(&mut cut);
        assert_eq!(cut, [0, 1, 0, 16, 0]);
    }
}
