//! A question before each result: a guess makes one look.

use std::io::{self, BufRead, IsTerminal};
use std::thread;

use lab_console::Failure;
use tokio::sync::oneshot;

use crate::screen::Screen;

/// A question with a few answers, of which the result shows the right one.
pub(crate) struct Question {
    pub(crate) text: &'static str,
    pub(crate) options: &'static [&'static str],
}

/// What was asked and guessed so far.
pub(crate) struct Asked {
    asks: bool,
    right: usize,
    guessed: usize,
}

impl Asked {
    /// Asks only if it is `wanted`, and somebody is there to answer.
    pub(crate) fn new(wanted: bool) -> Self {
        let asks = wanted && io::stdin().is_terminal() && io::stdout().is_terminal();
        Self { asks, right: 0, guessed: 0 }
    }

    /// The guess: the number of an option from 0. `None`: nobody was asked, or it was skipped.
    pub(crate) async fn ask(&mut self, screen: &mut Screen, question: &Question) -> Result<Option<usize>, Failure> {
        if !self.asks {
            return Ok(None);
        }
        loop {
            screen.question(question)?;
            let Some(line) = read_line().await else {
                // Its end (Ctrl-D): nobody is there any more.
                self.asks = false;
                return Ok(None);
            };
            screen.answered();
            match (line.trim(), question.find(line.trim())) {
                ("", _) => return Ok(None),
                (_, Some(guess)) => return Ok(Some(guess)),
                _ => screen.no_option(question)?,
            }
        }
    }

    /// Notes whether the guess was right, and tells whether it was; `None` without a guess.
    pub(crate) fn judge(&mut self, guess: Option<usize>, answer: usize) -> Option<bool> {
        let right = guess? == answer;
        self.guessed += 1;
        self.right += usize::from(right);
        Some(right)
    }

    /// Right guesses, of all guesses.
    pub(crate) fn score(&self) -> (usize, usize) {
        (self.right, self.guessed)
    }
}

impl Question {
    /// An option by its number from 1, or by how it begins.
    fn find(&self, guess: &str) -> Option<usize> {
        if let Ok(number) = guess.parse::<usize>() {
            return number.checked_sub(1).filter(|&at| at < self.options.len());
        }
        let guess = guess.to_lowercase();
        self.options.iter().position(|option| option.to_lowercase().starts_with(&guess))
    }
}

/// The next line of stdin. On a thread of its own, which nobody waits for: a runtime can't give
/// up a read, and Ctrl-C should end the tour while it waits for an answer.
async fn read_line() -> Option<String> {
    let (answer, line) = oneshot::channel();
    let read = move || {
        let mut text = String::new();
        let read = io::stdin().lock().read_line(&mut text);
        // Nobody waits any more when the tour has ended.
        let _ = answer.send(read.is_ok_and(|bytes| bytes > 0).then_some(text));
    };
    thread::Builder::new().name("answers".into()).spawn(read).ok()?;
    line.await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_by_its_number_and_by_its_beginning() {
        let question = Question { text: "?", options: &["REST", "gRPC", "Kafka"] };
        let found = |guess| question.find(guess);
        assert_eq!([found("1"), found("3"), found("k"), found("GRPC")], [Some(0), Some(2), Some(2), Some(1)]);
        assert_eq!([found("0"), found("4"), found("soap"), found("-1")], [None; 4]);
    }

    #[test]
    fn a_skipped_question_counts_for_nothing() {
        let mut asked = Asked::new(false);
        assert_eq!(
            (asked.judge(None, 1), asked.judge(Some(0), 1), asked.judge(Some(1), 1)),
            (None, Some(false), Some(true))
        );
        assert_eq!(asked.score(), (1, 2));
    }
}
