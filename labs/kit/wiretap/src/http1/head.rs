//! The head of a request or an answer: its start line and headers.

use std::time::Instant;

use httparse::{EMPTY_HEADER, Header, Request, Response, Status};

use crate::calls::{MAX_TEXT, Way};
use crate::text;

const MAX_HEADERS: usize = 256;

/// A whole head.
pub(super) struct Head {
    /// The start line, without its end.
    pub(super) start: String,
    /// Of an answer; else 0.
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    /// On the wire.
    pub(super) length: usize,
    /// When its first byte passed.
    pub(super) first: Instant,
}

impl Head {
    /// Of a request: `GET /path`.
    pub(super) fn target(&self) -> &str {
        self.start.rsplit_once(' ').map_or(self.start.as_str(), |(target, _)| target)
    }

    /// The values of a header.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(this, _)| this.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A head of which more may come.
#[derive(Default)]
pub(super) struct Heading {
    bytes: Vec<u8>,
    first: Option<Instant>,
}

impl Heading {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The head, when these bytes complete it, and how many of them it took.
    pub(super) fn read(&mut self, way: Way, bytes: &[u8], at: Instant) -> Result<Option<(Head, usize)>, String> {
        let (before, first) = (self.bytes.len(), *self.first.get_or_insert(at));
        self.bytes.extend_from_slice(bytes);
        // It can't end but with a line.
        if bytes.contains(&b'\n') || before == 0 {
            let parsed = match way {
                Way::Sent => self.request(first),
                Way::Received => self.answer(first),
            };
            // It was not whole before, so it ends among the new bytes.
            if let Some(head) = parsed.map_err(|error| error.to_string())? {
                let used = head.length.saturating_sub(before);
                return Ok(Some((head, used)));
            }
        }
        if self.bytes.len() > MAX_TEXT { Err("a head of more than 64 KiB".into()) } else { Ok(None) }
    }

    fn request(&self, first: Instant) -> Result<Option<Head>, httparse::Error> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut request = Request::new(&mut headers);
        Ok(match request.parse(&self.bytes)? {
            Status::Complete(length) => Some(self.head(length, 0, request.headers, first)),
            Status::Partial => None,
        })
    }

    fn answer(&self, first: Instant) -> Result<Option<Head>, httparse::Error> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut answer = Response::new(&mut headers);
        Ok(match answer.parse(&self.bytes)? {
            Status::Complete(length) => Some(self.head(length, answer.code.unwrap_or_default(), answer.headers, first)),
            Status::Partial => None,
        })
    }

    fn head(&self, length: usize, status: u16, headers: &[Header<'_>], first: Instant) -> Head {
        // As it was written; empty lines may come before it.
        let mut lines = self.bytes[..length].split(|&byte| byte == b'\n').map(|line| line.trim_ascii());
        let start = text::lossy(lines.find(|line| !line.is_empty()).unwrap_or_default());
        let headers = headers.iter().map(|header| (header.name.to_owned(), text::lossy(header.value))).collect();
        Head { start, status, headers, length, first }
    }
}
