//! From a learner's file to a program, by cargo.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use lab_broker::watchdog::Watchdog;
use lab_console::Failure;
use serde_json::Value;

use crate::repository::root;

/// A program, or the compiler's first error.
pub enum Built {
    /// Where it is.
    Program(PathBuf),
    /// It doesn't compile.
    Error {
        /// As rustc shows it.
        rendered: String,
        /// What it means, where rustc's words are known to mislead.
        remark: Option<&'static str>,
    },
}

/// Builds an example of `lab-<lab>` in the workspace at `folder`.
///
/// # Errors
///
/// When cargo can't be run, or fails for a reason that is no error in the code.
pub async fn build(lab: &str, example: &str) -> Result<Built, Failure> {
    build_in(root(), lab, &[example]).await.map(|mut built| built.pop().expect("one was asked for"))
}

/// The same for several at once.
pub(crate) async fn build_in(folder: PathBuf, lab: &str, examples: &[&str]) -> Result<Vec<Built>, Failure> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--quiet", "--message-format", "json", "--keep-going"]);
    // `lab` beside it: so its libraries are those that are built already, with the same features.
    cargo.args(["--package", "lab", "--package", &format!("lab-{lab}")]);
    cargo.args(["--features", &format!("lab-{lab}/exercises")]);
    for example in examples {
        cargo.args(["--example", example]);
    }
    let cannot = |error: std::io::Error| Failure::missing(format!("can't run cargo: {}", lab_console::reason(&error)));
    // However the checker ends, cargo and its compilers don't go on.
    let mut watchdog = Watchdog::start(None).map_err(cannot)?;
    let mut watched = watchdog.watched(&cargo).map_err(cannot)?;
    watched.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = tokio::process::Command::from(watched).spawn().map_err(cannot)?;
    let pid = child.id();
    let output = child.wait_with_output().await.map_err(cannot)?;
    pid.into_iter().for_each(|pid| watchdog.is_over(pid));
    let stdout = String::from_utf8_lossy(&output.stdout);
    let messages: Vec<Value> = stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    examples
        .iter()
        .map(|example| {
            let stderr = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
            of(example, &messages).ok_or_else(|| Failure::missing(format!("cargo can't build {example}: {}", stderr())))
        })
        .collect()
}

fn of(example: &str, messages: &[Value]) -> Option<Built> {
    let mut ours = messages.iter().filter(|message| message["target"]["name"] == example);
    ours.find_map(|message| {
        if let Some(program) = message["executable"].as_str() {
            return Some(Built::Program(program.into()));
        }
        let error = &message["message"];
        if error["level"] != "error" {
            return None;
        }
        let rendered = error["rendered"].as_str()?.trim_end().to_owned();
        Some(Built::Error { remark: remark(&rendered), rendered })
    })
}

/// rustc says which bound isn't met; not what to do in order to meet it.
fn remark(rendered: &str) -> Option<&'static str> {
    rendered.contains("Handler<").then_some(
        "A function is a handler in axum when it is async, each argument can be taken from the request \
         (the one that takes the body is the last), what it returns is a response, and nothing is kept over an \
         `.await` that must stay on one thread, such as the guard of a std `Mutex`. rustc says only that one of \
         these doesn't hold: look at each.",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn diagnostic(example: &str, level: &str, rendered: &str) -> Value {
        json!({ "target": { "name": example }, "message": { "level": level, "rendered": rendered } })
    }

    fn error_of(messages: &[Value]) -> (String, Option<&'static str>) {
        match of("mine", messages) {
            Some(Built::Error { rendered, remark }) => (rendered, remark),
            _ => panic!("it must not compile"),
        }
    }

    #[test]
    fn the_first_error_is_shown_and_nothing_else() {
        let messages = [
            diagnostic("another", "error", "not ours"),
            diagnostic("mine", "warning", "unused"),
            diagnostic("mine", "error", "the first\n"),
            diagnostic("mine", "error", "the second"),
        ];
        assert_eq!(error_of(&messages), ("the first".to_owned(), None));
    }

    #[test]
    fn the_bound_of_axum_is_explained() {
        let rendered = "error[E0277]: the trait bound `fn(u8) -> impl Future {health}: Handler<_, _>` is not satisfied";
        let (_, remark) = error_of(&[diagnostic("mine", "error", rendered)]);
        assert!(remark.is_some_and(|remark| remark.contains("`.await`")));
    }
}
