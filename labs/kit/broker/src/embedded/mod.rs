//! The embedded broker: librdkafka's mock cluster behind a relay.
//!
//! Reading order: [`Embedded`]; `mock`, the broker itself; `forward`, what stands
//! before it, and `pipe`, each connection; `coordinator`, what it answers by itself; `too_large`,
//! `batches`, `all_offsets` and `subscription`, what the mock gets wrong; `trim`, the warnings,
//! and what they are made from: `readers`, `ask`, `frame`, `wire`.

mod all_offsets;
mod ask;
mod batches;
mod coordinator;
mod forward;
mod frame;
mod mock;
mod pipe;
mod readers;
mod subscription;
#[cfg(test)]
mod tests;
mod too_large;
mod trim;
mod wire;

use std::ffi::CString;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use forward::Traffic;
use mock::Mock;
use trim::Trims;
pub use trim::Unread;

/// Bytes in a topic's name, as in Apache Kafka.
const LONGEST_NAME: usize = 249;
/// Bytes in a group's name. The flexible form has room for more than can be asked for, or kept.
const LONGEST_GROUP: usize = 255;
const MAX_PARTITIONS: i32 = 1_000;

/// The embedded broker can't start.
#[derive(Debug, thiserror::Error)]
#[error("the embedded broker can't start: {0}")]
pub struct StartError(String);

/// The embedded broker doesn't make this topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// There is one of that name.
    #[error("there is a topic {0}")]
    Exists(String),
    /// A name has 1 to 249 ASCII letters, digits, `.`, `_`, `-`, and is neither `.` nor `..`.
    #[error("{0:?} can't be a topic's name: take letters, digits, '.', '_' and '-'")]
    Name(String),
    /// A topic has 1 to 1,000 partitions here.
    #[error("a topic can't have {0} partitions: 1 to 1000")]
    Partitions(i32),
}

/// A broker in this process; dropping it ends it, and all that it held is gone.
///
/// It runs on threads of its own. A caller may block its runtime in a call to
/// librdkafka, and the broker answers that call all the same.
pub struct Embedded {
    address: SocketAddr,
    traffic: Arc<Traffic>,
    trims: Arc<Trims>,
    stop: CancellationToken,
    relay: Option<JoinHandle<()>>,
    // The last, so that the relay has let go of it.
    mock: Mock,
}

impl Embedded {
    /// Starts it on a free port of 127.0.0.1.
    pub fn start() -> Result<Self, StartError> {
        Self::on(TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?)
    }

    /// Starts it on a listener that is bound already.
    pub fn on(listener: TcpListener) -> Result<Self, StartError> {
        let address = listener.local_addr().map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let mock = Mock::start()?;
        mock.advertise(address);
        let (traffic, trims, stop) = (Arc::<Traffic>::default(), Arc::<Trims>::default(), CancellationToken::new());
        let (forwarded, watched, stopped) = (Arc::clone(&traffic), Arc::clone(&trims), stop.clone());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let broker = mock.address();
        let relay = move || {
            runtime.block_on(stopped.run_until_cancelled(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("it doesn't block");
                tokio::spawn(trim::watch(broker, Arc::clone(&forwarded), watched));
                let members = Arc::clone(&forwarded);
                tokio::spawn(async move { members.coordinator.watch().await });
                forward::forward(listener, broker, forwarded).await;
            }));
        };
        let relay = thread::Builder::new().name("embedded-broker".into()).spawn(relay).map_err(failed)?;
        Ok(Self { address, traffic, trims, stop, relay: Some(relay), mock })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes a topic. A topic that a producer or consumer asks for is made as well, with 4 partitions.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<(), TopicError> {
        let fits = (1..=LONGEST_NAME).contains(&name.len()) && name != "." && name != "..";
        if !fits || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            return Err(TopicError::Name(name.to_owned()));
        }
        if !(1..=MAX_PARTITIONS).contains(&partitions) {
            return Err(TopicError::Partitions(partitions));
        }
        let text = CString::new(name).expect("a name has no NUL");
        if self.mock.create_topic(&text, partitions) { Ok(()) } else { Err(TopicError::Exists(name.to_owned())) }
    }

    /// Closes every connection; clients may connect again at once.
    pub fn cut_connections(&self) {
        self.traffic.cut();
    }

    /// The broker goes away (`false`): connections are closed, and no new one is served.
    /// What it holds stays, and is there when it comes back.
    pub fn set_up(&self, up: bool) {
        self.traffic.coordinator.set_up(up);
        self.mock.set_up(up);
    }

    /// What was trimmed before it was read, as far as anybody can tell from
    /// outside. It is logged as a warning as well. Late by a second at most.
    pub fn trimmed_unread(&self) -> Vec<Unread> {
        self.trims.unread()
    }
}

fn failed(error: io::Error) -> StartError {
    StartError(error.to_string())
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(relay) = self.relay.take() {
            // Had it panicked, the panic has been printed.
            let _ = relay.join();
        }
    }
}
