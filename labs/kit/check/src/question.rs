//! A question, and what was meant by each of its answers.

use std::fmt::Write as _;

use lab_console::{Failure, Output, print};
use serde::Serialize;

use crate::ask::Answers;
use crate::course::by_id;
use crate::exercise::{Choice, Question};
use crate::progress::ProgressFile;
use crate::quiz::quizzes;
use crate::report::paragraph;

/// How often somebody may type what is no option.
const TRIES: usize = 3;

/// Whoever asks.
pub(crate) struct Asker<'a> {
    pub(crate) answers: &'a mut Answers,
    pub(crate) file: &'a ProgressFile,
    pub(crate) json: bool,
}

/// A line of `--json`. The names stay.
#[derive(Serialize)]
struct Asked<'a> {
    question: &'a str,
    text: &'a str,
    options: Vec<Optioned<'a>>,
    /// Numbers of options, from 1; `null`: it was skipped.
    answered: Option<Vec<usize>>,
    right: Option<bool>,
}

#[derive(Serialize)]
struct Optioned<'a> {
    text: &'a str,
    right: bool,
    why: &'a str,
}

impl<'a> From<&'a Choice> for Optioned<'a> {
    fn from(Choice { text, right, why }: &'a Choice) -> Self {
        Self { text, right: *right, why }
    }
}

impl Asker<'_> {
    /// Asks, and notes the answer. `None`: it was skipped. `name` is what it is noted under. After a `q` none
    /// is asked.
    pub(crate) async fn ask(&mut self, name: &str, question: &Question) -> Result<Option<bool>, Failure> {
        if self.answers.left() {
            return Ok(None);
        }
        let answer = self.answer(question).await?;
        let right = answer.as_ref().map(|answer| is_right(question, answer));
        if let Some(right) = right {
            self.file.change(|progress| progress.answered(name, right));
        }
        if self.json {
            let options = question.options.iter().map(Optioned::from).collect();
            let answered = answer.map(|answer| answer.iter().map(|at| at + 1).collect());
            Output::new(true).record(&Asked { question: name, text: &question.text, options, answered, right }, "")?;
        } else if let Some(answer) = answer {
            print(&verdict(question, &answer))?;
        } else {
            print("\n")?;
        }
        Ok(right)
    }

    /// The options that were chosen, from 0.
    async fn answer(&mut self, question: &Question) -> Result<Option<Vec<usize>>, Failure> {
        self.say(&asked(question))?;
        for _ in 0..TRIES {
            let count = question.options.len();
            self.say(&format!("1 to {count}, or several of them (Enter skips): "))?;
            match self.answers.line().await {
                None => return Ok(None),
                Some(line) if line.is_empty() => return Ok(None),
                Some(line) if ["q", "quit", "exit"].contains(&&*line) => {
                    self.answers.leave();
                    return Ok(None);
                }
                Some(line) => match chosen(&line, count) {
                    Some(answer) => return Ok(Some(answer)),
                    None => self.say(&format!("\nNumbers from 1 to {count}, please, as 2 or 1 3; q ends this.\n"))?,
                },
            }
        }
        Ok(None)
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { print(text) }
    }
}

/// By the name that its answers are noted under: `rest/04`, or `quiz/rest/idempotent`.
pub(crate) fn named(name: &str) -> Option<Question> {
    if let Some(exercise) = by_id(name) {
        return Some(exercise.data().question);
    }
    let (quiz, question) = name.strip_prefix("quiz/")?.split_once('/')?;
    let quiz = quizzes().into_iter().find(|known| known.name == quiz)?;
    quiz.questions.into_iter().find(|known| known.id == question).map(Into::into)
}

fn asked(question: &Question) -> String {
    let mut screen = String::from("\n");
    paragraph(&mut screen, "", &question.text);
    for (at, option) in question.options.iter().enumerate() {
        paragraph(&mut screen, &format!("  {} ", at + 1), &option.text);
    }
    screen
}

/// `2`, `1 3`, `1,3`, `13` where there are no more than nine.
fn chosen(line: &str, count: usize) -> Option<Vec<usize>> {
    let parts: Vec<String> =
        line.split([' ', ',', ';', '+']).filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let parts = match &parts[..] {
        [one] if count < 10 => one.chars().map(String::from).collect(),
        _ => parts,
    };
    let at = |part: &String| part.parse::<usize>().ok()?.checked_sub(1).filter(|&at| at < count);
    let mut chosen: Vec<usize> = parts.iter().map(at).collect::<Option<_>>()?;
    chosen.sort_unstable();
    chosen.dedup();
    (!chosen.is_empty()).then_some(chosen)
}

/// All that are right, and none besides.
fn is_right(question: &Question, answer: &[usize]) -> bool {
    question.options.iter().enumerate().all(|(at, option)| option.right == answer.contains(&at))
}

/// Every option is explained, the wrong ones too.
fn verdict(question: &Question, answer: &[usize]) -> String {
    let mut screen = String::new();
    let _ = writeln!(screen, "\n{}\n", if is_right(question, answer) { "Right." } else { "Not quite." });
    for (at, option) in question.options.iter().enumerate() {
        let mark = match (option.right, answer.contains(&at)) {
            (true, true) => "✓",
            (true, false) => "→",
            (false, true) => "✗",
            (false, false) => "·",
        };
        let is = if option.right { "Yes" } else { "No" };
        paragraph(&mut screen, &format!("  {mark} {} ", at + 1), &format!("{is}: {}", option.why));
    }
    screen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_numbers_are_read_however_they_are_typed() {
        for line in ["1 3", "3,1", "13", " 1, 3 3"] {
            assert_eq!(chosen(line, 4), Some(vec![0, 2]), "{line}");
        }
        for line in ["5", "0", "one", "1 9", ",", "-1"] {
            assert_eq!(chosen(line, 4), None, "{line}");
        }
        assert_eq!(chosen("12", 12), Some(vec![11]));
    }

    #[test]
    fn an_answer_is_right_when_it_is_all_that_is_right_and_nothing_else() {
        let option = |right| Choice { text: String::new(), right, why: String::new() };
        let question = Question { text: String::new(), options: vec![option(true), option(false), option(true)] };
        let right = |answer: &[usize]| is_right(&question, answer);
        assert_eq!([right(&[0, 2]), right(&[0]), right(&[0, 1, 2]), right(&[])], [true, false, false, false]);
    }
}
