//! What there is on each of these days: one server of each kind, and places where none is.

use std::path::PathBuf;
use std::pin::Pin;

use futures_util::FutureExt;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::kafka::support::Kafka;
use crate::support::{Fake, Server, folder, nobody};

pub(crate) struct World {
    rest: Server,
    grpc: Server,
    kafka: Kafka,
    silent: Fake,
    nobody: (TcpSocket, String),
    hole: BlackHole,
    folder: TempDir,
    _lock: Connection,
}

/// `PRAGMA application_id` of the lab's databases.
const OURS: i64 = 0x4c61_624f;

impl World {
    pub(crate) async fn new() -> Self {
        let folder = folder();
        let newer = Connection::open(folder.path().join("newer.db")).expect("a database");
        newer.pragma_update(None, "application_id", OURS).expect("SQL");
        newer.execute_batch("PRAGMA user_version = 99; CREATE TABLE later (text TEXT)").expect("SQL");
        let lock = Connection::open(folder.path().join("locked.db")).expect("a database");
        lock.execute_batch("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE").expect("the lock");
        Self {
            rest: Server::rest().await,
            grpc: Server::grpc().await,
            kafka: Kafka::embedded(),
            silent: Fake::silent().await,
            nobody: nobody(),
            hole: BlackHole::new(),
            folder,
            _lock: lock,
        }
    }

    /// The text with what its names in braces stand for.
    pub(crate) fn fill(&self, text: &str) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let path = |name| self.folder.path().join(name).to_str().expect("temporary names are UTF-8").to_owned();
        let port = |address: &str| address.rsplit(':').next().unwrap_or_default().to_owned();
        let (rest, grpc) = (self.rest.address.to_string(), self.grpc.address.to_string());
        [
            ("{rest port}", port(&rest)),
            ("{grpc port}", port(&grpc)),
            ("{broker port}", port(&self.kafka.brokers)),
            ("{rest}", rest),
            ("{grpc}", grpc),
            ("{broker}", self.kafka.brokers.clone()),
            ("{silent}", self.silent.address()),
            ("{nobody}", self.nobody.1.clone()),
            ("{black hole}", self.hole.address.clone()),
            // A label of 64 characters can't be in the DNS (RFC 1035 §2.3.4), so nobody is asked.
            ("{unknown}", format!("{}.invalid:8080", "x".repeat(64))),
            ("{newer}", path("newer.db")),
            ("{locked}", path("locked.db")),
            ("{id}", super::ID.to_owned()),
        ]
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// A file beside the databases that are no good.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// An address at which a connection is neither taken nor refused: its queue is full.
struct BlackHole {
    address: String,
    _listener: TcpListener,
    /// They have taken all the places, or ask for one again and again.
    _waiting: Vec<Pin<Box<dyn Future<Output = std::io::Result<TcpStream>> + Send>>>,
    _taken: Vec<TcpStream>,
}

impl BlackHole {
    fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let listener = socket.listen(1).expect("it listens");
        let address = listener.local_addr().expect("bound");
        let (mut waiting, mut taken) = (Vec::new(), Vec::new());
        for _ in 0..8 {
            let mut connect = Box::pin(TcpStream::connect(address));
            match connect.as_mut().now_or_never() {
                Some(stream) => taken.extend(stream.ok()),
                None => waiting.push(connect as Pin<Box<dyn Future<Output = _> + Send>>),
            }
        }
        Self { address: address.to_string(), _listener: listener, _waiting: waiting, _taken: taken }
    }
}
