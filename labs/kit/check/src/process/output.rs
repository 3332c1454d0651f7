//! What a program prints: read to the end so that it never waits, kept in part.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::watch;
use tokio::time::timeout;

const FIRST: usize = 3 * 1024 * 1024;
const LAST: usize = 16 * 1024;
/// Moments that are kept: when what came.
const MOMENTS: usize = 10_000;
/// Of what is shown to a learner.
const LINES: usize = 12;

/// A stream that is being read. Each clone is the same.
#[derive(Clone)]
pub(crate) struct Output {
    kept: Arc<Mutex<Kept>>,
    progress: watch::Receiver<Progress>,
    /// Nobody reads, for a while.
    held: Arc<watch::Sender<bool>>,
}

/// As long as it is there, nobody reads what the program prints.
pub(crate) struct Unread(Arc<watch::Sender<bool>>);

impl Drop for Unread {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    more: bool,
    /// How many bytes there were, and since when.
    moments: Vec<(usize, Instant)>,
}

/// How far it was read.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    pieces: usize,
    ended: bool,
}

impl Output {
    /// Keeps the first 3 MiB.
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
        let (kept, (now, progress)) = (Arc::<Mutex<Kept>>::default(), watch::channel(Progress::default()));
        let held = Arc::new(watch::Sender::new(false));
        let mut is_held = held.subscribe();
        let output = Self { kept: Arc::clone(&kept), progress, held };
        tokio::spawn(async move {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = from.read(&mut buffer).await {
                lock(&kept).take(&buffer[..count], keep);
                now.send_modify(|progress| progress.pieces += 1);
                // Whoever held it and has dropped all since wants the rest no more.
                let _ = is_held.wait_for(|held| !held).await;
            }
            now.send_modify(|progress| progress.ended = true);
        });
        output
    }

    /// Returns when more has come than when it was last asked for, or the end. At the end it
    /// never returns again.
    pub(crate) async fn more(&mut self) {
        if self.progress.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// From the next piece on nobody reads, so that the pipe fills.
    pub(crate) fn unread(&self) -> Unread {
        self.held.send_replace(true);
        Unread(Arc::clone(&self.held))
    }

    /// The lines that are whole so far, and when each was.
    pub(crate) fn lines(&self) -> Vec<(Instant, String)> {
        let (kept, ended) = (lock(&self.kept), self.progress.borrow().ended);
        let mut text = decode(&kept.bytes);
        if !ended {
            text.truncate(text.rfind('\n').map_or(0, |at| at + 1));
        }
        let mut ends = (1..).zip(&kept.bytes).filter(|(_, byte)| **byte == b'\n').map(|(end, _)| end);
        let line = |line: &str| {
            let end = ends.next().unwrap_or(kept.bytes.len());
            let moment = kept.moments.partition_point(|(bytes, _)| *bytes < end);
            let at = kept.moments.get(moment).or(kept.moments.last()).map_or_else(Instant::now, |(_, at)| *at);
            (at, line.to_owned())
        };
        text.lines().map(line).collect()
    }

    /// Returns at its end, or after a moment: somebody else may hold it open.
    pub(crate) async fn settled(&self) {
        let _ = timeout(Duration::from_millis(300), self.progress.clone().wait_for(|progress| progress.ended)).await;
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

impl Kept {
    fn take(&mut self, new: &[u8], keep: fn(&mut Self, &[u8])) {
        keep(self, new);
        if self.moments.len() < MOMENTS {
            self.moments.push((self.bytes.len(), Instant::now()));
        }
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
