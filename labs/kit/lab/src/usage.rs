//! Usage lines within 80 columns: clap wraps all of a help but these, and the
//! names of our programs are long.

use clap::Command;

const COLUMNS: usize = 80;
/// Of the lines behind the first.
const INDENT: &str = "         ";

/// The same command, with the usage of each verb in lines that fit.
pub(crate) fn wrapped(mut command: Command) -> Command {
    // Only now each verb knows the names of those that it belongs to.
    command.build();
    wrap(command)
}

fn wrap(mut command: Command) -> Command {
    let usage = command.render_usage().to_string();
    for verb in command.get_subcommands_mut() {
        *verb = wrap(std::mem::take(verb));
    }
    if usage.lines().all(|line| line.chars().count() <= COLUMNS) {
        return command;
    }
    // clap writes the first word itself.
    command.override_usage(fill(&usage).trim_start_matches("Usage: ").to_owned())
}

/// Breaks before an option or a name, and never between an option and its value.
fn fill(usage: &str) -> String {
    let (mut lines, mut width) = (String::new(), 0);
    for part in usage.replace(" <", "\u{a0}<").split(' ') {
        let part = part.replace('\u{a0}', " ");
        let length = part.chars().count();
        if width > 0 && width + 1 + length > COLUMNS {
            lines += &format!("\n{INDENT}{part}");
            width = INDENT.len() + length;
        } else {
            let space = if width > 0 { " " } else { "" };
            lines += &format!("{space}{part}");
            width += space.len() + length;
        }
    }
    lines
}
