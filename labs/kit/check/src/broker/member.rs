//! Consumers that the checker starts and ends as it likes: the members of one group.
//!
//! A check waits for a condition, with [`Group::until`]: a line that was printed, a request that
//! came. What a failure shows is the same for all: how each was started, what is in the topic, what
//! each has printed, how far the group has committed, and who did what when (`story`).

mod story;
#[cfg(test)]
mod tests;

use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::select_all;
use tokio::time::{sleep, timeout};

use self::story::{Seen, Source};
use super::consuming::{LINE, line_of, parse};
use super::run::told;
use super::{At, Broker, MEMBER, Record, Relay};
use crate::bench::Bench;
use crate::process::{Process, Unread, describe};
use crate::verdict::{Event, Failed, Outcome, Who};

/// For what it has printed at its end to arrive.
const MOMENT: Duration = Duration::from_millis(300);

/// A group with a name of its own, and its members so far. Each clone is the same.
#[derive(Clone)]
pub(crate) struct Group(Arc<Inner>);

struct Inner {
    broker: Broker,
    topic: String,
    name: String,
    began: Instant,
    members: Mutex<Vec<Arc<Seen>>>,
    notes: Mutex<Vec<(Instant, Who, String)>>,
    sources: Mutex<Vec<Source>>,
}

/// One under way, or after its end. Dropped, it is killed.
pub(crate) struct Member {
    group: Group,
    seen: Arc<Seen>,
    process: Process,
}

impl Bench {
    /// A new group that reads this topic.
    pub(crate) fn group(&self, topic: &str) -> Group {
        let (broker, name) = (self.kafka().clone(), self.word());
        broker.note_group(&name);
        let (members, notes, sources) = Default::default();
        Group(Arc::new(Inner { broker, topic: topic.to_owned(), name, began: Instant::now(), members, notes, sources }))
    }
}

impl Group {
    /// Starts the program as another member, with these variables besides.
    pub(crate) fn start(&self, bench: &Bench, at: At<'_>, variables: &[(&str, &str)]) -> Result<Member, Failed> {
        let (brokers, claim) = bench.address_of(&at)?;
        let group = [("LAB_TOPIC", &*self.0.topic), ("LAB_GROUP", &*self.0.name)];
        let variables = [&group, variables].concat();
        let process = bench.start_at(&brokers, &variables, None)?;
        if let At::Relay(relay) = &at {
            self.shows(relay.source());
        }
        let mut members = lock(&self.0.members);
        let (number, told) = (members.len() + 1, told(&at, &brokers, &variables));
        let seen = Arc::new(Seen::new(number, told, &process, claim));
        members.push(Arc::clone(&seen));
        Ok(Member { group: self.clone(), seen, process })
    }

    /// Where each partition's next record for this group is; `None` where it has committed nothing.
    pub(crate) async fn committed(&self) -> Result<Vec<Option<i64>>, Failed> {
        self.0.broker.committed(&self.0.name, &self.0.topic).await
    }

    /// Something happens that a failure is to tell of.
    pub(crate) fn note(&self, who: Who, what: impl Into<String>) {
        lock(&self.0.notes).push((Instant::now(), who, what.into()));
    }

    /// A failure is to show what happens there as well. It is given the beginning.
    pub(crate) fn shows(&self, source: impl Fn(Instant) -> Vec<Event> + Send + Sync + 'static) {
        lock(&self.0.sources).push(Box::new(source));
    }

    /// Returns when what the members so far have printed, in the order in which they were started,
    /// is as wanted. The caller sets the time. A line that is no record doesn't count.
    pub(crate) fn have_printed<F>(&self, holds: F) -> impl Future<Output = ()> + Send + use<F>
    where
        F: Fn(&[Vec<Record>]) -> bool + Send,
    {
        let members = lock(&self.0.members).clone();
        let mut outputs: Vec<_> = members.iter().map(|seen| seen.stdout.clone()).collect();
        async move {
            while !holds(&members.iter().map(|seen| seen.records()).collect::<Vec<_>>()) {
                select_all(outputs.iter_mut().map(|output| Box::pin(output.more()))).await;
            }
        }
    }

    /// What each has printed so far, in the order in which they were started.
    pub(crate) fn printed(&self) -> Vec<Vec<Record>> {
        lock(&self.0.members).iter().map(|seen| seen.records()).collect()
    }

    /// Waits for what is `expected`, while these members run: it fails when one of them ends, and
    /// after that time.
    pub(crate) async fn until<T>(
        &self,
        members: &mut [&mut Member],
        patience: Duration,
        expected: &str,
        came: impl Future<Output = T> + Send,
    ) -> Result<T, Failed> {
        let mut came = std::pin::pin!(came);
        let ends = members.iter_mut().map(|member| Box::pin(member.ended()));
        tokio::select! {
            biased;
            came = &mut came => return Ok(came),
            _ = select_all(ends) => {}
            () = sleep(patience) => return Err(self.wrong(&within(expected, patience)).await),
        }
        // It may have come with the end.
        match timeout(MOMENT, came).await {
            Ok(came) => Ok(came),
            Err(_) => Err(self.wrong(expected).await),
        }
    }

    /// It isn't as expected.
    pub(crate) async fn wrong(&self, expected: &str) -> Failed {
        self.story(expected).await
    }

    /// Passes if it holds; `expected` says what should.
    pub(crate) async fn expect(&self, expected: &str, holds: bool) -> Outcome {
        if holds { Ok(()) } else { Err(self.wrong(expected).await) }
    }

    /// Whoever has read behind this relay has joined.
    pub(crate) async fn expect_member(&self, relay: &Relay) -> Outcome {
        self.expect(MEMBER, relay.has_member()).await
    }
}

fn within(expected: &str, patience: Duration) -> String {
    format!("{expected}, within {} s", patience.as_secs_f32().round())
}

impl Member {
    /// As how many it was started.
    pub(crate) fn number(&self) -> usize {
        self.seen.number
    }

    /// As [`Group::until`], while this one runs.
    pub(crate) async fn until<T>(
        &mut self,
        patience: Duration,
        expected: &str,
        came: impl Future<Output = T> + Send,
    ) -> Result<T, Failed> {
        self.group.clone().until(&mut [self], patience, expected, came).await
    }

    /// What it has printed so far. It fails on a line that is no record.
    pub(crate) async fn printed(&self) -> Result<Vec<Record>, Failed> {
        let records: Option<Vec<_>> = self.seen.lines().iter().map(|(_, line)| parse(line)).collect();
        match records {
            Some(records) => Ok(records),
            None => Err(self.group.wrong(LINE).await),
        }
    }

    /// When its line came.
    pub(crate) fn printed_at(&self, record: &Record) -> Option<Instant> {
        let lines = self.seen.lines();
        lines.iter().find(|(_, line)| parse(line).as_ref() == Some(record)).map(|(at, _)| *at)
    }

    /// As [`Group::have_printed`], of this one alone.
    pub(crate) fn has_printed<F>(&self, holds: F) -> impl Future<Output = ()> + Send + use<F>
    where
        F: Fn(&[Record]) -> bool + Send,
    {
        let (seen, mut output) = (Arc::clone(&self.seen), self.seen.stdout.clone());
        async move {
            while !holds(&seen.records()) {
                output.more().await;
            }
        }
    }

    /// Waits until it has printed each of these. A failure names one that is missing.
    pub(crate) async fn prints(&mut self, patience: Duration, expected: &str, records: &[Record]) -> Outcome {
        let wanted = records.to_vec();
        let printed = self.has_printed(move |lines| wanted.iter().all(|record| lines.contains(record)));
        let Err(failed) = self.until(patience, expected, printed).await else { return Ok(()) };
        let lines = self.printed().await?;
        Err(match records.iter().find(|record| !lines.contains(record)) {
            Some(missing) => {
                Failed { expected: format!("{}; missing: {}", failed.expected, line_of(missing)), ..failed }
            }
            None => failed,
        })
    }

    /// Until this is dropped nobody reads what it prints.
    pub(crate) fn unread(&self) -> Unread {
        self.seen.note("(nobody reads its lines any more)");
        self.seen.stdout.unread()
    }

    /// As [`Process::waits_to_print`].
    pub(crate) async fn waits_to_print(&self) {
        self.process.waits_to_print().await;
    }

    /// SIGKILL to all of it.
    pub(crate) async fn kill(&mut self) {
        self.seen.note_end("(killed, with SIGKILL)".to_owned());
        self.process.kill().await;
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        self.seen.note("(gets SIGTERM)");
        self.process.terminate();
    }

    /// Its end by itself, with this exit code.
    pub(crate) async fn ends(&mut self, code: i32, patience: Duration) -> Outcome {
        let expected = format!("its end, with exit code {code}");
        match timeout(patience, self.ended()).await {
            Err(_) => Err(self.group.wrong(&within(&expected, patience)).await),
            Ok(status) => self.group.expect(&expected, status.and_then(|status| status.code()) == Some(code)).await,
        }
    }

    /// SIGTERM, and then its end with exit code 0.
    pub(crate) async fn stops(&mut self, patience: Duration) -> Outcome {
        self.terminate();
        self.ends(0, patience).await
    }

    async fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.process.ended().await;
        self.seen.note_end(format!("(the end: {})", status.map_or("unknown".to_owned(), describe)));
        status
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
