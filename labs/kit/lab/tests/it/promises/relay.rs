//! A relay before a broker, for tests that want a hand on the wire: it can hold what the publisher
//! of facts asks for at a gate, and take one topic for another.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::AbortHandle;

use crate::support::within;

/// Kinds of requests, by their numbers in the protocol: a producer wants its number.
pub(super) const INIT_PRODUCER_ID: i16 = 22;
/// Records of a transaction are to come.
pub(super) const ADD_PARTITIONS_TO_TXN: i16 = 24;
/// A transaction is to be committed, or taken back.
pub(super) const END_TXN: i16 = 26;

/// Ends with the test that has it.
pub(super) struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

struct Shared {
    /// How brokers write an address: the host, the port. The broker's, and ours.
    addresses: [Vec<u8>; 2],
    facts: String,
    /// The kinds of requests that wait there.
    at_the_gate: &'static [i16],
    /// How many requests may pass.
    gate: Semaphore,
    /// How many have come since the gate was closed.
    come: watch::Sender<usize>,
    /// Two topics of which each is taken for the other.
    swapped: Mutex<Option<[String; 2]>>,
}

impl Relay {
    /// Before the only broker of a cluster, with the gate for the publisher's requests of these kinds open.
    pub(super) async fn before(broker: &str, facts: String, at_the_gate: &'static [i16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let broker: SocketAddr = broker.parse().expect("the address of one broker");
        let written = |address: SocketAddr| {
            [address.ip().to_string().as_bytes(), &i32::from(address.port()).to_be_bytes()].concat()
        };
        let shared = Arc::new(Shared {
            addresses: [written(broker), written(address)],
            facts,
            at_the_gate,
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            come: watch::Sender::new(0),
            swapped: Mutex::default(),
        });
        let task = tokio::spawn(serve(listener, broker, Arc::clone(&shared))).abort_handle();
        Self { address, shared, task }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The publisher waits from now on.
    pub(super) fn close(&self) {
        self.shared.gate.forget_permits(Semaphore::MAX_PERMITS);
        self.shared.come.send_replace(0);
    }

    /// Waits until it has come to the gate so many times.
    pub(super) async fn come(&self, count: usize) {
        let mut come = self.shared.come.subscribe();
        let come = come.wait_for(|&come| come >= count);
        within("the publisher at the gate", come).await.expect("the sender lives");
    }

    /// Lets it pass once.
    pub(super) fn let_one_pass(&self) {
        self.shared.gate.add_permits(1);
    }

    /// Lets it pass for good.
    pub(super) fn open(&self) {
        self.shared.gate.add_permits(Semaphore::MAX_PERMITS - self.shared.gate.available_permits());
    }

    /// From now on each of these topics is the other.
    pub(super) fn swap(&self, one: String, other: String) {
        assert_eq!(one.len(), other.len(), "else the frames would have to be written anew");
        *self.shared.swapped.lock().unwrap_or_else(PoisonError::into_inner) = Some([one, other]);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, broker: SocketAddr, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let broker = TcpStream::connect(broker).await?;
            // Else a small frame may wait 40 ms for the acknowledgement of the one before it.
            client.set_nodelay(true).and(broker.set_nodelay(true))?;
            let (from_client, to_client) = client.into_split();
            let (from_broker, to_broker) = broker.into_split();
            tokio::select! {
                done = pass_requests(from_client, to_broker, &shared) => done,
                done = pass_answers(from_broker, to_client, &shared) => done,
            }
        });
    }
}

async fn pass_requests(mut client: OwnedReadHalf, mut broker: OwnedWriteHalf, shared: &Shared) -> io::Result<()> {
    loop {
        let mut request = read(&mut client).await?;
        if shared.is_for_the_gate(&request) {
            shared.come.send_modify(|come| *come += 1);
            shared.gate.acquire().await.map_err(io::Error::other)?.forget();
        }
        shared.swap_topics(&mut request);
        write(&mut broker, &request).await?;
    }
}

async fn pass_answers(mut broker: OwnedReadHalf, mut client: OwnedWriteHalf, shared: &Shared) -> io::Result<()> {
    loop {
        let mut answer = read(&mut broker).await?;
        // Else clients would go on without us.
        let [theirs, ours] = &shared.addresses;
        replace(&mut answer, &[(theirs, ours)]);
        shared.swap_topics(&mut answer);
        write(&mut client, &answer).await?;
    }
}

impl Shared {
    /// Other producers want their numbers, too.
    fn is_for_the_gate(&self, request: &[u8]) -> bool {
        self.at_the_gate.iter().any(|api| request.starts_with(&api.to_be_bytes()))
            && request.windows(self.facts.len()).any(|part| part == self.facts.as_bytes())
    }

    fn swap_topics(&self, frame: &mut [u8]) {
        let swapped = self.swapped.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some([one, other]) = swapped else { return };
        let length = u8::try_from(one.len()).expect("a short name");
        // With the length before it, in both ways to write it: longer names begin alike.
        for length in [length, length + 1] {
            let [one, other] = [&one, &other].map(|name| [&[length], name.as_bytes()].concat());
            replace(frame, &[(&one, &other), (&other, &one)]);
        }
    }
}

/// A frame without its length.
async fn read(from: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let length = from.read_u32().await?;
    let mut frame = vec![0; length as usize];
    from.read_exact(&mut frame).await?;
    Ok(frame)
}

async fn write(to: &mut OwnedWriteHalf, frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).expect("it was read");
    to.write_all(&[&length.to_be_bytes(), frame].concat()).await
}

/// Replaces the first of each pair by the second, which is as long.
fn replace(frame: &mut [u8], pairs: &[(&[u8], &[u8])]) {
    let mut at = 0;
    while at < frame.len() {
        let found = pairs.iter().find(|(from, _)| frame[at..].starts_with(from));
        at += match found {
            Some((from, to)) => {
                frame[at..at + to.len()].copy_from_slice(to);
                from.len()
            }
            None => 1,
        };
    }
}
