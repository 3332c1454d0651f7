//! The door of a relay: it is shut when the broker is away, and then nobody listens there.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Between two attempts to open it, should the system not be ready to.
const AGAIN: Duration = Duration::from_millis(20);

/// Of all nodes of a relay.
pub(super) struct Door {
    /// Whether it is to be open.
    open: watch::Sender<bool>,
    /// How many nodes are as they are to be.
    done: watch::Sender<usize>,
    /// How many connections came through it.
    came: AtomicUsize,
}

impl Door {
    pub(super) fn new() -> Self {
        Self { open: watch::Sender::new(true), done: watch::Sender::new(0), came: AtomicUsize::new(0) }
    }

    /// Through it came so many connections.
    pub(super) fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }

    /// Opens or shuts it at this many nodes, and returns when it is done.
    pub(super) async fn set(&self, open: bool, nodes: usize) {
        let mut done = self.done.subscribe();
        self.done.send_replace(0);
        self.open.send_replace(open);
        // The sender lives as long as this does.
        let _ = done.wait_for(|&done| done >= nodes).await;
    }

    /// What a node's keeper looks at; from now on it misses nothing.
    pub(super) fn orders(&self) -> watch::Receiver<bool> {
        self.open.subscribe()
    }

    /// One node's, with what is to become of each connection. Shut, it cuts them all.
    pub(super) async fn keep<F>(
        &self,
        listener: TcpListener,
        mut open: watch::Receiver<bool>,
        pass: impl Fn(TcpStream) -> F,
    ) -> io::Result<()>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let address = listener.local_addr()?;
        let mut listener = Some(listener);
        // Dropped with this, and all connections with it.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                Some(client) = accepted(listener.as_ref()) => {
                    self.came.fetch_add(1, Ordering::SeqCst);
                    connections.spawn(pass(client));
                }
                Some(_) = connections.join_next() => {}
                Ok(()) = open.changed() => {
                    let is_open = *open.borrow_and_update();
                    connections.shutdown().await;
                    listener = if is_open { Some(listens(address).await) } else { None };
                    self.done.send_modify(|done| *done += 1);
                }
            }
        }
    }
}

async fn accepted(listener: Option<&TcpListener>) -> Option<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.ok().map(|(client, _)| client),
        None => std::future::pending().await,
    }
}

/// The port is claimed: nobody else wants it.
async fn listens(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => sleep(AGAIN).await,
        }
    }
}
