//! The servers that are measured: the labs', and peers that do as little as
//! can be done for the same answer.

mod bare_grpc;
mod bare_http;
mod commit_each;
mod ping;

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use lab_broker::apache::Apache;
use lab_broker::embedded::Embedded;
use lab_orders::{Order, Store};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[cfg(test)]
pub(crate) use self::bare_grpc::run as bare_grpc;
pub(crate) use self::bare_http::Answer;
use crate::machine;

/// Which server a child is; its command line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Server {
    /// The REST lab's, as it ships.
    Rest { database: PathBuf },
    /// The gRPC lab's, as it ships.
    Grpc { database: PathBuf },
    /// hyper alone: it says the same thing to everybody.
    BareHttp(Answer),
    /// tonic's own server, with the same message for everybody.
    BareGrpc { order: Order },
    /// TCP alone: so many bytes in, so many out.
    Ping { request: usize, response: usize },
    /// hyper and SQLite, with a commit for each order.
    CommitEach { database: PathBuf },
    /// The embedded broker, with these topics, of so many partitions.
    EmbeddedBroker { topics: Vec<(String, i32)> },
    /// Apache Kafka from its jars; its JVM ends with this process.
    Apache,
}

/// The first line of a child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listening {
    pub(crate) listening: SocketAddr,
}

/// What a child answers to each line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CpuTime {
    pub(crate) cpu_us: u64,
}

/// Serves until stdin ends: so a child doesn't outlive its parent, however that ends.
pub(crate) fn serve(server: &str) -> Result<()> {
    let server: Server = serde_json::from_str(server).context("failed to read which server to be")?;
    let _logs = lab_lifecycle::start_logs(lab_lifecycle::LevelFilter::INFO);
    // As `#[tokio::main]` would, and so as the labs' own programs do.
    let runtime = tokio::runtime::Runtime::new()?;
    // Before the task starts, so that a database that can't be opened is told in time.
    let (address, task) = runtime.block_on(start(server))?;
    runtime.spawn(task);
    say(&Listening { listening: address })?;
    for line in std::io::stdin().lock().lines() {
        line?;
        say(&CpuTime { cpu_us: machine::own_cpu_time()?.as_micros() as u64 })?;
    }
    // Without the servers' orderly stop: nobody is there to see it.
    std::process::exit(0)
}

type Task = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

async fn start(server: Server) -> Result<(SocketAddr, Task)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, stop) = (listener.local_addr()?, CancellationToken::new());
    let task: Task = match server {
        Server::Rest { database } => Box::pin(lab_rest::server::run(listener, Store::open(&database)?, stop)),
        Server::Grpc { database } => Box::pin(lab_grpc::server::run(listener, Store::open(&database)?, stop)),
        Server::BareHttp(answer) => Box::pin(bare_http::run(listener, answer.parse()?)),
        Server::BareGrpc { order } => Box::pin(bare_grpc::run(listener, order)),
        Server::Ping { request, response } => Box::pin(ping::run(listener, request, response)),
        Server::CommitEach { database } => Box::pin(commit_each::run(listener, commit_each::open(&database)?)),
        Server::EmbeddedBroker { topics } => {
            let broker = Embedded::on(listener.into_std()?)?;
            topics.iter().try_for_each(|(name, partitions)| broker.create_topic(name, *partitions))?;
            keep(broker)
        }
        Server::Apache => {
            let apache = Apache::start(lab_broker::apache::Options::default()).await?;
            return Ok((apache.addresses()[0], keep(apache)));
        }
    };
    Ok((address, task))
}

/// What has threads or processes of its own needs only to be kept.
fn keep(broker: impl Send + 'static) -> Task {
    Box::pin(async move {
        let _broker = broker;
        std::future::pending().await
    })
}

fn say(line: &impl Serialize) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(line)?)?;
    Ok(out.flush()?)
}
