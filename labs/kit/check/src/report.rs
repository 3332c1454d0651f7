//! A verdict on a screen of 80 columns.

use std::fmt::Write as _;

use lab_console::{printable, width_of, wrap_words};

use crate::exercise::Exercise;
use crate::verdict::{CheckResult, Event, Failed, Verdict};

const WIDTH: usize = 80;
/// Before the parts of a failure: their names stand there.
const MARGIN: usize = 14;
/// Of what was sent or came: more is not read.
const LINES: usize = 24;
/// Of these, so many are the last ones.
const LAST: usize = 4;

/// Every sentence; of the one that failed, all that was seen.
pub(crate) fn verdict(exercise: &Exercise, verdict: &Verdict) -> String {
    let mut screen = format!("{} {}\n\n", exercise.id, exercise.title());
    for check in &verdict.checks {
        let mark = match check.result {
            CheckResult::Passed => "✓",
            CheckResult::Failed { .. } => "✗",
            CheckResult::NotReached => "·",
        };
        paragraph(&mut screen, &format!("  {mark} "), &check.sentence);
        if let CheckResult::Failed { failed, why, r#try } = &check.result {
            screen += "\n";
            parts(&mut screen, failed, why, r#try);
        }
    }
    let passed = verdict.checks.iter().filter(|check| matches!(check.result, CheckResult::Passed)).count();
    let _ = writeln!(screen, "\n{passed} of {} hold.", verdict.checks.len());
    for shown in &verdict.shown {
        screen += "\n";
        shown.trim_end().lines().for_each(|line| screen.extend([&*printable(line), "\n"]));
    }
    screen
}

fn parts(screen: &mut String, failed: &Failed, why: &str, r#try: &str) {
    raw(screen, "sent", &failed.sent);
    part(screen, "expected", &failed.expected);
    raw(screen, "came back", &failed.came_back);
    if !failed.program.is_empty() {
        raw(screen, "it said", &without_colours(&failed.program));
    }
    ladder(screen, &failed.ladder);
    part(screen, "why", why);
    part(screen, "try", r#try);
}

/// Text of ours, broken between words.
fn part(screen: &mut String, name: &str, text: &str) {
    paragraph(screen, &format!("    {name:10}"), text);
    screen.push('\n');
}

/// Text that was on the wire: its own lines, each broken where it is too long. What the
/// checker says itself stands in brackets, and is broken between words.
fn raw(screen: &mut String, name: &str, text: &str) {
    let ours = |line: &str| line.starts_with('(') && line.ends_with(')');
    let lines = text.trim_end().lines();
    let mut all: Vec<String> = Vec::new();
    let mut begins = Vec::new();
    for line in lines {
        begins.push(all.len());
        all.extend(if ours(line) { wrap_words(&printable(line), WIDTH - MARGIN) } else { pieces(line) });
    }
    // What went wrong stands at the end.
    if all.len() > LINES {
        let least = all.len() - LAST;
        // With the begin of a line, where one is so near.
        let end = all.split_off(begins.into_iter().find(|begin| *begin >= least).unwrap_or(least));
        let more = all.len() - (LINES - LAST);
        all.truncate(LINES - LAST);
        all.push(format!("… and {more} more lines"));
        all.extend(end);
    }
    for (piece, name) in all.iter().zip([name].into_iter().chain(std::iter::repeat(""))) {
        let _ = writeln!(screen, "{}", format!("    {name:10}{piece}").trim_end());
    }
    screen.push('\n');
}

/// Some frameworks colour their logs whether a terminal reads them or not.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |said, part| {
        said + part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').trim_start_matches('m')
    })
}

fn ladder(screen: &mut String, events: &[Event]) {
    for (event, name) in events.iter().zip(["when"].into_iter().chain(std::iter::repeat(""))) {
        let first = format!("    {name:10}{:>6} ms  {:8} ", event.at_ms, event.who.to_string());
        paragraph(screen, &first, &event.what);
    }
    if !events.is_empty() {
        screen.push('\n');
    }
}

/// Each line of the text by itself. `first` stands before the first, and as many spaces before the others.
pub(crate) fn paragraph(screen: &mut String, first: &str, text: &str) {
    let margin = width_of(first);
    let lines = text.split('\n').flat_map(|line| wrap_words(&printable(line), WIDTH - margin));
    for (number, line) in lines.enumerate() {
        let before = if number == 0 { first.to_owned() } else { " ".repeat(margin) };
        let _ = writeln!(screen, "{}", format!("{before}{line}").trim_end());
    }
}

/// A line of the wire, in pieces that fit.
fn pieces(line: &str) -> Vec<String> {
    let (mut pieces, mut used) = (vec![String::new()], 0);
    for c in printable(line).chars() {
        let wide = width_of(c.encode_utf8(&mut [0; 4]));
        if used + wide > WIDTH - MARGIN {
            pieces.push(String::new());
            used = 0;
        }
        used += wide;
        let last = pieces.len() - 1;
        pieces[last].push(c);
    }
    pieces
}
