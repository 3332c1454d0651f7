//! The lines of a file for `import`, as they come, within bounded memory.
//!
//! A thread of its own reads, and waits when nobody takes its lines. It hands on
//! at once what a read has brought: to wake another thread costs more than a line does. tokio would
//! read stdin on a thread that its runtime joins at the end: a command that gave
//! up would hang until somebody pressed Enter. This thread nobody joins; it
//! ends with the program, or when its [`Lines`] are dropped and it has a line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::vec;

use futures_util::{Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::{Failure, reason};

/// Bytes in a line, without its break.
const LONGEST_LINE: usize = 64 * 1024;
/// What a read brings: 8 KiB. The last line that begins in it may be a long one.
const BUFFER: usize = 8 * 1024;
/// Batches of lines that are read ahead: 1 MiB or so at most.
const READ_AHEAD: usize = 16;
/// A thread that has a line hands it on sooner than that.
const MOMENT: Duration = Duration::from_millis(200);

/// A line that is not blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 1, as an editor counts: blank lines have a number too.
    pub number: u64,
    /// Its bytes without the break, for the server to judge. A line over 64 KiB
    /// has the failure that stands for it; the lines after it come all the same.
    pub content: Result<Vec<u8>, Failure>,
}

/// The lines of a file or of standard input. An `Err` is the last item: the
/// file could not be read any further.
#[derive(Debug)]
pub struct Lines {
    batches: mpsc::Receiver<Batch>,
    batch: vec::IntoIter<Result<Line, Failure>>,
    enough: Arc<AtomicBool>,
}

/// Lines that were there at once.
type Batch = Vec<Result<Line, Failure>>;

impl Lines {
    /// Opens a file; `-` is standard input. A file that isn't there is exit code 3.
    /// A named pipe waits for its writer: what bounds the command should bound this too.
    pub async fn open(path: &Path) -> Result<Self, Failure> {
        let (opened, is_open) = oneshot::channel();
        let (lines, receiver) = mpsc::channel(READ_AHEAD);
        let (path, enough) = (path.to_owned(), Arc::new(AtomicBool::new(false)));
        let until = Arc::clone(&enough);
        // To open may block as well: a named pipe waits for its writer.
        let reader = move || match open(&path) {
            Ok(input) => {
                let _ = opened.send(Ok(()));
                read(input, &path, &lines, &until);
            }
            Err(error) => {
                let _ = opened.send(Err(unreadable(&path, &error)));
            }
        };
        let thread = std::thread::Builder::new().name("import-lines".to_owned()).spawn(reader);
        thread.map_err(|error| {
            Failure::missing(format!("can't start a thread to read the import: {}", reason(&error)))
        })?;
        is_open.await.expect("the thread sends before it ends")?;
        Ok(Self { batches: receiver, batch: Vec::new().into_iter(), enough })
    }

    /// Reads no further. What was taken from the input already still comes: whoever wrote
    /// it into a pipe has no other copy. Then, or after a moment without a line, it is over.
    pub async fn next_of_the_last(&mut self) -> Option<Result<Line, Failure>> {
        self.enough.store(true, Ordering::Relaxed);
        timeout(MOMENT, self.next()).await.ok().flatten()
    }
}

impl Stream for Lines {
    type Item = Result<Line, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(line) = self.batch.next() {
                return Poll::Ready(Some(line));
            }
            match ready!(self.batches.poll_recv(context)) {
                Some(batch) => self.batch = batch.into_iter(),
                None => return Poll::Ready(None),
            }
        }
    }
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(Box::new(file))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let name = if path == Path::new("-") { PathBuf::from("standard input") } else { path.to_owned() };
    Failure::missing(format!(
        "can't read {} ({}): name a file with an order on each line, or -",
        name.display(),
        reason(error)
    ))
}

/// Until the end, an error, or nobody wants more.
fn read(input: impl Read, path: &Path, batches: &mpsc::Sender<Batch>, enough: &AtomicBool) {
    let mut input = BufReader::with_capacity(BUFFER, input);
    let (mut batch, mut is_last) = (Batch::new(), false);
    for number in 1.. {
        match read_line(&mut input) {
            Ok(None) => is_last = true,
            Ok(Some(Ok(bytes))) if bytes.trim_ascii().is_empty() => {}
            Ok(Some(content)) => batch.push(Ok(Line { number, content })),
            Err(error) => {
                batch.push(Err(unreadable(path, &error)));
                is_last = true;
            }
        }
        // The next line would have to be waited for, perhaps.
        let must_wait = is_last || !input.buffer().contains(&b'\n');
        if must_wait && !batch.is_empty() && batches.blocking_send(std::mem::take(&mut batch)).is_err() {
            return;
        }
        if is_last || must_wait && enough.load(Ordering::Relaxed) {
            return;
        }
    }
}

/// The next line without its break (`\n` or `\r\n`), `None` at the end. One that
/// is too long is passed over, and is its failure.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Result<Vec<u8>, Failure>>> {
    let (mut line, mut length) = (Vec::new(), 0_u64);
    loop {
        let available = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            available => available?,
        };
        if available.is_empty() && length == 0 {
            return Ok(None);
        }
        let end = available.iter().position(|&byte| byte == b'\n');
        let taken = &available[..end.unwrap_or(available.len())];
        // One byte more than a line may have: it may be the `\r` of its break.
        line.extend_from_slice(&taken[..taken.len().min(LONGEST_LINE + 1 - line.len())]);
        length += taken.len() as u64;
        let (consumed, is_over) = (taken.len() + usize::from(end.is_some()), end.is_some() || available.is_empty());
        input.consume(consumed);
        if is_over {
            break;
        }
    }
    let kept_all = length == line.len() as u64;
    if line.ends_with(b"\r") {
        line.pop();
    }
    let fits = kept_all && line.len() <= LONGEST_LINE;
    let too_long = || Failure::refused("invalid", format!("the line is longer than {LONGEST_LINE} bytes"));
    Ok(Some(fits.then_some(line).ok_or_else(too_long)))
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;
    use crate::Exit;

    async fn lines_of(content: &[u8]) -> Vec<Line> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), content).expect("content");
        let lines = Lines::open(file.path()).await.expect("it is there");
        lines.map(|line| line.expect("it can be read")).collect().await
    }

    fn line(number: u64, content: &[u8]) -> Line {
        Line { number, content: Ok(content.to_owned()) }
    }

    #[tokio::test]
    async fn blank_lines_are_skipped_and_counted() {
        let lines = lines_of(b"{1}\n\n \t\r\n{4}\r\n{5}").await;
        assert_eq!(lines, [line(1, b"{1}"), line(4, b"{4}"), line(5, b"{5}")]);
        assert_eq!(lines_of(b"").await, []);
        assert_eq!(lines_of(b"\n\n").await, []);
    }

    #[tokio::test]
    async fn bytes_come_as_they_are() {
        let lines = lines_of(b" \xff\0 \n\rx\r\r\n").await;
        assert_eq!(lines, [line(1, b" \xff\0 "), line(2, b"\rx\r")]);
    }

    #[tokio::test]
    async fn a_line_of_64_kib_is_taken_and_a_longer_one_refused_without_those_after_it() {
        let longest = vec![b'x'; LONGEST_LINE];
        for end in ["", "\n", "\r\n"] {
            assert_eq!(lines_of(&[&longest, end.as_bytes()].concat()).await, [line(1, &longest)], "{end:?}");
        }
        for more in [&b"x"[..], b"\rx", &vec![b'x'; 3 * LONGEST_LINE]] {
            let lines = lines_of(&[&longest, more, b"\n{2}\n"].concat()).await;
            let refused = lines[0].content.as_ref().expect_err("too long");
            assert_eq!(refused.message, "the line is longer than 65536 bytes");
            assert_eq!((lines[0].number, &lines[1..]), (1, &[line(2, b"{2}")][..]));
        }
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        for path in [folder.path().join("nothing.ndjson"), folder.path().to_owned()] {
            let failure = Lines::open(&path).await.expect_err("it can't be read");
            assert_eq!(failure.exit, Exit::Missing);
            assert!(failure.message.contains(&path.display().to_string()), "{failure}");
        }
    }

    #[tokio::test]
    async fn what_was_read_before_it_was_enough_still_comes_and_no_more() {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
        io::Write::write_all(&mut writer, b"{1}\n{2}\n").expect("room");
        let mut lines = Lines::open(Path::new(&path)).await.expect("it is there");
        assert_eq!(lines.next().await.expect("a line").expect("readable"), line(1, b"{1}"));
        assert_eq!(lines.next_of_the_last().await.expect("a line").expect("readable"), line(2, b"{2}"));
        // The writer is still there, and says no more.
        assert!(lines.next_of_the_last().await.is_none());
    }

    #[tokio::test]
    async fn a_reader_that_stops_ends_the_thread() {
        struct Endless;
        impl io::Read for Endless {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let length = into.len() & !1;
                into[..length].chunks_exact_mut(2).for_each(|line| line.copy_from_slice(b"x\n"));
                Ok(length)
            }
        }
        let (lines, mut receiver) = mpsc::channel(READ_AHEAD);
        let thread = std::thread::spawn(move || read(Endless, Path::new("endless"), &lines, &AtomicBool::new(false)));
        let first = receiver.recv().await.expect("a batch").remove(0).expect("it can be read");
        assert_eq!(first, line(1, b"x"));
        drop(receiver);
        thread.join().expect("it ends");
    }
}
