//! librdkafka's own measuring program, `rdkafka_performance`, as it comes with
//! librdkafka; build.rs compiles it into this program.

#![expect(unsafe_code, reason = "the program is C")]

use std::ffi::{CString, c_char, c_int};
use std::time::Duration;

use anyhow::{Context, Result};
// So that librdkafka is linked.
use rdkafka_sys as _;

use crate::work::Done;

unsafe extern "C" {
    /// Its `main`; see build.rs.
    fn rdkafka_performance(argc: c_int, argv: *mut *mut c_char) -> c_int;
}

/// Runs it to its end, in this process; its exit code. What it says is written when the process ends.
pub(crate) fn run(arguments: &[String]) -> Result<i32> {
    let name = std::iter::once("rdkafka_performance");
    let texts = name.chain(arguments.iter().map(String::as_str)).map(CString::new);
    let texts: Vec<CString> = texts.collect::<Result<_, _>>().context("an argument has a NUL")?;
    let count = c_int::try_from(texts.len())?;
    // As `main` is given them: its own to write to, for ever, and a null behind the last.
    let mut pointers: Vec<*mut c_char> = texts.into_iter().map(CString::into_raw).collect();
    pointers.push(std::ptr::null_mut());
    // SAFETY: `pointers` is what C says that a `main` gets, and lives longer than the
    // call. The function is called once, by a process that does nothing else.
    Ok(unsafe { rdkafka_performance(count, pointers.as_mut_ptr()) })
}

/// Reads its last words: `% 9 messages produced (… bytes), 9 delivered (…) in 12ms: …`.
pub(crate) fn read_summary(said: &str) -> Option<Done> {
    let summary = said.lines().find(|line| line.contains(" messages produced "))?;
    let words: Vec<&str> = summary.split_whitespace().collect();
    let before = |word: &str| words.iter().position(|&w| w == word).and_then(|at| words.get(at.checked_sub(1)?));
    let delivered = before("delivered")?.parse().ok()?;
    let time = words.iter().skip_while(|&&word| word != "in").nth(1)?;
    let ms = time.strip_suffix("ms:")?.parse().ok()?;
    Some(Done::new(delivered, Duration::from_millis(ms)))
}

#[cfg(test)]
mod tests {
    use super::read_summary;

    #[test]
    fn its_last_words_are_understood() {
        let said = "% Sending 9 messages of size 100 bytes\n% 9 messages produced (900 bytes), 8 delivered (offset 7, 1 \
                    failed) in 40ms: 200 msgs/s and 0.02 MB/s, 0 produce failures, 0 in queue, no compression\n";
        assert_eq!(read_summary(said).map(|done| done.rate()), Some(200.0));
        assert!(read_summary("% ERROR: nobody is there").is_none());
    }
}
