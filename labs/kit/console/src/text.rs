//! Text that came from elsewhere, made safe for a terminal, and its width there.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Write;
use std::io::{self, IsTerminal};

use serde::Serialize;
use terminal_size::terminal_size_of;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const WIDEST: usize = 80;

/// What a terminal would obey instead of show: control characters (C0, DEL, C1),
/// which move the cursor, set its title or hide what came before; and characters
/// that change the direction or the line of what follows (U+2028–202E,
/// U+2066–2069), with which a text reads otherwise than it is.
fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with `�` for every character that a terminal would obey instead of
/// show, line breaks and tabs among them. All that a server sends passes here
/// before it is printed.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.contains(is_obeyed) { text.replace(is_obeyed, "\u{fffd}").into() } else { text.into() }
}

/// The value as JSON on one line, break included. Nothing is lost: what
/// [`printable`] replaces is escaped here, so that a terminal is as safe.
pub(crate) fn json_line(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).expect("a struct with text keys has a JSON form");
    let mut line = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        // serde_json escapes C0 only (RFC 8259 §7 asks for no more). What is left
        // stands within a string, and is below U+10000: one escape is enough.
        if is_obeyed(c) {
            write!(line, "\\u{:04x}", u32::from(c)).expect("a String takes everything");
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}

/// Lines of at most `width` columns, broken anywhere; nothing is left out. At
/// least one line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut used) = (vec![String::new()], 0);
    for piece in pieces(&printable(text), width) {
        let wide = width_of(piece);
        if used + wide > width && used > 0 {
            lines.push(String::new());
            used = 0;
        }
        let last = lines.len() - 1;
        lines[last].push_str(piece);
        used += wide;
    }
    lines
}

/// Lines of at most `width` columns, broken between words; a word that is wider
/// than a line is a line. Several blanks within a line stay. What stands in
/// backquotes, a command to be copied, stays on one line if it fits there. At
/// least one line.
pub fn wrap_words(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words(text, width) {
        let last = lines.len() - 1;
        match width_of(&lines[last]) {
            0 => lines[last].push_str(word),
            used if used + 1 + width_of(word) <= width => lines[last].extend([" ", word]),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn words(text: &str, width: usize) -> impl Iterator<Item = &str> {
    let mut all = Some(text.trim_ascii());
    std::iter::from_fn(move || {
        let rest = all?;
        let quoted = rest.strip_prefix('`').and_then(|inner| inner.find('`')).map(|end| end + 2);
        let begin = quoted.filter(|&end| width_of(&rest[..end]) <= width).unwrap_or_default();
        let end = rest[begin..].find(|c: char| c.is_ascii_whitespace()).map_or(rest.len(), |end| begin + end);
        all = rest.get(end + 1..);
        Some(&rest[..end])
    })
}

/// How wide stderr is, if it is a terminal: 80 columns at most, as `--help` is, and 20 at least.
pub(crate) fn columns() -> Option<usize> {
    let stderr = io::stderr();
    if !stderr.is_terminal() {
        return None;
    }
    let width = terminal_size_of(&stderr).map_or(WIDEST, |(width, _)| width.0.into());
    Some(width.clamp(20, WIDEST))
}

/// The innermost reason of an error in words for a person: `Connection refused`, and
/// not `Connection refused (os error 111)`.
pub fn reason(error: &(dyn Error + 'static)) -> String {
    if let Some(inner) = error.source() {
        return reason(inner);
    }
    if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return reason(inner);
    }
    if error.is::<tokio::time::error::Elapsed>() {
        return "no answer in time".to_owned();
    }
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    text.split_once(" (os error ").map_or(text, |(words, _)| words).to_owned()
}

/// One line of at most `width` columns, with `…` at its end if that isn't all.
pub(crate) fn cut(text: &str, width: usize) -> String {
    cut_lines(wrap(text, width), 1, width).remove(0)
}

/// The first `most` of the lines, with `…` at the end if those aren't all.
pub(crate) fn cut_lines(mut lines: Vec<String>, most: usize, width: usize) -> Vec<String> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = wrap(last, width - 1).swap_remove(0) + "…";
        }
    }
    lines
}

/// The most columns that a text may take. Terminals disagree: of a family emoji,
/// which is several people joined, some show one picture in two columns and some
/// all the people. So each piece counts as the wider of the two.
pub fn width_of(text: &str) -> usize {
    text.graphemes(true).map(|piece| piece.width().max(sum_of_widths(piece))).sum()
}

fn sum_of_widths(piece: &str) -> usize {
    piece.chars().filter_map(UnicodeWidthChar::width).sum()
}

/// What a reader sees as one character is not broken, unless it alone is wider
/// than the line.
fn pieces(text: &str, width: usize) -> impl Iterator<Item = &str> {
    text.graphemes(true).flat_map(move |piece| {
        let parts = if width_of(piece) <= width { vec![piece] } else { piece.split("").collect() };
        parts.into_iter().filter(|part| !part.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILY: &str = "👨\u{200d}👩\u{200d}👧\u{200d}👦";

    #[test]
    fn a_terminal_is_given_nothing_to_obey() {
        let mut nasty: String = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}').collect();
        nasty.extend('\u{2028}'..='\u{202e}');
        nasty.extend('\u{2066}'..='\u{2069}');
        assert_eq!(printable(&nasty), "\u{fffd}".repeat(nasty.chars().count()));
        assert_eq!(json_line(&nasty).find(|c: char| is_obeyed(c) && c != '\n'), None);
    }

    #[test]
    fn text_in_any_script_stays_as_it_is() {
        for text in ["USER14", "日本語", "שלום \u{200f}", "e\u{301}", FAMILY, ""] {
            assert_eq!(printable(text), text);
        }
    }

    #[test]
    fn json_keeps_every_character() {
        let text: String = ('\0'..='\u{3000}').chain(FAMILY.chars()).collect();
        let line = json_line(&text);
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), text);
    }

    #[test]
    fn wrapped_lines_hold_everything_and_are_never_too_wide() {
        let zalgo = format!("a{}", "\u{301}".repeat(500));
        let joined = ["👩"; 40].join("\u{200d}");
        for text in [
            "USER14",
            &"😀".repeat(64),
            &FAMILY.repeat(9),
            &"日本".repeat(32),
            &zalgo,
            &joined,
            "☺\u{fe0f}☺\u{fe0f}",
            "🇨🇭🇨🇭",
        ] {
            for width in 2..20 {
                let lines = wrap(text, width);
                assert_eq!(lines.concat(), text);
                for line in lines {
                    assert!(line.width() <= width && sum_of_widths(&line) <= width, "{width}: {line:?}");
                }
            }
        }
    }

    #[test]
    fn between_words_every_blank_counts() {
        assert_eq!(wrap_words("is \"a  b\"", 10), ["is \"a  b\""]);
        assert_eq!(wrap_words("is \"a  b\"", 6), ["is \"a ", "b\""]);
        assert_eq!(wrap_words(" ", 6), [""]);
    }

    #[test]
    fn a_picture_is_not_broken_where_it_fits() {
        assert_eq!(wrap(&FAMILY.repeat(2), 11), [FAMILY, FAMILY]);
        assert_eq!(wrap("e\u{301}e\u{301}", 1), ["e\u{301}", "e\u{301}"]);
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("USER14", 6), "USER14");
        assert_eq!(cut("USER1404", 6), "USER1…");
        assert_eq!(cut("😀😀😀", 5), "😀😀…");
        assert_eq!(cut("", 5), "");
    }
}
