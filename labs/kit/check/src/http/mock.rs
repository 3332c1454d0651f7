//! The checker as a server: it records what comes, and answers as a check wants it, also as
//! no server should.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, request};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::reply::{HALF_A_LINE, Reply};
use super::{Gate, Recorded, Recording};
use crate::verdict::{Event, Who};

/// No request in an exercise is larger.
const MOST: usize = 1024 * 1024;
/// Requests that are kept. A client that goes on for ever is told apart from one that doesn't.
const KEPT: usize = 1_000;
/// Until nobody listens any more: a start takes milliseconds.
const TO_LEAVE: Duration = Duration::from_secs(2);

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) at: Instant,
    pub(crate) method: Method,
    /// Percent-encoded, without the query.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// As it was on the wire.
    pub(crate) raw: String,
    /// What it got, in words or as it was on the wire.
    pub(crate) reply: String,
}

/// What a request gets; the number of those before it is given as well.
pub(crate) trait Plan: Fn(&Received, usize) -> Reply + Send + Sync + 'static {}
impl<T: Fn(&Received, usize) -> Reply + Send + Sync + 'static> Plan for T {}

/// A server under way. Dropping it closes every connection.
pub(crate) struct Mock {
    address: SocketAddr,
    begin: Instant,
    log: Arc<Log>,
    _tasks: JoinSet<()>,
}

struct Log {
    received: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
    /// Open: nobody is to listen any more, or not for so long.
    leave: Gate,
    back_after: OnceLock<Duration>,
    /// Open: nobody does.
    left: Gate,
}

impl Mock {
    /// Listens on this one.
    pub(crate) async fn start_at(address: SocketAddr, plan: impl Plan) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let log = Log {
            received: Mutex::default(),
            count: watch::Sender::new(0),
            leave: Gate::new(),
            back_after: OnceLock::new(),
            left: Gate::new(),
        };
        let log = Arc::new(log);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, address, Arc::clone(&log), Arc::new(plan)));
        Ok(Self { address, begin: Instant::now(), log, _tasks: tasks })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// When it began to listen.
    pub(crate) fn begin(&self) -> Instant {
        self.begin
    }

    /// All requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.log.lock().clone()
    }

    /// Returns when so many have come. The caller sets the time for that.
    pub(crate) async fn wait_for(&self, count: usize) {
        // The sender lives as long as this does.
        let _ = self.log.count.subscribe().wait_for(|&came| came >= count).await;
    }

    /// Requests and replies, one after the other, as they were on the wire: the first `most`.
    pub(crate) fn transcript(&self, most: usize) -> String {
        let exchange = |one: &Received| {
            // What is no answer is in brackets already.
            let head = if one.reply.starts_with('(') { "" } else { "(the checker answered)\n" };
            format!("{}\n\n{head}{}", one.raw.trim(), one.reply.trim())
        };
        let all: Vec<_> = self.received().iter().take(most).map(exchange).collect();
        all.join("\n\n")
    }

    /// What came and was answered when.
    pub(crate) fn ladder(&self) -> Vec<Event> {
        let event = |at: Instant, who, what: String| Event {
            at_ms: at.duration_since(self.begin).as_millis() as u64,
            who,
            what,
        };
        let first_line = |text: &str| text.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
        self.received()
            .iter()
            .flat_map(|one| {
                let came = event(one.at, Who::You, first_line(&one.raw));
                [came, event(one.at, Who::Checker, first_line(&one.reply))]
            })
            .collect()
    }
}

impl Log {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Chooses what it gets while no other can come in between.
    fn note(&self, mut received: Received, plan: &impl Plan) -> Reply {
        let mut all = self.lock();
        let count = *self.count.borrow();
        let reply = plan(&received, count);
        received.reply = reply.to_string();
        if all.len() < KEPT {
            all.push(received);
        }
        self.count.send_replace(count + 1);
        reply
    }
}

async fn accept(mut listener: TcpListener, address: SocketAddr, log: Arc<Log>, plan: Arc<impl Plan>) {
    // Dropped with this task, and all connections with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = log.leave.clone().pass(), if !log.left.is_open() => {
                drop(listener);
                let _ = timeout(TO_LEAVE, until_refused(address)).await;
                log.left.open();
                let Some(&time) = log.back_after.get() else { break };
                sleep(time).await;
                listener = again(address).await;
            }
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(serve(stream, Arc::clone(&log), Arc::clone(&plan)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
    while connections.join_next().await.is_some() {}
}

/// A process that is just being started holds the listener for a moment: whoever came then would be
/// reset and not refused, and would have lost a request.
async fn until_refused(address: SocketAddr) {
    while TcpStream::connect(address).await.is_ok() {
        sleep(Duration::from_millis(5)).await;
    }
}

/// Such a process holds the port as long.
async fn again(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => sleep(Duration::from_millis(5)).await,
        }
    }
}

async fn serve(stream: TcpStream, log: Arc<Log>, plan: Arc<impl Plan>) {
    let (recording, last) = (Recording::default(), Mutex::new(None));
    let io = TokioIo::new(Recorded::new(stream, recording.clone()));
    let service = service_fn(|request: http::Request<Incoming>| {
        let (log, plan, recording, last) = (&log, &*plan, &recording, &last);
        async move {
            let (parts, body) = request.into_parts();
            let body = Limited::new(body, MOST).collect().await.map_err(|_| io::Error::other("no whole request"))?;
            let received = received(parts, body.to_bytes(), recording);
            let reply = log.note(received, plan);
            if let Reply::Leave(time, _) = &reply {
                if let Some(time) = time {
                    let _ = log.back_after.set(*time);
                }
                log.leave.open();
                log.left.clone().pass().await;
            }
            *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply.clone());
            reply.into_response().await.ok_or_else(|| io::Error::other("cut, as the plan says"))
        }
    });
    // An error is a client that went away, or a reply that was cut.
    // Some close their side as soon as they have asked: they still want the answer.
    let mut connection = hyper::server::conn::http1::Builder::new().half_close(true).serve_connection(io, service);
    let _ = (&mut connection).await;
    // What no library sends, the bare connection can.
    let mut stream = connection.into_parts().io.into_inner().into_inner();
    let _ = match last.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(Reply::Reset) => stream.set_zero_linger(),
        Some(Reply::CutLine) => stream.write_all(HALF_A_LINE.as_bytes()).await,
        _ => Ok(()),
    };
}

fn received(parts: request::Parts, body: Bytes, recording: &Recording) -> Received {
    let raw = recording.read();
    recording.clear();
    Received {
        at: Instant::now(),
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
        raw,
        reply: String::new(),
    }
}

#[cfg(test)]
mod tests;
