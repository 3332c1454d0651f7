//! Programs as a test sees them: spawned with a database and a free port of
//! their own, gone with the test, whatever becomes of it.
//!
//! Nothing here sleeps for a time: what must come is waited for, up to [`PATIENCE`].

use std::fmt;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use lab_proto::pb::order_service_client::OrderServiceClient;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tonic::transport::{Channel, Endpoint};

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

/// `lab run PROGRAM ARGS…`, in a folder where it may leave files, and without
/// the settings of whoever runs the tests.
pub(crate) fn lab(folder: &Path, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.args(["run", program]).args(args).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    for name in ["LAB_REST_ADDR", "LAB_GRPC_ADDR", "LAB_DATABASE", "RUST_LOG", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Output {
    /// The exit code; minus the signal's number when one ended it.
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// stdout, a JSON object a line.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line} in {self:?}"));
        self.stdout.lines().map(parse).collect()
    }

    /// stdout, which must be one JSON object.
    pub(crate) fn json(&self) -> Value {
        let mut lines = self.json_lines();
        assert_eq!(lines.len(), 1, "{self:?}");
        lines.remove(0)
    }

    /// The code of the error on stderr, which must be one JSON object on one line.
    pub(crate) fn error_code(&self) -> String {
        let error: Value = serde_json::from_str(&self.stderr).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert!(error["error"]["message"].is_string(), "{self:?}");
        error["error"]["code"].as_str().unwrap_or_else(|| panic!("no code: {self:?}")).to_owned()
    }

    /// As expected; all of it is shown when it isn't.
    #[track_caller]
    pub(crate) fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// A program that runs.
pub(crate) struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: NamedTempFile,
    registered: Registered,
}

impl Process {
    pub(crate) fn spawn(mut command: Command) -> Self {
        // A file and not a pipe: nobody has to read it, and it is there when the program is gone.
        let stderr = NamedTempFile::new().expect("a temporary file");
        let file = stderr.reopen().expect("it is there");
        let mut child = command.stdout(Stdio::piped()).stderr(file).spawn().expect("the program starts");
        let registered = Registered::new(child.id().expect("it was not waited for"));
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, stdout, stderr, registered }
    }

    /// The next line of its stdout, without the break; `None` at the end.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = within("a line on stdout", self.stdout.read_line(&mut line)).await.expect("stdout is UTF-8");
        (read > 0).then(|| line.trim_end_matches('\n').to_owned())
    }

    pub(crate) fn stderr(&self) -> String {
        let bytes = std::fs::read(self.stderr.path()).expect("the file is there");
        String::from_utf8(bytes).expect("stderr is UTF-8")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.registered.pid(), signal).expect("it still runs");
    }

    /// Waits for its end, and reads what it printed last.
    pub(crate) async fn end(mut self) -> Output {
        let mut stdout = String::new();
        within("the program's end", self.stdout.read_to_string(&mut stdout)).await.expect("stdout is UTF-8");
        let status = within("the program's end", self.child.wait()).await.expect("it can be waited for");
        self.registered.is_over();
        output(status, stdout, self.stderr())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A handler that panics is contained, and its client may not notice. A test should.
        if !std::thread::panicking() {
            assert!(!self.stderr().contains("panicked"), "{}", self.stderr());
        }
    }
}

fn output(status: ExitStatus, stdout: String, stderr: String) -> Output {
    let status = status.code().unwrap_or_else(|| -status.signal().unwrap_or_default());
    Output { status, stdout, stderr }
}

/// A child that must not outlive the test process, even when that is killed:
/// a shell holds its number, and kills what it holds when its stdin ends.
struct Registered(Option<u32>);

static WATCHDOG: LazyLock<Mutex<std::process::ChildStdin>> = LazyLock::new(|| {
    let script = r#"trap '' INT TERM; all=" "
        while read -r sign pid; do
            case $sign in +) all="$all$pid ";; -) all="${all%% $pid *} ${all#* $pid }";; esac
        done
        [ "$all" = " " ] || kill -9 $all 2>/dev/null"#;
    let mut shell = std::process::Command::new("sh");
    let mut shell = shell.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("sh starts");
    Mutex::new(shell.stdin.take().expect("it is piped"))
});

impl Registered {
    fn new(pid: u32) -> Self {
        Self::say('+', pid);
        Self(Some(pid))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.0.expect("it runs") as i32)
    }

    /// The number may be another program's from now on.
    fn is_over(&mut self) {
        if let Some(pid) = self.0.take() {
            Self::say('-', pid);
        }
    }

    fn say(sign: char, pid: u32) {
        let mut watchdog = WATCHDOG.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        writeln!(watchdog, "{sign} {pid}").expect("the watchdog lives");
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // Not waited for yet, so the number is still its own.
            let _ = kill(Pid::from_raw(pid as i32), Signal::SIGKILL);
            self.is_over();
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

    async fn launch(lab: Lab, folder: TempDir, database: PathBuf, args: &[&str]) -> Self {
        let path = database.to_str().expect("temporary names are UTF-8");
        let args = [&["--listen", "127.0.0.1:0", "--json", "--database", path], args].concat();
        let mut process = Process::spawn(self::lab(folder.path(), lab.server(), &args));
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

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.process.stderr()
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

    /// Sends bytes as they are, and reads until the server closes. Ask it to: `Connection: close`.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.expect("it listens");
            // The server may close before it has read all.
            let _ = stream.write_all(bytes).await;
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
    let address = server.address.to_string();
    let args = [&["--server", &address], args].concat();
    Process::spawn(lab(&std::env::temp_dir(), server.lab.client(), &args))
}

/// What an HTTP server answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Sends a request and reads the whole answer.
pub(crate) async fn ask(request: RequestBuilder) -> Answer {
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.expect("a whole answer").to_vec();
    let answer = Answer { status, headers, body };
    assert_leaks_nothing(&format!("{answer:?}"));
    answer
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("headers are ASCII"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("bodies are UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.status, self.headers, String::from_utf8_lossy(&self.body))
    }
}

/// Nobody outside needs to know what a server is made of.
#[track_caller]
pub(crate) fn assert_leaks_nothing(answer: &str) {
    let lower = answer.to_ascii_lowercase();
    for internal in ["sqlite", "panicked", "src/", ".rs:", "orders.db", "select ", "tokio", "serde"] {
        assert!(!lower.contains(internal), "{internal} in {answer}");
    }
}
