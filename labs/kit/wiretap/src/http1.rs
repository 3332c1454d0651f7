//! HTTP/1.1 as it passes: heads by httparse, bodies by their framing (RFC 9112).
//!
//! Answers belong to requests by their order. Of informational answers (1xx) only
//! the bytes are kept; after 101 and CONNECT the rest is counted, and not read.

mod body;
mod head;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Instant;

use self::body::Body;
use self::head::{Head, Heading};
use crate::calls::{Log, Way};
use crate::relay::Decoder;

/// Requests whose answers are still to come. A server reads no further at some point.
const MAX_PIPELINED: usize = 1_000;

/// Reads along on one connection.
pub(crate) struct Http {
    log: Log,
    exchanges: VecDeque<Exchange>,
    sent: State,
    received: State,
}

/// A request and its answer, until both are complete.
struct Exchange {
    call: u64,
    /// Its answer has no body, whatever its head says.
    is_head: bool,
    is_connect: bool,
    sent: bool,
    received: bool,
}

/// Where one direction is.
enum State {
    Head(Heading),
    Body(u64, Body),
    /// The rest belongs to this call and isn't read.
    Rest(u64),
}

impl Http {
    pub(crate) fn new(log: Log) -> Self {
        let start = || State::Head(Heading::default());
        Self { log, exchanges: VecDeque::new(), sent: start(), received: start() }
    }

    fn state(&mut self, way: Way) -> &mut State {
        match way {
            Way::Sent => &mut self.sent,
            Way::Received => &mut self.received,
        }
    }

    fn read(&mut self, way: Way, mut bytes: &[u8], at: Instant) {
        while !bytes.is_empty() {
            let used = match std::mem::replace(self.state(way), State::Head(Heading::default())) {
                State::Head(heading) => self.read_head(way, heading, bytes, at),
                State::Body(call, body) => self.read_body(way, call, body, bytes, at),
                State::Rest(call) => {
                    self.log.count(call, way, bytes.len(), at);
                    *self.state(way) = State::Rest(call);
                    bytes.len()
                }
            };
            bytes = &bytes[used..];
        }
    }

    /// Reads on in a head, and returns how many of the bytes belong to it.
    fn read_head(&mut self, way: Way, mut heading: Heading, bytes: &[u8], at: Instant) -> usize {
        match heading.read(way, bytes, at) {
            Ok(None) => {
                *self.state(way) = State::Head(heading);
                bytes.len()
            }
            Ok(Some((head, used))) => {
                match way {
                    Way::Sent => self.request(head, at),
                    Way::Received => self.answer(head, at),
                }
                used
            }
            Err(why) => {
                self.not_http(way, &heading, &why, at);
                bytes.len()
            }
        }
    }

    fn request(&mut self, head: Head, at: Instant) {
        let name = head.target();
        let call = self.log.open();
        let (is_head, is_connect) = (name.starts_with("HEAD "), name.starts_with("CONNECT "));
        self.exchanges.push_back(Exchange { call, is_head, is_connect, sent: false, received: false });
        let body = Body::of_request(&head);
        self.write_head(call, Way::Sent, head, at);
        if self.exchanges.len() > MAX_PIPELINED {
            return self.unreadable(Way::Sent, call, "more than 1,000 requests without an answer");
        }
        self.begin(Way::Sent, call, body);
    }

    fn answer(&mut self, head: Head, at: Instant) {
        let call = self.awaited();
        if head.status / 100 == 1 && head.status != 101 {
            return self.log.count(call, Way::Received, head.length, at);
        }
        let exchange = self.exchanges.iter().find(|exchange| exchange.call == call);
        let (is_head, is_connect) = exchange.map_or((false, false), |it| (it.is_head, it.is_connect));
        let tunnel = head.status == 101 || (is_connect && head.status / 100 == 2);
        let body = Body::of_answer(&head, is_head);
        self.write_head(call, Way::Received, head, at);
        if tunnel {
            (self.sent, self.received) = (State::Rest(call), State::Rest(call));
        } else {
            self.begin(Way::Received, call, body);
        }
    }

    /// The call that the next answer belongs to.
    fn awaited(&mut self) -> u64 {
        if let Some(exchange) = self.exchanges.iter().find(|exchange| !exchange.received) {
            return exchange.call;
        }
        // A server may answer what was never asked, such as 408 to silence.
        let call = self.log.open();
        self.exchanges.push_back(Exchange { call, is_head: false, is_connect: false, sent: true, received: false });
        call
    }

    fn write_head(&self, call: u64, way: Way, head: Head, at: Instant) {
        self.log.edit(call, |call| {
            if call.name.is_empty() {
                call.name = if way == Way::Sent { head.target().to_owned() } else { "(no request)".into() };
            }
            let side = call.side(way);
            side.passed(head.length, head.first);
            side.passed(0, at);
            (side.start, side.headers) = (head.start, head.headers);
        });
    }

    fn begin(&mut self, way: Way, call: u64, body: Result<Option<Body>, &'static str>) {
        match body {
            Ok(Some(body)) => *self.state(way) = State::Body(call, body),
            Ok(None) => self.complete(way, call),
            Err(why) => self.unreadable(way, call, why),
        }
    }

    /// Reads on in a body, and returns how many of the bytes belong to it.
    fn read_body(&mut self, way: Way, call: u64, mut body: Body, bytes: &[u8], at: Instant) -> usize {
        let (read, messages) = body.read(bytes, at);
        let used = read.as_ref().map_or(bytes.len(), |(used, _)| *used);
        self.log.edit(call, |call| {
            let side = call.side(way);
            side.passed(used, at);
            messages.into_iter().for_each(|message| side.push(message));
        });
        match read {
            Ok((_, true)) => self.complete(way, call),
            Ok((_, false)) => *self.state(way) = State::Body(call, body),
            Err(why) => self.unreadable(way, call, why),
        }
        used
    }

    fn complete(&mut self, way: Way, call: u64) {
        *self.state(way) = State::Head(Heading::default());
        if let Some(exchange) = self.exchanges.iter_mut().find(|exchange| exchange.call == call) {
            match way {
                Way::Sent => exchange.sent = true,
                Way::Received => exchange.received = true,
            }
        }
        while self.exchanges.front().is_some_and(|exchange| exchange.sent && exchange.received) {
            self.exchanges.pop_front().into_iter().for_each(|exchange| self.log.end(exchange.call));
        }
    }

    /// What should be a head is none; the rest of this direction is only counted.
    fn not_http(&mut self, way: Way, heading: &Heading, why: &str, at: Instant) {
        let call = match way {
            Way::Sent => {
                let call = self.log.open();
                let (is_head, is_connect) = (false, false);
                self.exchanges.push_back(Exchange { call, is_head, is_connect, sent: false, received: false });
                call
            }
            Way::Received => self.awaited(),
        };
        self.log.count(call, way, heading.len(), at);
        self.unreadable(way, call, why);
    }

    fn unreadable(&mut self, way: Way, call: u64, why: &str) {
        self.log.edit(call, |call| {
            call.side(way).start = format!("not HTTP: {why}");
            if call.name.is_empty() {
                call.name = "(not HTTP)".into();
            }
        });
        *self.state(way) = State::Rest(call);
    }
}

impl Decoder for Http {
    fn sent(&mut self, bytes: &[u8], at: Instant) {
        self.read(Way::Sent, bytes, at);
    }

    fn received<'a>(&mut self, bytes: &'a [u8], at: Instant) -> Cow<'a, [u8]> {
        self.read(Way::Received, bytes, at);
        Cow::Borrowed(bytes)
    }

    fn closed(&mut self, way: Way, at: Instant) -> Vec<u8> {
        match std::mem::replace(self.state(way), State::Head(Heading::default())) {
            State::Head(heading) if heading.len() == 0 => {}
            State::Head(heading) => self.not_http(way, &heading, "a head that does not end", at),
            State::Body(call, mut body) => {
                let message = body.end(at);
                self.log.edit(call, |call| message.into_iter().for_each(|message| call.side(way).push(message)));
                self.complete(way, call);
            }
            State::Rest(call) => self.complete(way, call),
        }
        Vec::new()
    }

    fn gone(&mut self, at: Instant) {
        self.closed(Way::Sent, at);
        self.closed(Way::Received, at);
        self.exchanges.drain(..).for_each(|exchange| self.log.end(exchange.call));
    }
}
