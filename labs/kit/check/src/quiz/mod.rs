//! `cargo lab quiz`: questions without a program. All of them are data.

use std::fmt::Write as _;

use lab_console::{Failure, Output, print};
use serde::{Deserialize, Serialize};

use crate::ask::Answers;
use crate::catalogue::find;
use crate::config::QuizArgs;
use crate::course::COURSE;
use crate::exercise::{Choice, Exercise, Question};
use crate::progress::{Progress, ProgressFile};
use crate::question::{Asker, named};

/// The name under which the missed ones are asked.
const AGAIN: &str = "again";

/// Questions that belong together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quiz {
    pub(crate) name: String,
    about: String,
    #[serde(rename = "question")]
    pub(crate) questions: Vec<Numbered>,
}

/// A question with a name of its own, so that others may come before it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Numbered {
    pub(crate) id: String,
    text: String,
    #[serde(rename = "option")]
    options: Vec<Choice>,
}

impl From<Numbered> for Question {
    fn from(Numbered { text, options, .. }: Numbered) -> Self {
        Self { text, options }
    }
}

/// The last line of `--json`. The names stay.
#[derive(Serialize)]
struct Score<'a> {
    quiz: &'a str,
    questions: usize,
    right: usize,
    missed: usize,
    skipped: usize,
}

/// What one can be asked.
#[derive(Serialize)]
struct Listed<'a> {
    quiz: &'a str,
    about: &'a str,
    questions: usize,
}

/// All of them.
pub(crate) fn quizzes() -> Vec<Quiz> {
    let files = [
        include_str!("lesson.toml"),
        include_str!("postman.toml"),
        include_str!("rest.toml"),
        include_str!("grpc.toml"),
        include_str!("kafka.toml"),
        include_str!("choose.toml"),
        include_str!("stage_1.toml"),
        include_str!("stage_2.toml"),
        include_str!("stage_3.toml"),
        include_str!("stage_4.toml"),
        include_str!("stage_5.toml"),
        include_str!("stage_6.toml"),
    ];
    files.into_iter().map(|file| toml::from_str(file).expect("a test reads each")).collect()
}

/// Asks the questions of one quiz, or those of an exercise, or those that were missed.
///
/// # Errors
///
/// When there is no such quiz.
pub async fn quiz(args: QuizArgs) -> Result<(), Failure> {
    let file = ProgressFile::ours();
    let Some(name) = args.quiz else { return list(&file, args.output.json) };
    let questions = questions(&name, &file)?;
    let mut answers = Answers::new()?;
    let mut asker = Asker { answers: &mut answers, file: &file, json: args.output.json };
    let mut score = Score { quiz: &name, questions: questions.len(), right: 0, missed: 0, skipped: 0 };
    for (name, question) in &questions {
        match asker.ask(name, question).await? {
            Some(true) => score.right += 1,
            Some(false) => score.missed += 1,
            None => score.skipped += 1,
        }
    }
    let Score { questions, right, missed, skipped, .. } = score;
    let mut line = format!("{right} of {} right", questions - skipped);
    if questions == 0 {
        "Nothing was missed.".clone_into(&mut line);
    }
    if skipped > 0 {
        let _ = write!(line, ", {skipped} skipped");
    }
    if missed > 0 {
        line += "; `cargo lab quiz again` asks what was missed";
    }
    Output::new(args.output.json).record(&score, &line)
}

/// What is asked where this exercise was the last of its stage, without what was answered before.
pub(crate) fn of_stage(exercise: &Exercise, progress: &Progress) -> Option<(String, Vec<(String, Question)>)> {
    let name = COURSE.closed(exercise, progress)?;
    let questions = unanswered(&name, progress);
    (!questions.is_empty()).then_some((name, questions))
}

/// The quiz for whoever has done all exercises: what was missed, or the first stage that was left unasked.
pub(crate) fn next(progress: &Progress) -> Option<String> {
    if !progress.missed(true).is_empty() {
        return Some(AGAIN.to_owned());
    }
    let mut closing = COURSE.stages(&progress.path).into_iter().filter_map(|stage| stage.quiz);
    closing.find(|name| !unanswered(name, progress).is_empty())
}

fn unanswered(quiz: &str, progress: &Progress) -> Vec<(String, Question)> {
    let questions = quizzes().into_iter().filter(|known| known.name == quiz).flat_map(Quiz::named);
    questions.filter(|(name, _)| !progress.is_answered(name)).collect()
}

impl Quiz {
    /// Each with the name that its answers are noted under.
    fn named(self) -> Vec<(String, Question)> {
        let Self { name, questions, .. } = self;
        questions.into_iter().map(|question| (format!("quiz/{name}/{}", question.id), question.into())).collect()
    }
}

/// With the names that their answers are noted under.
fn questions(typed: &str, file: &ProgressFile) -> Result<Vec<(String, Question)>, Failure> {
    let name = typed.trim().to_lowercase();
    if name == AGAIN {
        let missed = file.read().missed(true);
        return Ok(missed.into_iter().filter_map(|name| Some((name.clone(), named(&name)?))).collect());
    }
    if let Some(quiz) = quizzes().into_iter().find(|quiz| quiz.name == name.replace([' ', '_'], "-")) {
        return Ok(quiz.named());
    }
    match find(typed) {
        Some(exercise) => Ok(vec![(exercise.id.to_owned(), exercise.data().question)]),
        None => Err(Failure::usage(format!("there is no quiz {typed}; `cargo lab quiz` lists them"))),
    }
}

fn list(file: &ProgressFile, json: bool) -> Result<(), Failure> {
    let (quizzes, missed) = (quizzes(), file.read().missed(true).len());
    let mut lists: Vec<Listed<'_>> = quizzes
        .iter()
        .map(|quiz| Listed { quiz: &quiz.name, about: &quiz.about, questions: quiz.questions.len() })
        .collect();
    lists.push(Listed { quiz: AGAIN, about: "what you have missed", questions: missed });
    if json {
        let mut output = Output::new(true);
        return lists.iter().try_for_each(|listed| output.record(listed, ""));
    }
    let mut screen = String::from("The quizzes, each after `cargo lab quiz`:\n");
    for Listed { quiz, about, questions } in &lists {
        let _ = writeln!(screen, "  {quiz:10} {questions:>2} {about}");
    }
    screen += "  rest/01    the question of that exercise, and so on\n";
    print(&screen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_can_be_answered_and_is_found_by_its_name() {
        for quiz in quizzes() {
            for question in &quiz.questions {
                let name = format!("quiz/{}/{}", quiz.name, question.id);
                assert!(named(&name).is_some_and(|found| found.text == question.text), "{name} is there twice");
                assert!(question.options.iter().any(|option| option.right), "{name} has no right answer");
                assert!(question.options.iter().any(|option| !option.right), "{name} has no wrong answer");
                assert!(question.options.iter().all(|option| option.why.len() > 30), "{name} explains nothing");
            }
        }
    }

    #[test]
    fn a_stage_is_closed_by_three_questions() {
        for name in COURSE.stages("all").into_iter().filter_map(|stage| stage.quiz) {
            let quiz = quizzes().into_iter().find(|quiz| quiz.name == name);
            assert_eq!(quiz.map(|quiz| quiz.questions.len()), Some(3), "{name}");
        }
    }

    #[test]
    fn what_is_left_to_ask_is_what_was_missed_and_then_the_stages_in_their_order() {
        let mut progress = Progress::default();
        let mut answer = |name: &str, right| {
            unanswered(name, &progress.clone()).iter().for_each(|(question, _)| progress.answered(question, right));
            next(&progress)
        };
        assert_eq!(answer("stage-1", true).as_deref(), Some("stage-2"));
        assert_eq!(answer("stage-2", false).as_deref(), Some(AGAIN));
        let all = ["stage-3", "stage-4", "stage-5", "stage-6"].map(|name| answer(name, true));
        assert!(all.iter().all(|next| next.as_deref() == Some(AGAIN)));
        let missed = progress.missed(true);
        missed.iter().for_each(|question| progress.answered(question, true));
        assert_eq!(next(&progress), None);
    }

    #[test]
    fn the_right_answer_is_not_always_at_the_same_place() {
        for quiz in quizzes() {
            let places = |place: usize| {
                quiz.questions
                    .iter()
                    .filter(|question| question.options.get(place).is_some_and(|option| option.right))
                    .count()
            };
            let most = (0..5).map(places).max().unwrap_or_default();
            assert!(quiz.questions.len() < 4 || most * 4 <= quiz.questions.len() * 3, "{}", quiz.name);
        }
    }
}
