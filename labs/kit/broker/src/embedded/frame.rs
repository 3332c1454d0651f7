//! A message on its way: read as far as it must be, and passed on.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Of whoever reads.
pub(super) const BUFFER: usize = 64 * 1024;

/// A message of which the first bytes are read.
pub(super) struct Frame<const N: usize> {
    pub(super) head: [u8; N],
    rest: usize,
}

impl<const N: usize> Frame<N> {
    /// `None` when there is no other.
    pub(super) async fn begin(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Self>> {
        if from.fill_buf().await?.is_empty() {
            return Ok(None);
        }
        let mut frame = Self { head: [0; N], rest: 0 };
        from.read_exact(&mut frame.head).await?;
        let length = usize::try_from(frame.i32(0)).ok();
        let rest = length.and_then(|length| (4 + length).checked_sub(N));
        frame.rest = rest.ok_or_else(|| io::Error::other("this isn't Kafka's protocol"))?;
        Ok(Some(frame))
    }

    pub(super) fn length(&self) -> usize {
        N + self.rest
    }

    pub(super) fn i32(&self, at: usize) -> i32 {
        i32::from_be_bytes([self.head[at], self.head[at + 1], self.head[at + 2], self.head[at + 3]])
    }

    pub(super) async fn whole(self, from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Vec<u8>> {
        let mut bytes = self.head.to_vec();
        bytes.resize(self.length(), 0);
        from.read_exact(&mut bytes[N..]).await?;
        Ok(bytes)
    }

    /// In one piece where it fits: a write is a packet.
    pub(super) async fn pass_on(
        self,
        from: &mut (impl AsyncBufRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        if self.length() <= BUFFER {
            return to.write_all(&self.whole(from).await?).await;
        }
        to.write_all(&self.head).await?;
        // What isn't Kafka may say any length; it ends when either side hangs up.
        tokio::io::copy_buf(&mut from.take(self.rest as u64), to).await.map(drop)
    }
}
