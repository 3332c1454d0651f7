//! librdkafka's mock cluster: the only place here that calls C.
//!
//! rdkafka's own `MockCluster` does the same with less: it can't tell clients
//! another port than its own, nor set the consumer groups' times.

#![expect(unsafe_code, reason = "librdkafka's mock cluster is a C API, and rdkafka wraps half of it")]

use std::ffi::{CStr, CString};
use std::net::{SocketAddr, TcpStream};
use std::ptr::NonNull;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rdkafka::bindings::{
    rd_kafka_mock_broker_set_down, rd_kafka_mock_broker_set_host_port, rd_kafka_mock_broker_set_up,
    rd_kafka_mock_cluster_bootstraps, rd_kafka_mock_cluster_destroy, rd_kafka_mock_cluster_new,
    rd_kafka_mock_cluster_t, rd_kafka_mock_group_initial_rebalance_delay_ms,
    rd_kafka_mock_set_group_consumer_heartbeat_interval_ms, rd_kafka_mock_set_group_consumer_session_timeout_ms,
    rd_kafka_mock_topic_create,
};
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::{ClientConfig, types::RDKafkaRespErr};

use super::StartError;

/// The one broker of the cluster; librdkafka counts from 1.
const BROKER: i32 = 1;
/// A member that is silent for this long has left its group.
const SESSION_MS: i32 = 2_000;
const HEARTBEAT_MS: i32 = 100;
/// A command takes microseconds.
const LATE: Duration = Duration::from_millis(5);

/// A cluster of one broker, on a port of its own; dropping it ends it.
pub(super) struct Mock {
    cluster: NonNull<rd_kafka_mock_cluster_t>,
    /// The cluster uses this client's memory and log. It has no server to connect to.
    _client: BaseProducer,
    /// Where the broker itself listens.
    address: SocketAddr,
}

// SAFETY: librdkafka's handles belong to no thread: each function that is called
// below takes the cluster's lock, or sends a command to the cluster's thread.
unsafe impl Send for Mock {}
// SAFETY: as above. Nothing here writes to the cluster by itself.
unsafe impl Sync for Mock {}

impl Mock {
    /// Starts it, with the groups' times set so that nobody waits for a rebalance.
    pub(super) fn start() -> Result<Self, StartError> {
        let client: BaseProducer = ClientConfig::new().create().map_err(|error| StartError(error.to_string()))?;
        // SAFETY: the client lives, and goes on living as long as the cluster: `drop` ends
        // the cluster, and fields are dropped after that.
        let cluster = unsafe { rd_kafka_mock_cluster_new(client.client().native_ptr(), 1) };
        let cluster = NonNull::new(cluster).ok_or_else(|| StartError("it has no port or no thread".to_owned()))?;
        // SAFETY: the cluster was made above. Each call takes its lock.
        unsafe {
            rd_kafka_mock_group_initial_rebalance_delay_ms(cluster.as_ptr(), 0);
            rd_kafka_mock_set_group_consumer_session_timeout_ms(cluster.as_ptr(), SESSION_MS);
            rd_kafka_mock_set_group_consumer_heartbeat_interval_ms(cluster.as_ptr(), HEARTBEAT_MS);
        }
        // SAFETY: the text ends with NUL and is the cluster's until it is destroyed; it is copied here.
        let address = unsafe { CStr::from_ptr(rd_kafka_mock_cluster_bootstraps(cluster.as_ptr())) };
        let address = address.to_string_lossy().into_owned();
        // Made before the address is judged, so that the cluster ends in any case.
        let mut mock = Self { cluster, _client: client, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        mock.address = address.parse().map_err(|_| StartError(format!("it listens on {address}")))?;
        Ok(mock)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on clients are told to connect to this address.
    pub(super) fn advertise(&self, address: SocketAddr) {
        let host = CString::new(address.ip().to_string()).expect("an address has no NUL");
        // SAFETY: the cluster lives as long as `self`; the host is copied within the call, under the cluster's lock.
        unsafe {
            rd_kafka_mock_broker_set_host_port(self.cluster.as_ptr(), BROKER, host.as_ptr(), address.port().into());
        }
    }

    /// `false` when there is such a topic.
    pub(super) fn create_topic(&self, name: &CStr, partitions: i32) -> bool {
        let error = awake(self.address, || {
            // SAFETY: the cluster lives as long as `self`; the name is copied within the call,
            // which waits for the cluster's thread.
            unsafe { rd_kafka_mock_topic_create(self.cluster.as_ptr(), name.as_ptr(), partitions, 1) }
        });
        error == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR
    }

    /// Down, it closes all connections and takes none.
    pub(super) fn set_up(&self, up: bool) {
        let set = if up { rd_kafka_mock_broker_set_up } else { rd_kafka_mock_broker_set_down };
        awake(self.address, || {
            // SAFETY: the cluster lives as long as `self`; the call waits for the cluster's thread.
            // Its only error is a broker that isn't there.
            unsafe { set(self.cluster.as_ptr(), BROKER) }
        });
    }
}

/// Gives the cluster's thread a command, and sees to it that it wakes up.
///
/// The thread empties its pipe of wake-ups after it has looked for commands. One
/// that comes in between waits until the next traffic, or a second. So some
/// traffic is made when the answer is late.
fn awake<T>(mock: SocketAddr, command: impl FnOnce() -> T) -> T {
    let (done, is_done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            while is_done.recv_timeout(LATE) == Err(RecvTimeoutError::Timeout) {
                let _ = TcpStream::connect(mock);
            }
        });
        let answer = command();
        drop(done);
        answer
    })
}

impl Drop for Mock {
    fn drop(&mut self) {
        awake(self.address, || {
            // SAFETY: made once in `start`, destroyed once here, and the client still lives.
            unsafe { rd_kafka_mock_cluster_destroy(self.cluster.as_ptr()) }
        });
    }
}
