//! Bodies: where they end (RFC 9112 §6), and what is kept of them.

use std::time::Instant;

use super::head::Head;
use crate::calls::MAX_TEXT;
use crate::{Message, text};

/// A chunk's size with its extensions, or the lines after the last chunk.
const MAX_LINES: usize = MAX_TEXT;

/// A body of which more may come.
pub(super) struct Body {
    framing: Framing,
    content: Content,
}

enum Framing {
    /// That many bytes more.
    Length(u64),
    Chunked(Chunk),
    /// Until the server closes the connection.
    Close,
}

/// Where in a chunked body.
enum Chunk {
    /// In the line that says how long the chunk is.
    Size(Vec<u8>),
    Data(u64),
    /// In the line break after its data.
    Break(Vec<u8>),
    /// After the last chunk: how long this line is so far, and all of them.
    Trailers {
        line: usize,
        all: usize,
    },
}

/// What is kept.
struct Content {
    /// Server-sent events come one by one; any other body is one message.
    events: bool,
    /// As `content-encoding` names it, unless it's the text itself.
    encoding: Option<String>,
    kept: Vec<u8>,
    /// Of the body, or of the event.
    bytes: u64,
    /// Of the line, for events.
    line: u64,
}

/// How many bytes were the body's, and whether it's complete.
type Read = Result<(usize, bool), &'static str>;

impl Body {
    /// `None` when there is no body.
    pub(super) fn of_request(head: &Head) -> Result<Option<Self>, &'static str> {
        Ok(framing(head)?.map(|framing| Self::new(framing, head)))
    }

    /// `None` when there is no body.
    pub(super) fn of_answer(head: &Head, to_head: bool) -> Result<Option<Self>, &'static str> {
        if to_head || matches!(head.status, 101 | 204 | 304) {
            return Ok(None);
        }
        let says_nothing =
            head.all("content-length").next().is_none() && head.all("transfer-encoding").next().is_none();
        let framing = if says_nothing { Some(Framing::Close) } else { framing(head)? };
        Ok(framing.map(|framing| Self::new(framing, head)))
    }

    fn new(framing: Framing, head: &Head) -> Self {
        let events = head.all("content-type").any(|kind| kind.trim_start().starts_with("text/event-stream"));
        let encoding = head.all("content-encoding").find(|name| !name.eq_ignore_ascii_case("identity"));
        let (kept, bytes, line) = Default::default();
        Self { framing, content: Content { events, encoding: encoding.map(str::to_owned), kept, bytes, line } }
    }

    /// Reads on; what became complete comes along, also before an error.
    pub(super) fn read(&mut self, bytes: &[u8], at: Instant) -> (Read, Vec<Message>) {
        let mut messages = Vec::new();
        let read = self.read_into(bytes, at, &mut messages);
        if matches!(read, Ok((_, true))) {
            messages.extend(self.content.end(at));
        }
        (read, messages)
    }

    /// What is there when no more will come.
    pub(super) fn end(&mut self, at: Instant) -> Option<Message> {
        self.content.end(at)
    }

    fn read_into(&mut self, bytes: &[u8], at: Instant, messages: &mut Vec<Message>) -> Read {
        let content = &mut self.content;
        match &mut self.framing {
            Framing::Close => {
                content.read(bytes, at, messages);
                Ok((bytes.len(), false))
            }
            Framing::Length(left) => {
                let used = at_most(*left, bytes);
                content.read(&bytes[..used], at, messages);
                *left -= used as u64;
                Ok((used, *left == 0))
            }
            Framing::Chunked(chunk) => {
                let mut used = 0;
                while used < bytes.len() {
                    let rest = &bytes[used..];
                    if let Chunk::Data(left) = chunk {
                        let length = at_most(*left, rest);
                        content.read(&rest[..length], at, messages);
                        *left -= length as u64;
                        used += length;
                        if *left == 0 {
                            *chunk = Chunk::Break(Vec::new());
                        }
                    } else {
                        used += 1;
                        if chunk.step(rest[0])? {
                            return Ok((used, true));
                        }
                    }
                }
                Ok((used, false))
            }
        }
    }
}

impl Chunk {
    /// Reads a byte that isn't data; true when it was the last of the body.
    fn step(&mut self, byte: u8) -> Result<bool, &'static str> {
        match self {
            Self::Size(line) if byte == b'\n' => {
                let size = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
                let size = std::str::from_utf8(size).ok().and_then(|hex| u64::from_str_radix(hex, 16).ok());
                *self = match size.ok_or("a chunk without a size")? {
                    0 => Self::Trailers { line: 0, all: 0 },
                    size => Self::Data(size),
                };
            }
            Self::Size(line) if line.len() < MAX_LINES => line.push(byte),
            Self::Size(_) => return Err("a chunk's size of more than 64 KiB"),
            Self::Break(before) => match (before.as_slice(), byte) {
                ([], b'\r') => before.push(byte),
                (_, b'\n') => *self = Self::Size(Vec::new()),
                _ => return Err("a chunk longer than its size"),
            },
            Self::Trailers { line: 0, .. } if byte == b'\n' => return Ok(true),
            Self::Trailers { all, .. } if *all >= MAX_LINES => return Err("trailers of more than 64 KiB"),
            Self::Trailers { line, all } => {
                *all += 1;
                match byte {
                    b'\n' => *line = 0,
                    b'\r' => {}
                    _ => *line += 1,
                }
            }
            Self::Data(_) => {}
        }
        Ok(false)
    }
}

impl Content {
    fn read(&mut self, bytes: &[u8], at: Instant, messages: &mut Vec<Message>) {
        if !self.events {
            return self.keep(bytes);
        }
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.keep(line);
            let own = line.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).count();
            self.line += own as u64;
            if line.ends_with(b"\n") && std::mem::take(&mut self.line) == 0 {
                messages.extend(self.end(at));
            }
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let room = MAX_TEXT.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end(&mut self, at: Instant) -> Option<Message> {
        let (kept, bytes) = (std::mem::take(&mut self.kept), std::mem::take(&mut self.bytes));
        let text = match &self.encoding {
            Some(encoding) => format!("{bytes} bytes, {encoding}"),
            None if self.events => text::plain(&kept, bytes).trim_end_matches(['\r', '\n']).to_owned(),
            None => text::plain(&kept, bytes),
        };
        // A blank line alone is no event.
        (bytes > 0 && !(self.events && text.is_empty())).then_some(Message { text, bytes, at, record: None })
    }
}

/// How a body is framed that is neither forbidden nor ends with the connection.
fn framing(head: &Head) -> Result<Option<Framing>, &'static str> {
    let encodings: Vec<&str> = head.all("transfer-encoding").flat_map(|line| line.split(',')).map(str::trim).collect();
    if let Some(last) = encodings.last() {
        let chunked = last.eq_ignore_ascii_case("chunked");
        return if chunked {
            Ok(Some(Framing::Chunked(Chunk::Size(Vec::new()))))
        } else {
            Err("an unknown transfer-encoding")
        };
    }
    let mut lengths =
        head.all("content-length").flat_map(|line| line.split(',')).map(|length| length.trim().parse::<u64>());
    let Some(length) = lengths.next() else { return Ok(None) };
    let length = length.map_err(|_| "a content-length that is no number")?;
    if lengths.any(|other| other != Ok(length)) {
        return Err("two different lengths");
    }
    Ok((length > 0).then_some(Framing::Length(length)))
}

fn at_most(left: u64, bytes: &[u8]) -> usize {
    usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()))
}
