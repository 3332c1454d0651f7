//! What an exercise is: its place, its data, its section in the lab's README, its checks.

mod role;

pub use role::Role;

use std::pin::Pin;

use serde::Deserialize;

use crate::bench::Bench;
use crate::called::Called;
use crate::verdict::Outcome;

/// Looks at one thing. A program that is wrong in it makes it fail, and no other does.
pub(crate) type Check = for<'a> fn(&'a mut Bench) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// The checks of an exercise: each an `async fn(&mut Bench) -> Outcome`, with its name.
macro_rules! checks {
    ($($check:ident),+ $(,)?) => {
        &[$((stringify!($check), |bench| Box::pin($check(bench)))),+]
    };
}
pub(crate) use checks;

/// One entry of the catalogue.
pub struct Exercise {
    /// As `rest/04`.
    pub id: &'static str,
    /// The rest of its files' name, as in `04_place_an_order.rs`.
    pub name: &'static str,
    /// What kind of program it is.
    pub role: Role,
    pub(crate) data: &'static str,
    pub(crate) readme: &'static str,
    pub(crate) checks: &'static [(&'static str, Check)],
}

/// What its TOML file holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Three, from a nudge to nearly the code.
    pub hints: [String; 3],
    /// Of the solution, shown after a pass.
    pub explanation: String,
    /// Earlier exercises that are as good as done by whoever has done this one.
    #[serde(default)]
    pub implies: Vec<String>,
    /// Services that the program calls; the checker plays them.
    #[serde(default)]
    pub calls: Vec<Called>,
    /// In the order of the sentences under "Done when".
    #[serde(rename = "check")]
    pub checks: Vec<Remark>,
    /// Asked after a pass.
    pub question: Question,
    /// What to type in order to play with it while it runs, or the arguments that it takes.
    #[serde(default)]
    pub play: Vec<String>,
    /// Programs that must fail.
    #[serde(rename = "wrong")]
    pub wrong: Vec<Wrong>,
}

/// What a check's most likely failure means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// The function's.
    pub name: String,
    /// Why it matters to somebody.
    pub why: String,
    /// What to try.
    pub r#try: String,
}

/// One question, with all that can be answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// At least two; one or more are right.
    #[serde(rename = "option")]
    pub options: Vec<Choice>,
}

/// One answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The answer.
    pub text: String,
    /// Whether it is right.
    #[serde(default)]
    pub right: bool,
    /// Why it is, or isn't.
    pub why: String,
}

/// The solution with a mistake, as a learner makes it; or a program that does something else.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// Of the program.
    pub name: String,
    /// The check that must fail first.
    pub fails: String,
    /// Each must be found, exactly once.
    #[serde(default)]
    pub replace: Vec<Replacement>,
    /// Instead: a program of the worked lab with its arguments, as `server --in-memory`. From the
    /// second stage on an exercise has a twist that it doesn't answer.
    pub program: Option<String>,
    /// Whether what is said of it is kept in `messages/`: for the likeliest mistakes.
    #[serde(default)]
    pub message: bool,
}

/// Find and replace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// In the solution.
    pub find: String,
    /// What stands there instead.
    pub with: String,
}

impl Exercise {
    /// The lab whose folder holds it: `rest`.
    #[must_use]
    pub fn lab(&self) -> &'static str {
        self.id.split_once('/').expect("an id has a slash").0
    }

    /// As `place an order`.
    #[must_use]
    pub fn title(&self) -> String {
        self.name.replace('_', " ")
    }

    /// As in `exercises/04_place_an_order.rs`.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.file_stem(), self.role.extension())
    }

    fn file_stem(&self) -> String {
        format!("{}_{}", self.id.split_once('/').expect("an id has a slash").1, self.name)
    }

    /// Its `[[example]]`: `rest_04_place_an_order`.
    #[must_use]
    pub fn example(&self) -> String {
        format!("{}_{}", self.lab(), self.file_stem())
    }

    /// Hints, remarks, wrong programs.
    ///
    /// # Panics
    ///
    /// When the file, which is built in, is wrong. A test reads every one.
    #[must_use]
    pub fn data(&self) -> Data {
        toml::from_str(self.data).unwrap_or_else(|error| panic!("{}: {error}", self.id))
    }

    /// Its section in the lab's README, heading included.
    ///
    /// # Panics
    ///
    /// When there is none. A test looks for every one.
    #[must_use]
    pub fn section(&self) -> &'static str {
        let heading = format!("### {}", self.id);
        let begin = self.readme.find(&heading).unwrap_or_else(|| panic!("{} has no section", self.id));
        let rest = &self.readme[begin..];
        let end = rest[1..].find("\n### ").into_iter().chain(rest.find("\n## ")).min();
        rest[..end.map_or(rest.len(), |end| end + 1)].trim_end()
    }

    /// How long it takes one fluent in Rust, and one new to it, as its section says.
    #[must_use]
    pub fn minutes(&self) -> (u32, u32) {
        let line =
            self.section().split_once("**Minutes**").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap_or(""));
        let mut numbers = line.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
        let fluent = numbers.next().unwrap_or(0);
        (fluent, numbers.next().unwrap_or(fluent))
    }

    /// The sentences under "Done when", each on one line, in their order.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences: Vec<String> = Vec::new();
        let section = self.section();
        let list = section.split_once("**Done when**").map_or("", |(_, list)| list);
        for line in list.lines().skip(1) {
            match (line.strip_prefix("- "), line.strip_prefix("  ")) {
                (Some(begin), _) => sentences.push(begin.to_owned()),
                (None, Some(more)) if !sentences.is_empty() => {
                    let last = sentences.len() - 1;
                    sentences[last] += &format!(" {}", more.trim());
                }
                _ if sentences.is_empty() => {}
                _ => break,
            }
        }
        sentences
    }
}
