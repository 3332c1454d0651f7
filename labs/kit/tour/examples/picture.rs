//! A picture of the tour for a page: reads what it printed, in colour, and writes SVG.
//!
//! ```text
//! CLICOLOR_FORCE=1 cargo lab tour | cargo run -p lab-tour --example picture -- 1 8 > labs/kit/tour/tour.svg
//! ```
//! Each argument is the number of a heading: 1 to 7 are the steps, 8 is the end. Without
//! one, the whole tour is drawn.

use std::io::{self, Read, Write};

use anstyle::RgbColor;

const LIGHT: RgbColor = RgbColor(0xf0, 0xf0, 0xf0);
const DARK: RgbColor = RgbColor(0x16, 0x1b, 0x22);
/// What each step begins with.
const HEADING: char = '━';

fn main() -> io::Result<()> {
    let wanted: Vec<usize> = std::env::args().skip(1).filter_map(|number| number.parse().ok()).collect();
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let (mut step, mut shown) = (0, String::new());
    for line in text.lines() {
        step += usize::from(line.contains(HEADING));
        if wanted.is_empty() || wanted.contains(&step) {
            shown.extend([line, "\n"]);
        }
    }
    // Light on dark, so that what is dimmed can still be read.
    let term = anstyle_svg::Term::new().fg_color(LIGHT.into()).bg_color(DARK.into());
    let svg = term.render_svg(&shown);
    io::stdout().write_all(svg.as_bytes())
}
