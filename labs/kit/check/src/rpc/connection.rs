//! A connection of HTTP/2, with as many calls on it as a check wants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use super::client::{PATIENCE, Request, WINDOW, whole};
use super::head::Problem;
use super::messages::framed;
use super::{Answer, Stream};
use crate::http::{Recorded, Recording};
use crate::verdict::Failed;

/// Nothing that is asked for in an exercise has more headers.
const HEADERS: u32 = 64 * 1024;
/// Of small messages as many wait as a check wants, and not as few as h2 lets wait by itself: 200.
const UNREAD: usize = 4 * 1024 * 1024;
/// Until the server's settings say how many (SETTINGS_MAX_CONCURRENT_STREAMS); more than it takes, it refuses.
const UNTIL_SETTINGS: usize = 1;

/// Each clone is the same one. It is closed when all of them, and all of its streams, are dropped.
#[derive(Clone)]
pub(crate) struct Connection {
    address: SocketAddr,
    sender: SendRequest<Bytes>,
    windows: mpsc::UnboundedSender<u32>,
    pub(super) recording: Recording,
    open: AbortHandle,
    _task: Arc<JoinSet<()>>,
}

impl Connection {
    /// # Errors
    ///
    /// When there is no server, or none for HTTP/2.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Failed> {
        let (did, recording) = (format!("(opened a connection to {address})"), Recording::default());
        let connected = timeout(PATIENCE, Self::connect(address, WINDOW, recording.clone())).await;
        connected.unwrap_or_else(|_| Err(not_taken(PATIENCE))).map_err(|problem| no_server(did, problem, &recording))
    }

    /// Calls a method, and reads all that comes.
    ///
    /// # Errors
    ///
    /// When no whole answer comes in time: with what came until then.
    pub(crate) async fn call(&self, request: Request) -> Result<Answer, Failed> {
        whole(request.patience, self.start(request)).await
    }

    /// Calls a method: all is sent, and nothing is read yet.
    ///
    /// # Errors
    ///
    /// When the connection breaks, or takes no call in time.
    pub(crate) async fn start(&self, request: Request) -> Result<Stream, Failed> {
        let (sent, patience) = (request.told(), request.patience);
        let started = timeout(patience, self.started(request)).await;
        started
            .unwrap_or_else(|_| Err(not_taken(patience)))
            .map_err(|problem| no_server(sent, problem, &self.recording))
    }

    /// On a connection of its own.
    pub(super) async fn start_at(address: SocketAddr, request: Request) -> Result<Stream, Failed> {
        let (sent, patience, recording) = (request.told(), request.patience, Recording::default());
        let started = async {
            let connection = Self::connect(address, request.window, recording.clone()).await?;
            connection.started(request).await
        };
        let started = timeout(patience, started).await;
        started.unwrap_or_else(|_| Err(not_taken(patience))).map_err(|problem| no_server(sent, problem, &recording))
    }

    async fn connect(address: SocketAddr, window: u32, recording: Recording) -> Result<Self, Problem> {
        let tcp = TcpStream::connect(address).await.map_err(|error| Problem::refused(address, &error))?;
        // Small frames are not to wait for each other.
        let _ = tcp.set_nodelay(true);
        let (sender, mut connection) = Builder::new()
            .initial_window_size(window)
            .initial_max_send_streams(UNTIL_SETTINGS)
            .max_header_list_size(HEADERS)
            .data_frame_budget(UNREAD)
            .enable_push(false)
            .handshake::<_, Bytes>(Recorded::new(tcp, recording.clone()))
            .await
            .map_err(|error| Problem::broken(&error))?;
        let (windows, mut wanted) = mpsc::unbounded_channel();
        let mut task = JoinSet::new();
        let open = task.spawn(async move {
            loop {
                tokio::select! {
                    // What goes wrong on it, its streams tell.
                    _ = &mut connection => return,
                    Some(window) = wanted.recv() => {
                        let _ = connection.set_initial_window_size(window);
                    }
                }
            }
        });
        Ok(Self { address, sender, windows, recording, open, _task: Arc::new(task) })
    }

    /// So many calls at a time the server takes on it, as far as it has said so.
    pub(crate) fn most_calls(&self) -> usize {
        self.sender.current_max_send_streams()
    }

    /// Closes it under all of its calls: as of a client that ended.
    pub(super) fn close(&self) {
        self.open.abort();
    }

    async fn started(&self, request: Request) -> Result<Stream, Problem> {
        let broken = |error: h2::Error| Problem::broken(&error);
        let mut sender = self.sender.clone().ready().await.map_err(broken)?;
        let (told, mut message) = (request.told(), framed(&request.message));
        let (response, mut outgoing) = sender.send_request(request.head(self.address), false).map_err(broken)?;
        if let Some(gate) = request.gate {
            let last = message.split_off(message.len() - 1);
            outgoing.send_data(message, false).map_err(broken)?;
            gate.pass().await;
            message = last;
        }
        outgoing.send_data(message, true).map_err(broken)?;
        Ok(Stream::new((told, request.method), (response, outgoing), self.clone()))
    }

    /// From now on so many bytes may come, on each stream, that nobody has read.
    pub(super) fn widen(&self, window: u32) {
        // A connection that is gone has no window.
        let _ = self.windows.send(window);
    }
}

fn not_taken(patience: Duration) -> Problem {
    Problem::plain(format!("the call wasn't taken within {} s", patience.as_secs_f32()))
}

fn no_server(sent: String, problem: Problem, recording: &Recording) -> Failed {
    let problem = problem.or_not_http2(&recording.bytes_read());
    Failed { advice: problem.advice, ..Failed::new(sent, "a server for gRPC", format!("({})", problem.what)) }
}
