//! What a program prints: read to the end so that it never waits, kept in part.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::watch;
use tokio::time::timeout;

const FIRST: usize = 1024 * 1024;
const LAST: usize = 16 * 1024;
/// Of what is shown to a learner.
const LINES: usize = 12;

/// A stream that is being read.
pub(crate) struct Output {
    kept: Arc<Mutex<Kept>>,
    ended: watch::Receiver<bool>,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    more: bool,
}

impl Output {
    /// Keeps the first MiB.
    pub(crate) fn first(from: impl AsyncRead + Send + Unpin + 'static) -> Self {
        Self::start(from, |kept, new| {
            let room = FIRST.saturating_sub(kept.bytes.len()).min(new.len());
            kept.bytes.extend_from_slice(&new[..room]);
            kept.more |= room < new.len();
        })
    }

    /// Keeps the last 16 KiB.
    pub(crate) fn last(from: impl AsyncRead + Send + Unpin + 'static) -> Self {
        Self::start(from, |kept, new| {
            kept.bytes.extend_from_slice(new);
            let excess = kept.bytes.len().saturating_sub(LAST);
            kept.bytes.drain(..excess);
            kept.more |= excess > 0;
        })
    }

    fn start(mut from: impl AsyncRead + Send + Unpin + 'static, keep: fn(&mut Kept, &[u8])) -> Self {
        let (kept, (end, ended)) = (Arc::<Mutex<Kept>>::default(), watch::channel(false));
        let output = Self { kept: Arc::clone(&kept), ended };
        tokio::spawn(async move {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = from.read(&mut buffer).await {
                keep(&mut lock(&kept), &buffer[..count]);
            }
            let _ = end.send(true);
        });
        output
    }

    /// Returns at its end, or after a moment: somebody else may hold it open.
    pub(crate) async fn settled(&self) {
        let _ = timeout(Duration::from_millis(300), self.ended.clone().wait_for(|ended| *ended)).await;
    }

    /// Whether there was more than is kept.
    pub(crate) fn is_more(&self) -> bool {
        lock(&self.kept).more
    }

    /// What is kept; UTF-16 is read as what it is.
    pub(crate) fn text(&self) -> String {
        decode(&lock(&self.kept).bytes)
    }
}

/// What is shown of it: without what many servers print of each request, which the learner
/// sees anyway.
pub(crate) fn last_lines(text: &str) -> String {
    let of_a_request = |line: &&str| line.contains("HTTP/1.1\" ") || line.contains("HTTP/1.0\" ");
    let lines: Vec<_> = text.trim_end().lines().filter(|line| !of_a_request(line)).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

/// Windows' shells, and some runtimes, print UTF-16.
fn decode(bytes: &[u8]) -> String {
    let units = |pair: fn([u8; 2]) -> u16, from: usize| {
        bytes[from..].chunks_exact(2).map(|two| pair([two[0], two[1]])).collect()
    };
    let wide: Vec<u16> = match bytes {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes, 2),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes, 2),
        // Without the mark: whatever is printed begins with ASCII, and no text has a NUL.
        [1..=u8::MAX, 0, ..] => units(u16::from_le_bytes, 0),
        [0, 1..=u8::MAX, ..] => units(u16::from_be_bytes, 0),
        _ => return String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned(),
    };
    String::from_utf16_lossy(&wide)
}

fn lock(kept: &Mutex<Kept>) -> std::sync::MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_read_with_and_without_its_mark() {
        let text = "{\"a\": \"Zoë\"}";
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&big), text);
        assert_eq!(decode(&little), text);
        assert_eq!(decode(&[&[0xfe, 0xff], &*big].concat()), text);
        assert_eq!(decode(&[&[0xff, 0xfe], &*little].concat()), text);
        assert_eq!(decode(text.as_bytes()), text);
        assert_eq!(decode(b"1"), "1");
    }
}
