//! Passes bytes on, both ways, and shows them to a decoder on the way.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio::{select, try_join};
use tokio_util::sync::CancellationToken;

use crate::calls::{Kept, Log, Way};
use crate::grpc::Grpc;
use crate::http1::Http;
use crate::kafka::{Kafka, Topics};
use crate::{Bytes, Wire};

/// A desk has a handful; each holds some MiB at worst: see `MAX_HELD`, `MAX_FRAME` and `MAX_KEPT`.
const MAX_CONNECTIONS: usize = 512;
const BUFFER: usize = 32 * 1024;

/// Reads along on one connection. Whatever comes, it only says what it can't read.
pub(crate) trait Decoder: Send {
    /// The client sent this.
    fn sent(&mut self, bytes: &[u8], at: Instant);
    /// The server sent this; returns what to pass on instead.
    fn received<'a>(&mut self, bytes: &'a [u8], at: Instant) -> Cow<'a, [u8]>;
    /// One of the two will send no more; returns what is yet to be passed on.
    fn closed(&mut self, way: Way, at: Instant) -> Vec<u8>;
    /// The connection is gone.
    fn gone(&mut self, at: Instant);
}

/// What the tap and its connections share.
pub(crate) struct Shared {
    pub(crate) wire: Wire,
    pub(crate) upstream: SocketAddr,
    pub(crate) address: SocketAddr,
    pub(crate) kept: Arc<Kept>,
    /// Ends the connections that are open now; each cut puts a new one here.
    pub(crate) cut: Mutex<CancellationToken>,
    sent: AtomicU64,
    received: AtomicU64,
    topics: Arc<Topics>,
}

impl Shared {
    pub(crate) fn new(wire: Wire, upstream: SocketAddr, address: SocketAddr) -> Self {
        let (sent, received) = Default::default();
        let (kept, cut, topics) = Default::default();
        Self { wire, upstream, address, kept, cut, sent, received, topics }
    }

    pub(crate) fn bytes(&self) -> Bytes {
        Bytes { sent: self.sent.load(Ordering::Relaxed), received: self.received.load(Ordering::Relaxed) }
    }

    /// Ends what is open.
    pub(crate) fn cut(&self) {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *cut).cancel();
    }

    fn until_cut(&self) -> CancellationToken {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn decoder(&self, connection: u64) -> Box<dyn Decoder> {
        let log = Log::new(Arc::clone(&self.kept), connection);
        match self.wire {
            Wire::Http => Box::new(Http::new(log)),
            Wire::Grpc => Box::new(Grpc::new(log)),
            Wire::Kafka => Box::new(Kafka::new(log, self.address, Arc::clone(&self.topics))),
        }
    }
}

/// Takes connections until it is dropped.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connection = 0;
    loop {
        // Those beyond wait to be taken.
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((client, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: others may close some.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        connection += 1;
        // Taken here: a cut from now on is meant for this one too.
        let (shared, cut) = (Arc::clone(&shared), shared.until_cut());
        tokio::spawn(async move {
            // An error ends this connection, and both sides have seen it end.
            let _ = relay(client, &shared, connection, cut).await;
            drop(place);
        });
    }
}

async fn relay(mut client: TcpStream, shared: &Shared, connection: u64, cut: CancellationToken) -> io::Result<()> {
    let connected = cut.run_until_cancelled(TcpStream::connect(shared.upstream)).await;
    let Some(Ok(mut server)) = connected else {
        return client.set_zero_linger();
    };
    // Else a small message may wait 40 ms for the acknowledgement of the one before it.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let decoder = Mutex::new(shared.decoder(connection));
    let done = {
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        select! {
            biased;
            () = cut.cancelled() => Err(io::ErrorKind::ConnectionAborted.into()),
            done = async { try_join!(up(from_client, to_server, shared, &decoder), down(from_server, to_client, shared, &decoder)) } => done,
        }
    };
    let decoder = decoder.into_inner();
    decoder.unwrap_or_else(PoisonError::into_inner).gone(Instant::now());
    if done.is_err() {
        // Not closed but cut (RST), as it was for us: nobody shall take half an answer for a whole one.
        client.set_zero_linger()?;
        server.set_zero_linger()?;
    }
    done.map(drop)
}

type Shown = Mutex<Box<dyn Decoder>>;

async fn up(mut client: ReadHalf<'_>, mut server: WriteHalf<'_>, shared: &Shared, decoder: &Shown) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = client.read(&mut buffer).await?;
        if length == 0 {
            lock(decoder).closed(Way::Sent, Instant::now());
            return finish(&mut server).await;
        }
        let bytes = &buffer[..length];
        shared.sent.fetch_add(length as u64, Ordering::Relaxed);
        lock(decoder).sent(bytes, Instant::now());
        server.write_all(bytes).await?;
    }
}

async fn down(mut server: ReadHalf<'_>, mut client: WriteHalf<'_>, shared: &Shared, decoder: &Shown) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = server.read(&mut buffer).await?;
        // Kept before it is passed on: who has an answer finds it among the calls.
        let bytes = match length {
            0 => Cow::Owned(lock(decoder).closed(Way::Received, Instant::now())),
            _ => lock(decoder).received(&buffer[..length], Instant::now()),
        };
        shared.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        client.write_all(&bytes).await?;
        if length == 0 {
            return finish(&mut client).await;
        }
    }
}

/// Passes on that no more will come.
async fn finish(to: &mut WriteHalf<'_>) -> io::Result<()> {
    match to.shutdown().await {
        // It has gone already.
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        done => done,
    }
}

fn lock(decoder: &Shown) -> std::sync::MutexGuard<'_, Box<dyn Decoder>> {
    decoder.lock().unwrap_or_else(PoisonError::into_inner)
}
