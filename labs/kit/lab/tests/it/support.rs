//! Programs as a test sees them: spawned with a database and a free port of
//! their own, gone with the test, whatever becomes of it.
//!
//! Nothing here sleeps for a time: what must come is waited for, up to [`PATIENCE`].

mod answer;
mod commands;
mod fake;
mod grpc;
mod process;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab_proto::pb::order_service_client::OrderServiceClient;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};

pub(crate) use self::answer::*;
pub(crate) use self::commands::*;
pub(crate) use self::fake::*;
pub(crate) use self::grpc::*;
pub(crate) use self::process::*;

/// Longer than anything here takes on a machine that does much else besides.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what must come; `what` names it when it doesn't.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited {PATIENCE:?} for {what}"))
}

/// Looks again and again until there is something.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    within(what, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}

/// What is tested twice, to the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lab {
    Rest,
    Grpc,
}

impl Lab {
    pub(crate) fn server(self) -> &'static str {
        match self {
            Self::Rest => "rest-server",
            Self::Grpc => "grpc-server",
        }
    }

    pub(crate) fn client(self) -> &'static str {
        match self {
            Self::Rest => "rest-client",
            Self::Grpc => "grpc-client",
        }
    }

    /// The variable that names the address.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::Rest => "LAB_REST_ADDR",
            Self::Grpc => "LAB_GRPC_ADDR",
        }
    }
}

/// A server on a free port.
pub(crate) struct Server {
    pub(crate) lab: Lab,
    pub(crate) address: SocketAddr,
    process: Process,
    database: PathBuf,
    /// Where it runs; its own database is in it.
    _folder: TempDir,
    http: reqwest::Client,
}

impl Server {
    pub(crate) async fn rest() -> Self {
        Self::start(Lab::Rest).await
    }

    pub(crate) async fn grpc() -> Self {
        Self::start(Lab::Grpc).await
    }

    /// On a new database.
    pub(crate) async fn start(lab: Lab) -> Self {
        let folder = folder();
        let database = folder.path().join("orders.db");
        Self::launch(lab, folder, database, &[]).await
    }

    /// On a database that others may use too.
    pub(crate) async fn on(lab: Lab, database: &Path) -> Self {
        Self::launch(lab, folder(), database.to_owned(), &[]).await
    }

    /// As [`on`](Self::on), started by a program that becomes the server and keeps its
    /// process id: `env`, `strace -D`, `unshare`.
    pub(crate) async fn under(starter: &[&str], lab: Lab, database: &Path) -> Self {
        Self::launch(lab, folder(), database.to_owned(), starter).await
    }

    async fn launch(lab: Lab, folder: TempDir, database: PathBuf, starter: &[&str]) -> Self {
        let path = database.to_str().expect("temporary names are UTF-8");
        let args = ["--listen", "127.0.0.1:0", "--json", "--database", path];
        let mut process = Process::spawn(lab_under(starter, folder.path(), lab.server(), &args));
        let Some(line) = process.line().await else {
            panic!("the server ended: {:?}", process.end().await);
        };
        let listening: Value = serde_json::from_str(&line).expect("a line of JSON");
        let address = listening["listening"].as_str().expect("an address").parse().expect("an address");
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.timeout(PATIENCE).build().expect("a client");
        Self { lab, address, process, database, _folder: folder, http }
    }

    pub(crate) fn database(&self) -> &Path {
        &self.database
    }

    pub(crate) fn pid(&self) -> Pid {
        self.process.pid()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// SIGTERM, and what it leaves behind.
    pub(crate) async fn stop(self) -> Output {
        self.signal(Signal::SIGTERM);
        self.end().await
    }

    /// SIGKILL, and waits until it is gone.
    pub(crate) async fn kill(self) -> Output {
        self.signal(Signal::SIGKILL);
        self.end().await
    }

    /// Waits for its end; somebody else ends it.
    pub(crate) async fn end(self) -> Output {
        self.process.end().await
    }

    /// A request that is yet to be filled, and sent with [`ask`].
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    /// `GET`.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask(self.request(Method::GET, path)).await
    }

    /// Sends bytes as they are and no more, and reads until the server closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.expect("it listens");
            // The server may close before it has read all.
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            answer
        };
        let answer = String::from_utf8_lossy(&within("the server to close", exchange).await).into_owned();
        assert_leaks_nothing(&answer);
        answer
    }

    /// A channel of its own: HTTP/2 would share one connection among clones.
    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).expect("an address");
        endpoint.connect().await.expect("it listens")
    }

    /// A gRPC client; it takes answers of any size.
    pub(crate) async fn orders(&self) -> OrderServiceClient<Channel> {
        OrderServiceClient::new(self.channel().await).max_decoding_message_size(usize::MAX)
    }

    /// Places an order with the lab's own client; its JSON form.
    pub(crate) async fn create(&self, created_by: &str, equipment: &[&str]) -> Value {
        let mut args = vec!["create", "--json", "--created-by", created_by];
        args.extend(equipment.iter().flat_map(|item| ["--equipment", item]));
        client(self, &args).await.expect(0).json()
    }
}

pub(crate) fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

/// Runs the server's own client to its end: `client(&server, &["get", id])`.
pub(crate) async fn client(server: &Server, args: &[&str]) -> Output {
    spawn_client(server, args).end().await
}

/// Starts the server's own client.
pub(crate) fn spawn_client(server: &Server, args: &[&str]) -> Process {
    spawn_client_at(server.lab, &server.address.to_string(), args)
}

/// Runs a client against whatever is at this address.
pub(crate) async fn client_at(lab: Lab, address: &str, args: &[&str]) -> Output {
    spawn_client_at(lab, address, args).end().await
}

/// Starts a client against whatever is at this address.
pub(crate) fn spawn_client_at(lab: Lab, address: &str, args: &[&str]) -> Process {
    let args = [&["--server", address], args].concat();
    Process::spawn(self::lab(&std::env::temp_dir(), lab.client(), &args))
}
