//! Programs that run, and what they leave behind.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use super::within;

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

    /// The sentence on stderr, which must be one line for a person; nothing else was printed.
    #[track_caller]
    pub(crate) fn sentence(&self) -> &str {
        assert_eq!(self.stdout, "", "{self:?}");
        let line = self.stderr.strip_suffix('\n').filter(|line| !line.contains('\n'));
        line.and_then(|line| line.strip_prefix("error: ")).unwrap_or_else(|| panic!("no sentence: {self:?}"))
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
    // The first, so that it is dropped before the child, whose number is then still its own.
    registered: Registered,
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: NamedTempFile,
}

impl Process {
    pub(crate) fn spawn(mut command: Command) -> Self {
        // A file and not a pipe: nobody has to read it, and it is there when the program is gone.
        let stderr = NamedTempFile::new().expect("a temporary file");
        let file = stderr.reopen().expect("it is there");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .expect("the program starts (strace and unshare must be installed)");
        let registered = Registered::new(child.id().expect("it was not waited for"));
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { registered, child, stdout, stderr }
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

    pub(crate) fn pid(&self) -> Pid {
        self.registered.pid()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("it still runs");
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

static WATCHDOG: LazyLock<Mutex<std::process::Child>> = LazyLock::new(|| {
    let script = r#"trap '' INT TERM; all=" "
        while read -r sign pid; do
            case $sign in +) all="$all$pid ";; -) all="${all%% $pid *} ${all#* $pid }";; esac
        done
        [ "$all" = " " ] || kill -9 $all 2>/dev/null"#;
    let mut shell = std::process::Command::new("sh");
    Mutex::new(shell.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("sh starts"))
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
        let mut watchdog = WATCHDOG.lock().unwrap_or_else(PoisonError::into_inner);
        let stdin = watchdog.stdin.as_mut().expect("it is piped");
        writeln!(stdin, "{sign} {pid}").expect("the watchdog lives");
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
