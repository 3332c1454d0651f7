//! The messages that learners see most often, kept as files: read them as a learner would.
//! What differs from run to run has a name there: a port, an id, a word, a time.

use std::path::PathBuf;

use lab_console::Failure;

use crate::exercise::Exercise;
use crate::report;
use crate::repository;
use crate::verdict::{CheckResult, Verdict};

/// Writes the message of a program, or compares it with the one that is kept.
///
/// Returns what is wrong with it.
pub(super) fn kept(
    exercise: &Exercise,
    program: &str,
    verdict: Verdict,
    write: bool,
) -> Result<Option<String>, Failure> {
    let broken =
        |error: std::io::Error| Failure::missing(format!("can't keep a message: {}", lab_console::reason(&error)));
    let file = file(exercise, program);
    let message = report::verdict(exercise, &with_names(verdict));
    if write {
        std::fs::create_dir_all(file.parent().expect("it is in a folder")).map_err(broken)?;
        std::fs::write(&file, &message).map_err(broken)?;
        return Ok(None);
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    if kept == message {
        return Ok(None);
    }
    let (line, (was, is)) = (1..)
        .zip(kept.lines().chain(std::iter::repeat("")).zip(message.lines().chain(std::iter::repeat(""))))
        .take(kept.lines().count().max(message.lines().count()))
        .find(|(_, (was, is))| was != is)
        .unwrap_or((0, ("", "")));
    Ok(Some(format!("another message than {}:{line}: {is:?} instead of {was:?}", file.display())))
}

fn file(exercise: &Exercise, program: &str) -> PathBuf {
    let name = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    repository::root().join(format!("labs/kit/check/messages/{}_{}.txt", name(exercise.id), name(program)))
}

/// The verdict with names for what differs from run to run.
fn with_names(mut verdict: Verdict) -> Verdict {
    for check in &mut verdict.checks {
        if let CheckResult::Failed { failed, .. } = &mut check.result {
            for text in [&mut failed.sent, &mut failed.expected, &mut failed.came_back, &mut failed.program] {
                *text = named(text);
            }
            failed.ladder.iter_mut().for_each(|event| event.at_ms = 0);
        }
    }
    verdict
}

fn named(text: &str) -> String {
    text.lines().map(line_named).collect::<Vec<_>>().join("\n")
}

fn line_named(line: &str) -> String {
    // Which partition it is, the key decides.
    if let Some(("partition", rest)) = line.split_once(' ') {
        let place = rest.find("  ").map_or("", |end| &rest[end..]);
        return format!("partition P @ N{}", words_named(place));
    }
    if let Some((before, _)) = line.split_once("date: ") {
        return format!("{before}date: A-DATE");
    }
    if let Some((before, _)) = line.split_once("content-length: ") {
        return format!("{before}content-length: A-LENGTH");
    }
    words_named(line)
}

fn words_named(line: &str) -> String {
    let (mut named, mut rest) = (String::new(), line);
    while let Some(begin) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        named.push_str(&rest[..begin]);
        let word = &rest[begin..];
        let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(word.len());
        if let Some(end) = end_of_time(word) {
            named.push_str("A-TIME");
            rest = &word[end..];
            continue;
        }
        // A check may put a word of its own behind it.
        let end = if is_a_word(word) { 11 } else { end };
        named.push_str(name_of(&word[..end]).unwrap_or(&word[..end]));
        rest = &word[end..];
    }
    named + rest
}

/// As in RFC 3339, in UTC.
fn end_of_time(text: &str) -> Option<usize> {
    let is_time = text.len() > 19 && [(4, b'-'), (7, b'-'), (10, b'T')].iter().all(|&(at, c)| text.as_bytes()[at] == c);
    text.find('Z').filter(|_| is_time).map(|end| end + 1)
}

/// As `Bench::word` makes them.
fn is_a_word(text: &str) -> bool {
    text.len() >= 11 && text.starts_with('w') && text.bytes().skip(1).take(10).all(|byte| byte.is_ascii_hexdigit())
}

fn name_of(word: &str) -> Option<&'static str> {
    match word.len() {
        _ if word.strip_prefix("order-").is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit())) => {
            Some("order-N")
        }
        36 if word.matches('-').count() == 4 => Some("AN-ID"),
        11 if is_a_word(word) => Some("A-WORD"),
        // Statuses, and the numbers of our own words, are shorter.
        5 | 6 if word.bytes().all(|byte| byte.is_ascii_digit()) => Some("A-NUMBER"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_has_a_name_and_the_rest_stays() {
        let text = "host: 127.0.0.1:24433\nfor w0a1b2c3d4eAbC, 0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24  404\n  date: Mon\nat \"2026-11-25T20:27:54.394Z\", 5";
        assert_eq!(
            named(text),
            "host: 127.0.0.1:A-NUMBER\nfor A-WORDAbC, AN-ID  404\n  date: A-DATE\nat \"A-TIME\", 5"
        );
    }
}
