//! From a learner's file to a program, by cargo.

use std::path::PathBuf;
use std::process::{Output, Stdio};

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

/// What cargo calls what it makes a program of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// By an `[[example]]`.
    Example(String),
    /// By a `[[bin]]`.
    Bin(String),
}

impl Target {
    fn name(&self) -> &str {
        match self {
            Self::Example(name) | Self::Bin(name) => name,
        }
    }

    fn option(&self) -> &str {
        match self {
            Self::Example(_) => "--example",
            Self::Bin(_) => "--bin",
        }
    }
}

/// Builds an example of `lab-<lab>` in the workspace at `folder`.
///
/// # Errors
///
/// When cargo can't be run, or fails for a reason that is no error in the code.
pub async fn build(lab: &str, example: &str) -> Result<Built, Failure> {
    build_in(root(), lab, &[Target::Example(example.to_owned())])
        .await
        .map(|mut built| built.pop().expect("one was asked for"))
}

/// The same for several at once.
pub(crate) async fn build_in(folder: PathBuf, lab: &str, targets: &[Target]) -> Result<Vec<Built>, Failure> {
    let mut cargo = std::process::Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(folder).args(["build", "--quiet", "--message-format", "json", "--keep-going"]);
    // A copy of the workspace uses what is built for the workspace itself.
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    cargo.env("CARGO_TARGET_DIR", std::path::absolute(&target).unwrap_or(target));
    // `lab` beside it: so its libraries are those that are built already, with the same features.
    cargo.args(["--package", "lab", "--package", &format!("lab-{lab}")]);
    cargo.args(["--features", &format!("lab-{lab}/exercises")]);
    for target in targets {
        cargo.args([target.option(), target.name()]);
    }
    let output = output_of(&cargo).await;
    let output =
        output.map_err(|error| Failure::missing(format!("can't run cargo: {}", lab_console::reason(&error))))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let messages: Vec<Value> = stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    targets
        .iter()
        .map(|target| {
            let name = target.name();
            let stderr = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
            of(name, &messages).ok_or_else(|| Failure::missing(format!("cargo can't build {name}: {}", stderr())))
        })
        .collect()
}

/// Whatever ends this program, or gives up on the build, ends cargo and its compilers too.
async fn output_of(cargo: &std::process::Command) -> std::io::Result<Output> {
    let mut watchdog = Watchdog::start(None)?;
    let mut cargo = tokio::process::Command::from(watchdog.watched(cargo)?);
    let cargo = cargo.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
    let pid = cargo.id();
    let output = cargo.wait_with_output().await;
    pid.into_iter().for_each(|pid| watchdog.is_over(pid));
    output
}

fn of(name: &str, messages: &[Value]) -> Option<Built> {
    let mut ours = messages.iter().filter(|message| message["target"]["name"] == name);
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
