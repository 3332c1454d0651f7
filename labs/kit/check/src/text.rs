//! A file that is graded as it is; from a command line, what it prints.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use lab_console::reason;

use crate::process::{Ran, describe, last_lines};
use crate::verdict::Failed;

/// Until a command line must have printed all.
pub(crate) const TO_PRINT: Duration = Duration::from_secs(5);
/// Nobody writes so much by hand.
const MOST: u64 = 1024 * 1024;

/// What was read.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// As messages call the file.
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Text {
    pub(crate) fn read(path: &Path) -> Result<Self, Failed> {
        let name = file_name(path);
        let failed = |came: String| {
            Failed::new(format!("(read {name})"), "a text of 1 MiB at most, in UTF-8", format!("({came})")).advise(
                "What can't be read can't be graded.",
                "`cargo lab reset` puts the starter back, and keeps what was there beside it.",
            )
        };
        let mut bytes = Vec::new();
        let file = File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes));
        file.map_err(|error| failed(reason(&error)))?;
        if bytes.len() as u64 > MOST {
            return Err(failed("it is longer".to_owned()));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { text: text.trim_start_matches('\u{feff}').to_owned(), name }),
            Err(error) => Err(failed(format!("{error}"))),
        }
    }

    /// What `line` has printed.
    pub(crate) fn printed(line: &str, ran: Ran) -> Result<Self, Failed> {
        let came = match ran.status {
            _ if ran.too_much => "more than 3 MiB on stdout".to_owned(),
            None => format!("it still ran after {} s, and was killed", TO_PRINT.as_secs()),
            Some(status) if !status.success() => describe(status),
            Some(_) if ran.stdout.trim().is_empty() => "nothing on stdout".to_owned(),
            Some(_) => return Ok(Self { name: named(line), text: ran.stdout }),
        };
        let failed = Failed::new(format!("(ran {line})"), "the file on stdout, and exit code 0", format!("({came})"));
        Err(Failed { program: last_lines(&ran.stderr), ..failed }.advise(
            "What the command prints is what is graded.",
            "Type the same command in this folder: it must print the whole file, as `cat` does, and nothing else.",
        ))
    }
}

/// Of the file that a command line names last.
fn named(line: &str) -> String {
    let words = line.split_whitespace().map(|word| Path::new(word.trim_matches(['"', '\''])));
    let mut files = words.filter(|word| word.extension().is_some());
    files.next_back().map_or("stdout".to_owned(), file_name)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_call_it_by_the_name_of_the_file() {
        assert_eq!(named("cat '/tmp/mine/returns.proto'"), "returns.proto");
        assert_eq!(named("make print"), "stdout");
    }
}
