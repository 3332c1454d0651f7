//! A connection that keeps a copy of its first bytes, each way.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// More is nothing that anybody reads on a screen.
const KEPT: usize = 16 * 1024;
/// Nothing in an exercise is as large. Whoever sends without end would keep the reader
/// busy, so that it never looks at the clock.
const MOST: usize = 4 * 1024 * 1024;

/// What passed so far.
#[derive(Clone, Default)]
pub(crate) struct Recording(Arc<Mutex<Passed>>);

#[derive(Default)]
struct Passed {
    read: Vec<u8>,
    read_in_all: usize,
    written: Vec<u8>,
}

impl Recording {
    /// What came in, as text.
    pub(crate) fn read(&self) -> String {
        text(&self.passed().read)
    }

    /// What came in.
    pub(crate) fn bytes_read(&self) -> Vec<u8> {
        self.passed().read.clone()
    }

    /// What went out, as text.
    pub(crate) fn written(&self) -> String {
        text(&self.passed().written)
    }

    /// Forgets it: for the next request on the same connection.
    pub(crate) fn clear(&self) {
        *self.passed() = Passed::default();
    }

    fn passed(&self) -> std::sync::MutexGuard<'_, Passed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn keep(kept: &mut Vec<u8>, new: &[u8]) {
    let room = KEPT.saturating_sub(kept.len());
    kept.extend_from_slice(&new[..new.len().min(room)]);
}

/// The connection.
pub(crate) struct Recorded<T> {
    inner: T,
    recording: Recording,
}

impl<T> Recorded<T> {
    pub(crate) fn new(inner: T, recording: Recording) -> Self {
        Self { inner, recording }
    }

    pub(crate) fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Recorded<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let new = &buf.filled()[before..];
        let mut passed = self.recording.passed();
        keep(&mut passed.read, new);
        passed.read_in_all += new.len();
        if passed.read_in_all > MOST {
            return Poll::Ready(Err(io::Error::other("more than 4 MiB came, and no end in sight")));
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Recorded<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        keep(&mut self.recording.passed().written, &buf[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
