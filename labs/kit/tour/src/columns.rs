//! Lines of three lanes, each with its look, side by side.

use anstyle::{AnsiColor, Effects, Style};
use lab_console::width_of;

use crate::lane::Line;
use crate::text::{fold, short_ids};

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const BOLD: Style = Style::new().effects(Effects::BOLD);
pub(crate) const DIM: Style = Style::new().effects(Effects::DIMMED);
pub(crate) const NOTE: Style = AnsiColor::Yellow.on_default();
/// Between two columns.
pub(crate) const GAP: usize = 2;

/// A piece of a line and how it looks.
pub(crate) type Piece = (Style, String);

/// Three lists of lines as rows, each folded into a column of this width.
pub(crate) fn rows(lanes: &[Vec<Piece>; 3], column: usize) -> Vec<Vec<Piece>> {
    let folded = lanes.each_ref().map(|lines| {
        let fold =
            |(style, line): &Piece| fold(line, column).into_iter().map(|line| (*style, line)).collect::<Vec<_>>();
        lines.iter().flat_map(fold).collect::<Vec<_>>()
    });
    let row = |at: usize| {
        let cell = |(lane, lines): (usize, &Vec<Piece>)| {
            let (style, text) = lines.get(at).cloned().unwrap_or_default();
            let room = if lane < 2 { column + GAP - width_of(&text) } else { 0 };
            [(style, text), (PLAIN, " ".repeat(room))]
        };
        folded.iter().enumerate().flat_map(cell).collect()
    };
    (0..folded.iter().map(Vec::len).max().unwrap_or_default()).map(row).collect()
}

/// How each line looks. Where there is little room, a number stands for the minor ones.
pub(crate) fn styled(lines: &[Line], wide: bool) -> Vec<Piece> {
    let (mut hidden, mut pieces) = (0, Vec::new());
    for line in lines {
        if let (Line::Minor(_), false) = (line, wide) {
            hidden += 1;
            continue;
        }
        pieces.extend(hidden_headers(std::mem::take(&mut hidden)));
        let (style, text) = match line {
            Line::Start(text) => (BOLD, text),
            Line::Detail(text) | Line::Minor(text) => (DIM, text),
            Line::Body(text) => (PLAIN, text),
            Line::Note(text) => (NOTE, text),
        };
        pieces.push((style, if wide { text.clone() } else { short_ids(text) }));
    }
    pieces.extend(hidden_headers(hidden));
    pieces
}

fn hidden_headers(hidden: usize) -> Option<Piece> {
    let more = match hidden {
        0 => return None,
        1 => "and a header more".to_owned(),
        _ => format!("and {hidden} headers more"),
    };
    Some((DIM, more))
}
