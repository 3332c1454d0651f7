//! What a failure tells of a group's members.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::super::consuming::parse;
use super::super::look::{listed, shortened};
use super::super::{PARTITIONS, Record};
use super::{Group, lock};
use crate::process::{Claim, Output, Process, last_lines};
use crate::verdict::{Event, Failed, Who};

/// Of what one has printed, so much is shown.
const SHOWN: usize = 2_000;
/// Of what happened when, so much: the first and the last of it.
const FIRST: usize = 12;
const LAST: usize = 28;

/// What else happens, told from the beginning on.
pub(super) type Source = Box<dyn Fn(Instant) -> Vec<Event> + Send + Sync>;

/// What is seen of a member from outside.
pub(super) struct Seen {
    pub(super) number: usize,
    told: String,
    pub(super) stdout: Output,
    stderr: Output,
    began: Instant,
    notes: Mutex<Vec<(Instant, String)>>,
    end: Mutex<Option<(Instant, String)>>,
    /// Of the port where nobody listens.
    _claim: Option<Claim>,
}

impl Seen {
    pub(super) fn new(number: usize, told: String, process: &Process, claim: Option<Claim>) -> Self {
        let (notes, end) = Default::default();
        let (stdout, stderr) = (process.stdout(), process.stderr());
        Self { number, told, stdout, stderr, began: Instant::now(), notes, end, _claim: claim }
    }

    /// The lines that are whole, and when they came.
    pub(super) fn lines(&self) -> Vec<(Instant, String)> {
        let mut lines = self.stdout.lines();
        lines.retain(|(_, line)| !line.trim().is_empty());
        lines
    }

    pub(super) fn records(&self) -> Vec<Record> {
        self.lines().iter().filter_map(|(_, line)| parse(line)).collect()
    }

    pub(super) fn note(&self, what: &str) {
        lock(&self.notes).push((Instant::now(), what.to_owned()));
    }

    /// The first end is the end.
    pub(super) fn note_end(&self, what: String) {
        lock(&self.end).get_or_insert((Instant::now(), what));
    }

    fn printed(&self) -> String {
        let lines: Vec<String> = self.lines().into_iter().map(|(_, line)| shortened(&line)).collect();
        let shown: String = ends_of(&lines.join("\n")).chars().take(SHOWN).collect();
        if shown.is_empty() { "(nothing on stdout)".to_owned() } else { format!("(on stdout)\n{shown}") }
    }

    fn end(&self) -> String {
        lock(&self.end).as_ref().map_or("(it still runs)".to_owned(), |(_, what)| what.clone())
    }

    /// What it did and when; lines that come one after the other are one event.
    fn events(&self) -> Vec<(Instant, String)> {
        let mut events = vec![(self.began, "(started)".to_owned())];
        events.extend(lock(&self.notes).iter().cloned());
        events.extend(lock(&self.end).clone());
        let place = |line: &str| match parse(line) {
            Some(record) => format!("prints partition {} @ {}", record.partition, record.offset),
            None => "prints what is no record".to_owned(),
        };
        events.extend(self.lines().iter().map(|(at, line)| (*at, place(line))));
        events
    }
}

impl Group {
    pub(super) async fn story(&self, expected: &str) -> Failed {
        let there = self.0.broker.read(&self.0.topic).await;
        let committed = self.committed().await;
        let members = lock(&self.0.members).clone();
        let there = match there {
            Ok(there) if there.is_empty() => "(nothing is in the topic)".to_owned(),
            Ok(there) => format!("(in the topic: place, key, value)\n{}", ends_of(&listed(&there))),
            Err(failed) => failed.came_back,
        };
        let committed = committed.map_or_else(|failed| failed.came_back, |offsets| in_words(&offsets));
        let alone = members.len() == 1;
        let name = |seen: &Seen| if alone { String::new() } else { format!("(as you {})\n", seen.number) };
        let same = |seen: &Seen| seen.number > 1 && seen.told == members[0].told;
        let how = |seen: &Seen| if same(seen) { "(started in the same way)".to_owned() } else { seen.told.clone() };
        let told = members.iter().map(|seen| format!("{}{}\n", name(seen), how(seen))).collect::<String>();
        let did = |seen: &Arc<Seen>| format!("{}{}\n{}\n", name(seen), seen.end(), seen.printed());
        let did = members.iter().map(did).collect::<String>();
        let said = members.iter().rev().map(|seen| last_lines(&seen.stderr.text())).find(|said| !said.is_empty());
        let failed = Failed::new(format!("{told}{there}"), expected, format!("{did}{committed}"));
        Failed { program: said.unwrap_or_default(), ladder: self.ladder(&members), ..failed }
    }

    /// Who did what, and when.
    fn ladder(&self, members: &[Arc<Seen>]) -> Vec<Event> {
        let began = self.0.began;
        let event =
            |at: Instant, who, what| Event { at_ms: at.saturating_duration_since(began).as_millis() as u64, who, what };
        let mut events: Vec<Event> = lock(&self.0.sources).iter().flat_map(|source| source(began)).collect();
        events.extend(lock(&self.0.notes).iter().map(|(at, who, what)| event(*at, *who, what.clone())));
        for seen in members {
            let before = if members.len() == 1 { String::new() } else { format!("[{}] ", seen.number) };
            let own = seen.events().into_iter().map(|(at, what)| event(at, Who::You, format!("{before}{what}")));
            events.extend(own);
        }
        events.sort_by_key(|event| event.at_ms);
        // A relay before several members tells the same to each.
        events.dedup();
        without_the_middle(events)
    }
}

/// Of many, what was printed or asked in the middle is left out; who came and went there, is told.
fn without_the_middle(events: Vec<Event>) -> Vec<Event> {
    let middle = FIRST..events.len().saturating_sub(LAST).max(FIRST);
    let (mut left, mut out) = (Vec::new(), 0);
    for (number, event) in events.into_iter().enumerate() {
        if middle.contains(&number) && (event.who == Who::Broker || event.what.contains("prints ")) {
            out += 1;
            continue;
        }
        if out > 0 {
            let what = format!("(… and {} more)", std::mem::take(&mut out));
            left.push(Event { at_ms: event.at_ms, who: Who::Checker, what });
        }
        left.push(event);
    }
    left
}

/// The first and the last of many lines.
fn ends_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    match lines.len().checked_sub(FIRST + LAST) {
        None | Some(0) => text.to_owned(),
        Some(more) => {
            let more = format!("(… and {more} more)");
            [&lines[..FIRST], &[&more], &lines[lines.len() - LAST..]].concat().join("\n")
        }
    }
}

/// `(the group has committed: partition 0 @ 5, partition 1 @ nothing, …)`
fn in_words(offsets: &[Option<i64>]) -> String {
    let offset = |offset: &Option<i64>| offset.map_or("nothing".to_owned(), |offset| offset.to_string());
    let all = (0..PARTITIONS).zip(offsets).map(|(number, one)| format!("partition {number} @ {}", offset(one)));
    format!("(the group has committed: {})", all.collect::<Vec<_>>().join(", "))
}
