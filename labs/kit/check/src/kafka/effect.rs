//! What the program has to do for each record, over HTTP: the checker plays it, and knows which
//! record it was asked for.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use tokio::sync::watch;

use crate::bench::Bench;
use crate::broker::Record;
use crate::http::{Gate, Mock, Received, Reply};
use crate::verdict::{Event, Failed, Who};

/// More is no program that goes on, but one that has lost its way.
const KEPT: usize = 2_000;

/// What a POST gets.
pub(super) enum Answer {
    Now(Reply),
    /// When the gate opens.
    Behind(Gate, Reply),
}

impl Answer {
    pub(super) fn status(status: StatusCode) -> Self {
        Self::Now(Reply::status(status))
    }

    pub(super) fn done() -> Self {
        Self::status(StatusCode::OK)
    }
}

/// A POST that came.
#[derive(Clone, Debug)]
pub(super) struct Post {
    pub(super) at: Instant,
    pub(super) value: String,
    /// It was answered with 2xx, and at once.
    pub(super) done: bool,
    /// In words.
    answer: String,
}

/// What is asked for there.
#[derive(Clone)]
struct Place {
    path: String,
    query: String,
}

/// Where the effects are had.
pub(super) struct Effect {
    mock: Mock,
    place: Place,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    posts: Mutex<Vec<Post>>,
    /// Records that may come, so that they are called by their places.
    known: Mutex<Vec<Record>>,
    /// Requests that are none of these POSTs, as they were on the wire.
    others: Mutex<Vec<String>>,
    came: watch::Sender<usize>,
}

impl Effect {
    /// Answers as `plan` says: it is given the value, and how often that came before.
    pub(super) async fn start(
        bench: &Bench,
        plan: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
    ) -> Result<Self, Failed> {
        let place = Place { path: format!("/effects/{}", bench.word()), query: format!("of={}", bench.word()) };
        let log = Arc::<Log>::default();
        let (noted, expected) = (Arc::clone(&log), place.clone());
        let answers = move |received: &Received, _: usize| noted.answer(received, &expected, &plan);
        let mock = Mock::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), answers).await;
        let mock = mock.map_err(|error| Failed::new("(listened for POSTs)", "a free port", error.to_string()))?;
        Ok(Self { mock, place, log })
    }

    /// The value of `LAB_EFFECT_URL`.
    pub(super) fn url(&self) -> String {
        format!("http://{}{}?{}", self.mock.address(), self.place.path, self.place.query)
    }

    /// These may come.
    pub(super) fn knows(&self, records: &[Record]) {
        *lock(&self.log.known) = records.to_vec();
    }

    /// Whether what came can't become right any more: of these and all records that may come, somebody
    /// asked for one before the one before it was done, or for something else.
    pub(super) fn goes_wrong(&self) -> impl Fn(&[Post]) -> Option<&'static str> + Send + use<> {
        let known = lock(&self.log.known).clone();
        move |posts| (0..posts.len()).find_map(|number| out_of_turn(&known, &posts[..number], &posts[number]))
    }

    /// All that came.
    pub(super) fn posts(&self) -> Vec<Post> {
        lock(&self.log.posts).clone()
    }

    /// Returns when something else came: that, as it was on the wire.
    pub(super) fn is_asked_otherwise(&self) -> impl Future<Output = String> + Send + use<> {
        let (log, mut came) = (Arc::clone(&self.log), self.log.came.subscribe());
        async move {
            loop {
                if let Some(other) = lock(&log.others).first() {
                    return other.clone();
                }
                // The log is there as long as this is.
                let _ = came.changed().await;
            }
        }
    }

    /// Returns when all that came is as wanted. The caller sets the time.
    pub(super) fn have_come<F>(&self, holds: F) -> impl Future<Output = ()> + Send + use<F>
    where
        F: Fn(&[Post]) -> bool + Send,
    {
        let (log, mut came) = (Arc::clone(&self.log), self.log.came.subscribe());
        async move {
            while !holds(&lock(&log.posts)) {
                // The log is there as long as this is.
                let _ = came.changed().await;
            }
        }
    }

    /// For a failure: what came when.
    pub(super) fn source(&self) -> impl Fn(Instant) -> Vec<Event> + Send + Sync + use<> {
        let log = Arc::clone(&self.log);
        move |began| log.events(&lock(&log.posts), began)
    }
}

impl Log {
    fn answer(&self, received: &Received, place: &Place, plan: &impl Fn(&str, usize) -> Answer) -> Reply {
        let is_there = received.path == place.path && received.query == place.query;
        if received.method != Method::POST || !is_there || !is_json(&received.headers) {
            let mut others = lock(&self.others);
            if others.len() < KEPT {
                others.push(received.raw.clone());
            }
            self.came.send_modify(|came| *came += 1);
            return Reply::status(if is_there { StatusCode::UNSUPPORTED_MEDIA_TYPE } else { StatusCode::NOT_FOUND });
        }
        let value = String::from_utf8_lossy(&received.body).into_owned();
        let mut posts = lock(&self.posts);
        let before = posts.iter().filter(|post| post.value == value).count();
        let (reply, held) = match plan(&value, before) {
            Answer::Now(reply) => (reply, false),
            Answer::Behind(gate, reply) => (reply.behind(&gate), !gate.is_open()),
        };
        let words = reply.to_string();
        let words = words.lines().next().unwrap_or_default().trim_start_matches("HTTP/1.1 ").to_owned();
        let done = words.starts_with('2') && !held;
        let answer = if held { "(its reply is held)".to_owned() } else { words };
        if posts.len() < KEPT {
            posts.push(Post { at: received.at, value, done, answer });
        }
        drop(posts);
        self.came.send_modify(|came| *came += 1);
        reply
    }

    /// Of many attempts in a row with one answer, the first and the last.
    fn events(&self, posts: &[Post], began: Instant) -> Vec<Event> {
        let is_same = |one: &Post, other: &Post| one.value == other.value && one.answer == other.answer;
        let of_value = |post: &Post, other: &&Post| other.value == post.value;
        let event = |(number, post): (usize, &Post)| {
            let before: Vec<_> = posts[..number].iter().rev().filter(|other| of_value(post, other)).collect();
            let times = before.iter().take_while(|other| is_same(post, other)).count() + 1;
            let next = posts[number + 1..].iter().find(|other| of_value(post, other));
            let event = self.event(post, began);
            match next.is_some_and(|next| is_same(post, next)) {
                true if times > 1 => None,
                false if times > 2 => Some(Event { what: format!("{}, {times} times by now", event.what), ..event }),
                _ => Some(event),
            }
        };
        posts.iter().enumerate().filter_map(event).collect()
    }

    fn event(&self, post: &Post, began: Instant) -> Event {
        let known = lock(&self.known);
        let mut places = known.iter().filter(|record| record.value.as_deref() == Some(post.value.as_bytes()));
        let what = match (places.next(), places.next()) {
            (Some(record), None) => format!("partition {} @ {}", record.partition, record.offset),
            _ => post.value.chars().take(60).collect(),
        };
        let at_ms = post.at.saturating_duration_since(began).as_millis() as u64;
        Event { at_ms, who: Who::You, what: format!("POST of {what} → {}", post.answer) }
    }
}

/// Whatever else it says, as `charset=utf-8`.
fn is_json(headers: &HeaderMap) -> bool {
    let said = headers.get(CONTENT_TYPE).and_then(|said| said.to_str().ok()).unwrap_or_default();
    said.split(';').next().is_some_and(|said| said.trim().eq_ignore_ascii_case("application/json"))
}

/// What should have been instead of this POST.
fn out_of_turn(known: &[Record], before: &[Post], post: &Post) -> Option<&'static str> {
    let is_of = |record: &Record, post: &Post| record.value.as_deref() == Some(post.value.as_bytes());
    let Some(record) = known.iter().find(|record| is_of(record, post)) else {
        return Some("the value of a record as the body, byte for byte");
    };
    let earlier = known.iter().filter(|one| one.partition == record.partition && one.offset < record.offset);
    let mut open = earlier.filter(|one| !before.iter().any(|post| post.done && is_of(one, post)));
    open.next().map(|_| "in a partition the next record when the one before it is done, and not before")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
