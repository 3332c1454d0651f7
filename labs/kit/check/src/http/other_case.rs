//! A connection on which the letters of header names change their case on their way out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What the next byte of a request belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    FirstLine,
    /// Its beginning, too: of the empty line behind the headers.
    Name {
        is_first: bool,
    },
    Value,
    /// Also all of a connection on which nothing is changed.
    Body,
}

impl Place {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Body, _) | (Self::Name { is_first: true }, b'\r') => Self::Body,
            (Self::FirstLine | Self::Value, b'\n') => Self::Name { is_first: true },
            (Self::Name { .. }, b':') => Self::Value,
            (Self::Name { .. }, _) => Self::Name { is_first: false },
            (place, _) => place,
        }
    }
}

/// The connection, for one request.
pub(super) struct OtherCase<T> {
    inner: T,
    place: Place,
}

impl<T> OtherCase<T> {
    pub(super) fn new(inner: T, changes: bool) -> Self {
        Self { inner, place: if changes { Place::FirstLine } else { Place::Body } }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for OtherCase<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for OtherCase<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.place == Place::Body {
            return Pin::new(&mut self.inner).poll_write(cx, buf);
        }
        let mut place = self.place;
        let mut changed = buf.to_vec();
        for byte in &mut changed {
            if matches!(place, Place::Name { .. }) && byte.is_ascii_alphabetic() {
                *byte ^= b' ';
            }
            place = place.after(*byte);
        }
        let count = ready!(Pin::new(&mut self.inner).poll_write(cx, &changed))?;
        self.place = buf[..count].iter().fold(self.place, |place, &byte| place.after(byte));
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn only_names_change_however_they_are_written() {
        let request = "POST /Ab HTTP/1.1\r\nHeader-Demo: Ab: c\r\n\r\nBody: Ab\r\nC: d";
        for size in 1..request.len() {
            let mut connection = OtherCase::new(Vec::new(), true);
            for part in request.as_bytes().chunks(size) {
                connection.write_all(part).await.expect("a vector takes all");
            }
            assert_eq!(connection.inner, request.replace("Header-Demo", "hEADER-dEMO").as_bytes(), "{size} at a time");
        }
    }
}
