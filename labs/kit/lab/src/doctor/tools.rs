//! What building takes: Rust, compilers of C and C++, make, bash.

use lab_launcher::{TOOLS, Tool, find};

use super::ask::{Answer, ask};
use super::finding::Finding;

/// As rustup.rs says it.
const RUSTUP: &str = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";
/// The oldest Rust that the workspace is built with.
const OLDEST_RUST: &str = env!("CARGO_PKG_RUST_VERSION");

pub(super) async fn rust() -> Finding {
    let (rustc, cargo) = tokio::join!(ask("rustc", &["--version"]), ask("cargo", &["--version"]));
    let mend = if find("rustup").is_some() { "rustup update stable" } else { RUSTUP };
    let (rustc, cargo) = match (version(&rustc), version(&cargo)) {
        (Some(rustc), Some(cargo)) => (rustc, cargo),
        (None, _) => return Finding::fail("rust", format!("rustc {}", rustc.trouble()), mend),
        (_, None) => return Finding::fail("rust", format!("cargo {}", cargo.trouble()), mend),
    };
    if is_older(&rustc, OLDEST_RUST) {
        return Finding::fail("rust", format!("rustc {rustc} is too old: {OLDEST_RUST} is needed"), mend);
    }
    Finding::ok("rust", format!("rustc {rustc}, cargo {cargo}"))
}

/// What the launcher has looked for as well, before all this was built.
pub(super) async fn building() -> Vec<Finding> {
    let [c, cxx, make, bash] = &TOOLS;
    let (c, cxx, make, bash) = tokio::join!(tool(c), tool(cxx), tool(make), tool(bash));
    vec![c, cxx, make, bash]
}

async fn tool(tool: &Tool) -> Finding {
    let line = tool.line();
    let mut words = line.split_whitespace();
    let program = words.next().unwrap_or_default();
    let answer = ask(program, &words.chain(["--version"]).collect::<Vec<_>>()).await;
    match answer.line() {
        Some(said) => Finding::ok(tool.check, said),
        None => Finding::lack(tool.check, tool.lack(&answer.trouble())),
    }
}

/// `1.95.0` of `rustc 1.95.0 (59807616e 2026-04-14)`.
fn version(answer: &Answer) -> Option<String> {
    let version = answer.line()?.split_whitespace().nth(1)?;
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

fn is_older(version: &str, oldest: &str) -> bool {
    let numbers = |text: &str| {
        let mut numbers = text.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or_default());
        (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
    };
    numbers(version) < numbers(oldest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (version, older) in
            [("1.88.0", true), ("1.89.0", false), ("1.100.0-nightly", false), ("2.0", false), ("0.99.9", true)]
        {
            assert_eq!(is_older(version, "1.89"), older, "{version}");
        }
    }

    #[test]
    fn a_version_is_the_second_word_and_a_number() {
        let said = |text: &str| version(&Answer::Said(text.to_owned()));
        assert_eq!(said("rustc 1.95.0 (59807616e 2026-04-14)\n").as_deref(), Some("1.95.0"));
        assert_eq!(said("error: no toolchain"), None);
        assert_eq!(said(""), None);
    }
}
