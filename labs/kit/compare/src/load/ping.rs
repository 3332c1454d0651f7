//! The other end of the ping-pong.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Connection, Target};

/// A ping server, and how many bytes go each way.
pub(crate) struct PingTarget {
    pub(crate) address: SocketAddr,
    pub(crate) request: usize,
    pub(crate) response: usize,
}

pub(crate) struct PingConnection {
    stream: TcpStream,
    question: Vec<u8>,
    answer: Vec<u8>,
}

impl Target for PingTarget {
    type Connection = PingConnection;

    async fn connect(&self) -> Result<PingConnection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(PingConnection { stream, question: vec![b'?'; self.request], answer: vec![0; self.response] })
    }
}

impl Connection for PingConnection {
    async fn step(&mut self) -> Result<u64> {
        self.stream.write_all(&self.question).await?;
        self.stream.read_exact(&mut self.answer).await?;
        Ok(1)
    }
}
