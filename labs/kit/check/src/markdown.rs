//! Sections of the READMEs on a terminal of 80 columns.

use std::fmt::Write as _;

use lab_console::{printable, wrap_words};

const WIDTH: usize = 80;

/// A section as text. `folder` is where its links begin, from the repository's root.
pub(crate) fn plain(section: &str, folder: &str) -> String {
    let (mut screen, mut paragraph, mut fenced) = (String::new(), String::new(), false);
    for line in section.lines() {
        if line.starts_with("```") {
            end(&mut screen, &mut paragraph, folder);
            fenced = !fenced;
        } else if fenced {
            let _ = writeln!(screen, "    {}", printable(line));
        } else if line.trim().is_empty() {
            end(&mut screen, &mut paragraph, folder);
            screen.push('\n');
        } else if let Some(heading) = line.strip_prefix('#') {
            end(&mut screen, &mut paragraph, folder);
            let _ = writeln!(screen, "{}", printable(heading.trim_start_matches(['#', ' '])));
        } else {
            if begins_item(line) {
                end(&mut screen, &mut paragraph, folder);
            }
            paragraph += if paragraph.is_empty() { "" } else { " " };
            paragraph += if paragraph.is_empty() { line } else { line.trim() };
        }
    }
    end(&mut screen, &mut paragraph, folder);
    screen
}

fn begins_item(line: &str) -> bool {
    let text = line.trim_start();
    let number = text.find(|c: char| !c.is_ascii_digit()).filter(|&digits| digits > 0);
    text.starts_with("- ") || text.starts_with("* ") || number.is_some_and(|at| text[at..].starts_with(". "))
}

fn end(screen: &mut String, paragraph: &mut String, folder: &str) {
    if paragraph.is_empty() {
        return;
    }
    let text = std::mem::take(paragraph);
    let indent = text.len() - text.trim_start().len();
    let (first, text) = match begins_item(&text) {
        true => text.trim_start().split_once(' ').expect("an item has a space"),
        false => ("", text.trim_start()),
    };
    let first = if first.is_empty() { String::new() } else { format!("{}{first} ", " ".repeat(indent)) };
    for (number, line) in wrap_words(&inline(text, folder), WIDTH - first.len()).iter().enumerate() {
        let before = if number == 0 { first.clone() } else { " ".repeat(first.len()) };
        let _ = writeln!(screen, "{}", format!("{before}{}", printable(line)).trim_end());
    }
}

/// Without the marks for bold, and with the target of each link. What is code keeps its quotes.
fn inline(text: &str, folder: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', '[']) {
        plain += &rest[..at];
        rest = &rest[at..];
        let taken = code(rest).or_else(|| bold(rest)).or_else(|| link(rest, folder));
        let (what, length) = taken.unwrap_or_else(|| (rest[..1].to_owned(), 1));
        plain += &what;
        rest = &rest[length..];
    }
    plain + rest
}

fn code(rest: &str) -> Option<(String, usize)> {
    let end = rest.strip_prefix('`')?.find('`')? + 2;
    Some((rest[..end].to_owned(), end))
}

fn bold(rest: &str) -> Option<(String, usize)> {
    rest.starts_with("**").then(|| (String::new(), 2)).or_else(|| {
        let inner = rest.strip_prefix('*')?;
        let end = inner.find('*').filter(|&end| end > 0 && !inner.starts_with(' '))?;
        Some((inner[..end].to_owned(), end + 2))
    })
}

/// A file of the repository is named by its path; of the rest of the world both are shown.
fn link(rest: &str, folder: &str) -> Option<(String, usize)> {
    let middle = rest.find("](")?;
    let end = middle + rest[middle..].find(')')?;
    let (text, target) = (&rest[1..middle], &rest[middle + 2..end]);
    if text.contains('[') {
        return None;
    }
    let shown = match target {
        target if target.starts_with('#') => text.to_owned(),
        target if target.contains("://") => format!("{text} ({target})"),
        target => format!("`{}`", joined(folder, target)),
    };
    Some((shown, end + 1))
}

/// `labs/rest` and `../kit` are `labs/kit`.
fn joined(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::plain;
    use crate::catalogue::EXERCISES;

    #[test]
    fn marks_go_and_words_stay() {
        let shown = plain(
            "### rest/01 health\n\n**Task** See *this* and `a * b`,\n[`src/x.rs`](src/x.rs), [kit](../kit/y.rs) \
             or\n[RFC](https://a.b/c).\n\n- one\n  more\n- two\n\n```sh\ncurl **x**\n```\n",
            "labs/rest",
        );
        let expected = "rest/01 health\n\nTask See this and `a * b`, `labs/rest/src/x.rs`, `labs/kit/y.rs` or RFC\n\
                        (https://a.b/c).\n\n- one more\n- two\n\n    curl **x**\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn every_section_fits_a_terminal() {
        for exercise in EXERCISES {
            let shown = plain(exercise.section(), "labs/rest");
            let wide: Vec<&str> = shown.lines().filter(|line| line.chars().count() > 80).collect();
            assert!(wide.is_empty() && !shown.contains("**"), "{}: {wide:#?}", exercise.id);
        }
    }
}
