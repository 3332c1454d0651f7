//! What follows a pass: yours beside ours, why, a question, Enter.

use std::fmt::Write as _;

use lab_console::{Failure, printable};
use similar::{ChangeTag, TextDiff};

use super::Watch;
use crate::exercise::Exercise;
use crate::question::{Asker, named};
use crate::quiz::of_stage;
use crate::{repository, solution};

/// Lines around a difference.
const AROUND: usize = 3;

impl Watch {
    pub(super) async fn passed(&mut self, exercise: &'static Exercise) -> Result<(), Failure> {
        self.rule("passed: yours and ours")?;
        if self.program.is_none() {
            let yours = std::fs::read_to_string(repository::root().join(repository::starter(exercise)));
            let ours = solution::read(exercise);
            if let (Ok(yours), Ok(ours)) = (yours, ours) {
                self.say(&difference("yours", &yours, "ours", &ours))?;
            }
        } else {
            let what = if exercise.role.runs() { "Ours, in Rust" } else { "Ours" };
            self.say(&format!("{what}: {}\n", repository::solution(exercise).display()))?;
            if let Some(path) = repository::solution_in_python(exercise) {
                self.say(&format!("Ours, in Python: {}\n", path.display()))?;
            }
        }
        self.say(&format!("\n{}", solution::explained(exercise)))?;
        self.ask(exercise).await
    }

    /// The question of this exercise, those that come back, and at the end of a stage its own.
    async fn ask(&mut self, exercise: &Exercise) -> Result<(), Failure> {
        self.rule("a question, about another transport")?;
        let due = self.file.read().missed(false).into_iter().filter(|name| name != exercise.id);
        let due: Vec<_> = due.filter_map(|name| Some((named(&name)?, name))).collect();
        self.answers.forget_typed_ahead();
        let mut asker = Asker { answers: &mut self.answers, file: &self.file, json: self.json };
        asker.ask(exercise.id, &exercise.data().question).await?;
        for (question, name) in due {
            if asker.answers.left() {
                break;
            }
            lab_console::print("\nOnce more, for it was missed:\n")?;
            asker.ask(&name, &question).await?;
        }
        let closing = of_stage(exercise, &self.file.read()).filter(|_| !self.answers.left());
        if let Some((_, questions)) = closing {
            self.rule("a stage is done: what differed?")?;
            let mut asker = Asker { answers: &mut self.answers, file: &self.file, json: self.json };
            for (name, question) in &questions {
                asker.ask(name, question).await?;
            }
        }
        Ok(())
    }

    /// Whether the learner wants the next one now.
    pub(super) async fn goes_on(&mut self, next: &Exercise) -> Result<bool, Failure> {
        self.say(&format!("\nNext: {} {}. Enter goes on, q quits. ", next.id, next.title()))?;
        let goes_on = match self.answers.line().await.as_deref() {
            Some("q" | "quit" | "exit") => false,
            Some(_) => return Ok(true),
            None => false,
        };
        self.say("\n`cargo lab watch` goes on there.\n")?;
        Ok(goes_on)
    }
}

/// What differs, as `diff -u` shows it.
pub(crate) fn difference(old_name: &str, old: &str, new_name: &str, new: &str) -> String {
    let mut screen = String::new();
    let _ = writeln!(screen, "- {old_name}\n+ {new_name}");
    let diff = TextDiff::from_lines(old, new);
    let groups = diff.grouped_ops(AROUND);
    if groups.is_empty() {
        return format!("No difference between {old_name} and {new_name}.\n");
    }
    for group in groups {
        screen.push_str("…\n");
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let line = change.value().trim_end_matches(['\n', '\r']).replace('\t', "    ");
            let _ = writeln!(screen, "{}", format!("{mark} {}", printable(&line)).trim_end());
        }
    }
    screen
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn only_what_differs_is_shown_with_what_stands_around_it() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let shown = difference("yours", old, "ours", &old.replace('5', "five"));
        assert_eq!(shown, "- yours\n+ ours\n…\n  2\n  3\n  4\n- 5\n+ five\n  6\n  7\n  8\n");
        assert_eq!(difference("a", old, "b", old), "No difference between a and b.\n");
    }
}
