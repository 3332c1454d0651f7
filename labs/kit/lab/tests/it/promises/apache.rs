//! Apache Kafka for tests: one that they share, or one of their own to be cruel to.

use std::time::Duration;

use lab_broker::apache::{Apache, Options};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::OnceCell;

use crate::kafka::support::Kafka;

/// Where a promise is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// A broker of its own, in this process.
    Embedded,
    /// The one that tests share, because none of them harms it.
    Apache,
}

impl On {
    pub(super) async fn kafka(self) -> Kafka {
        match self {
            Self::Embedded => Kafka::embedded(),
            Self::Apache => Kafka::on(shared().await),
        }
    }
}

/// `LAB_PROMISES=full` asks for the full form of each test.
pub(super) fn size<T>(short: T, full: T) -> T {
    if std::env::var("LAB_PROMISES").is_ok_and(|form| form == "full") { full } else { short }
}

/// Brokers of the test's own, with these variables on top of docker-compose.yml's.
pub(super) async fn start(cluster: bool, settings: &[(&str, &str)]) -> Apache {
    try_start(cluster, settings).await.unwrap_or_else(|why| panic!("{why}"))
}

async fn try_start(cluster: bool, settings: &[(&str, &str)]) -> Result<Apache, String> {
    let jars = std::env::var_os("LAB_KAFKA_JARS").filter(|folder| !folder.is_empty());
    // They are fetched once, and stay for the next run.
    let jars = jars.unwrap_or_else(|| concat!(env!("CARGO_TARGET_TMPDIR"), "/kafka-jars").into());
    let settings = settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let options = Options { cluster, jars: Some(jars.into()), settings, ..Options::default() };
    let started = Apache::start(options).await;
    started.map_err(|error| [error.log(), &[error.to_string()]].concat().join("\n"))
}

/// The address of the broker that tests share.
async fn shared() -> String {
    static SHARED: OnceCell<Result<String, String>> = OnceCell::const_new();
    let start = || async {
        let (tell, told) = tokio::sync::oneshot::channel();
        // A runtime of its own, which outlives that of the test which came first. The broker
        // ends with this process: Apache has a watchdog for that.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let apache = try_start(false, &[]).await;
                let _ = tell.send(apache.as_ref().map(Apache::bootstrap).map_err(String::clone));
                std::future::pending::<()>().await;
            });
        });
        told.await.expect("the thread tells before it ends")
    };
    SHARED.get_or_init(start).await.clone().unwrap_or_else(|why| panic!("{why}"))
}

/// Stops a broker (SIGSTOP): its connections stay, and nobody answers.
pub(super) struct Frozen(Pid);

impl Frozen {
    pub(super) fn new(apache: &Apache, broker: usize) -> Self {
        let pid = Pid::from_raw(apache.pid(broker).expect("it runs") as i32);
        kill(pid, Signal::SIGSTOP).expect("it runs");
        Self(pid)
    }

    /// How long it lasts is the fault, not a wait for something.
    pub(super) async fn thaw_after(self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        // Also when the test fails: a frozen process ends by SIGKILL all the same, but let us be tidy.
        let _ = kill(self.0, Signal::SIGCONT);
    }
}
