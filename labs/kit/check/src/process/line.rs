//! A command line as one types it.

/// What stands before a comment, in which arguments that are added would be lost.
pub(super) fn without_comment(line: &str) -> &str {
    let (mut quote, mut escaped, mut before) = (None, false, ' ');
    for (at, c) in line.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') if before.is_whitespace() || ";&|()".contains(before) => return line[..at].trim_end(),
            _ => {}
        }
        before = c;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::without_comment;

    #[test]
    fn a_comment_begins_where_the_shell_says() {
        for (line, before) in [
            ("python3 app.py # mine", "python3 app.py"),
            ("python3 app.py", "python3 app.py"),
            ("./a#b --c=#d", "./a#b --c=#d"),
            ("python3 'a # b.py' \"c # d\" \\# e", "python3 'a # b.py' \"c # d\" \\# e"),
            ("echo \"\\\" # no\" # yes", "echo \"\\\" # no\""),
            ("# all of it", ""),
        ] {
            assert_eq!(without_comment(line), before);
        }
    }
}
