//! Asks other programs, within a time: one that hangs must not hang the doctor.

use std::ffi::OsStr;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// For anything outside to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read. A version takes a hundred.
const MOST: u64 = 64 * 1024;

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It ended well, and said this on stdout, then on stderr.
    Said(String),
    /// It is there and doesn't work; what it said last.
    Failed(String),
    /// It had not ended after [`PATIENCE`], and was.
    Silent,
    /// There is no such program.
    Missing,
}

impl Answer {
    /// The first line that it said.
    pub(super) fn line(&self) -> Option<&str> {
        let Self::Said(text) = self else { return None };
        text.lines().map(str::trim).find(|line| !line.is_empty())
    }

    /// Why there is nothing to read, as the end of a sentence about the program.
    pub(super) fn trouble(&self) -> String {
        match self {
            Self::Said(_) => "says nothing that could be read".to_owned(),
            Self::Failed(why) if why.is_empty() => "fails, and doesn't say why".to_owned(),
            Self::Failed(why) => format!("fails: {why}"),
            Self::Silent => format!("does not answer within {} s", PATIENCE.as_secs()),
            Self::Missing => "is not there".to_owned(),
        }
    }
}

/// Runs a program with nothing on its stdin, in a group of its own, so that a time-out
/// ends what it has started as well.
pub(super) async fn ask(program: impl AsRef<OsStr>, args: &[&str]) -> Answer {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = match command.process_group(0).spawn() {
        Ok(child) => Group(child),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Answer::Missing,
        Err(error) => return Answer::Failed(error.to_string()),
    };
    timeout(PATIENCE, hear(child)).await.unwrap_or(Answer::Silent)
}

async fn hear(mut group: Group) -> Answer {
    let (stdout, stderr) = (group.0.stdout.take(), group.0.stderr.take());
    let (stdout, stderr) = tokio::join!(read(stdout), read(stderr));
    match group.0.wait().await {
        Ok(status) if status.success() => Answer::Said(stdout + &stderr),
        Ok(_) => Answer::Failed(
            (stderr + &stdout).lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned(),
        ),
        Err(error) => Answer::Failed(error.to_string()),
    }
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What was read before an error is what it said.
        let _ = pipe.take(MOST).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A program and all that it started; dropped, they are killed.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // `None` once it was waited for: then the number may be another's.
        if let Some(pid) = self.0.id() {
            let _ = killpg(Pid::from_raw(pid as i32), Signal::SIGKILL);
        }
    }
}
