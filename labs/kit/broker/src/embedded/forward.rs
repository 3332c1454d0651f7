//! All traffic passes here: from the address that clients know to the mock's own.
//!
//! The mock can't choose its port, doesn't say who reads what, and lets groups of the
//! classic protocol wait. So a relay stands in front of it, counts what comes in, listens
//! for the names of groups, and answers for some.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lab_lifecycle::Throttle;
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{Mutex, Notify, Semaphore};
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::ask::Broker;
use super::coordinator::Coordinator;
use super::pipe::{self, Turns};
use super::readers::Readers;
use super::wire::Writer;

/// A client has three or so. A real broker takes thousands; this one serves a desk.
const MAX_CONNECTIONS: usize = 512;
/// The mock's listener has room for five that it has not taken yet. Of more, the
/// system drops one or the other, and that one waits a second, or for minutes.
const MAX_CONNECTING: usize = 4;
const GREETING: Duration = Duration::from_secs(10);
/// A connection that was lost before the mock took it may stay unanswered for as long as
/// anybody waits. Another one is answered in a millisecond.
const LOST: Duration = Duration::from_secs(1);
/// How long answers are still passed on to a client that has said all it will say.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// What the relay and its owner share.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Bytes that clients have sent so far.
    received: AtomicU64,
    /// Ends every connection.
    cut: Notify,
    pub(super) readers: Readers,
    pub(super) coordinator: Coordinator,
}

impl Traffic {
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(super) fn add_received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn cut(&self) {
        self.cut.notify_waiters();
    }
}

/// The connection by which the mock is asked for more than clients ask for: one for all of them.
pub(super) struct Asking {
    mock: SocketAddr,
    connecting: Arc<Semaphore>,
    connection: Mutex<Option<Broker>>,
}

impl Asking {
    pub(super) async fn ask(&self, question: Writer) -> io::Result<Vec<u8>> {
        let mut connection = self.connection.lock().await;
        // Taken out: one that fails, or is given up in the middle of an answer, isn't asked again.
        let mut broker = match connection.take() {
            Some(broker) => broker,
            None => connect(self.mock, &self.connecting).await?,
        };
        let answer = broker.ask(question).await?;
        *connection = Some(broker);
        Ok(answer)
    }
}

/// Takes connections until it is dropped.
pub(super) async fn forward(listener: TcpListener, mock: SocketAddr, traffic: Arc<Traffic>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connection = Mutex::default();
    let asking = Arc::new(Asking { mock, connecting: Arc::new(Semaphore::new(MAX_CONNECTING)), connection });
    let mut complaints = Throttle::default();
    loop {
        let client = match listener.accept().await {
            Ok((client, _)) => client,
            Err(error) => {
                // Out of file descriptors, most likely: others may close some.
                complaints.warn(&format!("can't take a connection: {error}"));
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            complaints.warn(&format!("closed a connection: {MAX_CONNECTIONS} are open, and no more are taken"));
            continue;
        };
        let (traffic, asking) = (Arc::clone(&traffic), Arc::clone(&asking));
        tokio::spawn(async move {
            if let Err(error) = relay(client, &asking, &traffic).await {
                debug!(%error, "a connection has ended");
            }
            drop(place);
        });
    }
}

async fn relay(client: TcpStream, asking: &Asking, traffic: &Traffic) -> io::Result<()> {
    let cut = traffic.cut.notified();
    let mock = connect(asking.mock, &asking.connecting).await?.into_stream();
    // As on the other side: else a small request may wait 40 ms for the acknowledgement of the one before it.
    client.set_nodelay(true)?;
    let ((from_client, to_client), (from_mock, to_mock)) = (client.into_split(), mock.into_split());
    let turns = Turns::default();
    let answers = pipe::answers(from_mock, to_client, &turns, asking);
    tokio::pin!(answers);
    select! {
        () = cut => Ok(()),
        // The broker has hung up: no answer will come, whatever the client still asks.
        done = &mut answers => done,
        asked = pipe::requests(from_client, to_mock, traffic, &turns) => {
            asked?;
            timeout(LAST_ANSWERS, answers).await.unwrap_or(Ok(()))
        }
    }
}

/// A connection to the mock, when it is its turn.
async fn connect(mock: SocketAddr, connecting: &Semaphore) -> io::Result<Broker> {
    let _place = connecting.acquire().await.map_err(io::Error::other)?;
    timeout(GREETING, greet(mock)).await?
}

/// Its first answer says that the mock has taken the connection.
async fn greet(mock: SocketAddr) -> io::Result<Broker> {
    loop {
        let taken = timeout(LOST, async {
            let mut broker = Broker::connect(mock).await?;
            broker.greet().await?;
            Ok(broker)
        });
        match taken.await {
            Ok(done) => return done,
            Err(_) => debug!("a connection to the mock was lost; another is made"),
        }
    }
}
