//! From the words of a command line to what a program was asked for; or, in a
//! sentence, why not (exit code 2).
//!
//! clap does nearly all of it. What it doesn't know: that `--json` is for errors
//! too; that a variable which is set to nothing is not set, as in `KAFKA_BROKERS= …`;
//! that a wrong value came from a variable and not from the line that was typed;
//! and where else in the program a word would have been right.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::process;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error, FromArgMatches, Parser};

use crate::failure::{Failure, exit_code};
use crate::text::{columns, printable, width_of, wrap_words};
use crate::usage;

/// Reads the command line. What is wrong with it is told, and ends the program with
/// exit code 2; `--help` is printed, and ends it with 0.
pub fn parse<T: Parser>() -> T {
    parse_rewritten(|words| words)
}

/// The same for words that stand for others, as `run rest/04` for `run exercise rest/04`.
pub fn parse_rewritten<T: Parser>(rewrite: impl FnOnce(Vec<OsString>) -> Vec<OsString>) -> T {
    let words = rewrite(env::args_os().collect());
    try_parse(usage::wrapped(T::command()), &words, |name| env::var_os(name))
        .unwrap_or_else(|error| end(&error, &words))
}

/// What these words come to, the program's name first, where nobody is to be told about it: for
/// the defaults of a program, with the variables that it would see.
///
/// # Errors
///
/// When the words or a variable are wrong.
pub fn parse_words<T: Parser>(words: &[&str]) -> Result<T, Error> {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    try_parse(T::command(), &words, |name| env::var_os(name))
}

fn try_parse<T: FromArgMatches>(
    whole: Command,
    words: &[OsString],
    variable: impl Fn(&OsStr) -> Option<OsString>,
) -> Result<T, Error> {
    let mut command = without_unused_variables(whole.clone(), words, &variable);
    let mut matches = command.try_get_matches_from_mut(words).map_err(|error| match error.kind() {
        // With the names of all variables.
        ErrorKind::DisplayHelp => whole.try_get_matches_from(words).err().unwrap_or(error),
        _ => with_hints(error, &command, &variable, words),
    })?;
    T::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// Forgets variables that are empty, and those whose option was typed: behind a verb, it
/// would not keep clap from reading the variable first, and refusing what is in it.
fn without_unused_variables(
    command: Command,
    words: &[OsString],
    variable: &impl Fn(&OsStr) -> Option<OsString>,
) -> Command {
    let is_empty = |arg: &Arg| arg.get_env().and_then(variable).is_some_and(|value| value.is_empty());
    let is_typed = |arg: &Arg| arg.get_long().is_some_and(|long| is_typed(words, long));
    let command = command.mut_args(|arg| match is_empty(&arg) || is_typed(&arg) {
        true => arg.env(None::<&'static str>),
        false => arg,
    });
    command.mut_subcommands(|verb| without_unused_variables(verb, words, variable))
}

/// `--server …` or `--server=…`.
fn is_typed(words: &[OsString], long: &str) -> bool {
    let name =
        |word: &OsString| word.to_string_lossy().strip_prefix("--").map(|rest| rest.split('=').next() == Some(long));
    words.iter().any(|word| name(word) == Some(true))
}

fn with_hints(
    mut error: Error,
    command: &Command,
    variable: &impl Fn(&OsStr) -> Option<OsString>,
    words: &[OsString],
) -> Error {
    let told = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let hint = match (told(ContextKind::InvalidArg), told(ContextKind::InvalidValue)) {
        (Some(arg), Some(value)) => variable_of(command, arg, value, variable)
            .map(|name| format!("'{value}' comes from the environment variable {name}")),
        _ => None,
    };
    // A name here of which the word is a part is meant rather than one elsewhere, and one
    // elsewhere rather than a name that only looks alike.
    let is_part_of_one_here = match error.get(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::Strings(names)) => {
            names.iter().any(|name| is_part(told(ContextKind::InvalidSubcommand), name))
        }
        _ => false,
    };
    let elsewhere = told(ContextKind::InvalidSubcommand).filter(|_| !is_part_of_one_here);
    if let Some(hint) = hint.or_else(|| elsewhere.and_then(|word| elsewhere_in(command, word, words))) {
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.into()]));
    }
    error
}

/// The variable that this value of an option came from. One whose option was typed is forgotten.
fn variable_of(
    command: &Command,
    option: &str,
    value: &str,
    variable: &impl Fn(&OsStr) -> Option<OsString>,
) -> Option<String> {
    // `--server <HOST:PORT>`
    let long = option.split(' ').next()?.strip_prefix("--")?;
    let came_from = |arg: &Arg| {
        let name = arg.get_env().filter(|_| arg.get_long() == Some(long))?;
        (variable(name)?.to_string_lossy() == value).then(|| name.to_string_lossy().into_owned())
    };
    let here = command.get_arguments().find_map(came_from);
    here.or_else(|| command.get_subcommands().find_map(|verb| variable_of(verb, option, value, variable)))
}

/// Where in the whole program this word is a command, or a part of one's name: `cargo lab run
/// rest-server` for `cargo lab rest-server`. Of several, those nearest to what was typed.
fn elsewhere_in(command: &Command, word: &str, words: &[OsString]) -> Option<String> {
    let mut paths = Vec::new();
    find(command, &word.to_ascii_lowercase(), "", &mut paths);
    let typed: Vec<_> = words.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let typed = typed.join(" ");
    let in_common = |path: &String| path.chars().zip(typed.chars()).take_while(|(a, b)| a == b).count();
    let nearest = paths.iter().map(in_common).max()?;
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let meant = paths.iter().filter(|path| in_common(path) == nearest).map(|path| format!("{name} {path}"));
    Some(format!("it is a command elsewhere: {}", meant.collect::<Vec<_>>().join(", ")))
}

/// `rest` is a part of `rest-server`.
fn is_part(word: Option<&str>, name: &str) -> bool {
    word.is_some_and(|word| name.split('-').any(|part| part.eq_ignore_ascii_case(word)))
}

fn find(command: &Command, word: &str, path: &str, paths: &mut Vec<String>) {
    // What `help` lists again is elsewhere.
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        let (name, path) = (verb.get_name(), format!("{path}{}", verb.get_name()));
        find(verb, word, &format!("{path} "), paths);
        if name == word || is_part(Some(word), name) {
            paths.push(path);
        }
    }
}

/// Tells why nothing is done, or prints what was asked for, and ends the program.
fn end(error: &Error, words: &[OsString]) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    let options = words.iter().take_while(|word| *word != "--");
    if options.into_iter().any(|word| word == "--json") {
        let _ = exit_code(Err(Failure::usage(sentence(error))), true);
        process::exit(error.exit_code());
    }
    let text = error.render().to_string();
    match columns() {
        Some(width) if text.lines().any(|line| width_of(line) > width) => {
            let lines = text.lines().flat_map(|line| wrapped(line, width));
            let lines: String = lines.map(|line| format!("{}\n", printable(&line))).collect();
            // `eprint!` panics when stderr is closed.
            let _ = io::stderr().write_all(lines.as_bytes());
            process::exit(error.exit_code());
        }
        _ => error.exit(),
    }
}

/// A line of clap's in lines of at most `width` columns, each as far in as the first.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    wrap_words(text, width - indent).into_iter().map(|line| format!("{:indent$}{line}", "")).collect()
}

/// clap's text as one sentence: without the usage and the way to `--help`.
fn sentence(error: &Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let mut sentence = String::new();
    for line in lines {
        match line.trim() {
            "" if !sentence.is_empty() && !sentence.ends_with("; ") => sentence.push_str("; "),
            "" => {}
            text => {
                let is_first = sentence.is_empty() || sentence.ends_with(' ');
                sentence.extend([if is_first { "" } else { " " }, text]);
            }
        }
    }
    let sentence = sentence.trim_end_matches("; ");
    sentence.strip_prefix("error: ").unwrap_or(sentence).to_owned()
}

#[cfg(test)]
mod tests;
