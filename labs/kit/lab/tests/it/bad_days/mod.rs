//! Bad days: what a stranger types and meets, and what each program says then.
//!
//! A table a file, a row a case: a name; the day's trouble, as lines of a shell; what is
//! typed after `cargo lab`; the exit code; and words that the sentence must have. What
//! holds of every row is in [`Day::check`].
//!
//! [`typing`]: words; [`places`]: files and folders; [`networks`]: addresses and who is
//! there; [`limits`]; [`terminals`]: where output goes; [`signals`].

mod limits;
mod networks;
mod places;
mod signals;
mod terminals;
mod typing;
mod world;

use futures_util::{StreamExt, stream};
use nix::sys::signal::Signal;
use serde_json::Value;

use self::world::World;
use crate::support::{Output, Process, folder, lab_under, until};

const ID: &str = "0198c5a2-7d1e-7c3b-9a55-3f0b7d6c1e24";
/// A day without trouble.
const NONE: &str = "";
/// Rows at once: a row that waits shall not keep the others.
const AT_ONCE: usize = 4;

/// A row.
struct Day {
    name: &'static str,
    trouble: &'static str,
    /// After `cargo lab`. `{rest}`, `{nobody}` … stand for what there is in the [`World`].
    typed: &'static str,
    end: End,
    says: &'static [&'static str],
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// With this exit code; a sentence says why, and with `--json` an object.
    Fails(i32),
    /// With 0.
    Done,
    /// Not before it is told to, and it serves until then.
    Serves,
}

use End::{Done, Fails, Serves};

fn day(name: &'static str, trouble: &'static str, typed: &'static str, end: End, says: &'static [&'static str]) -> Day {
    Day { name, trouble, typed, end, says }
}

/// Checks every row; one that fails is named, and doesn't hide the others.
async fn check(days: &[Day]) {
    let world = World::new().await;
    let wrong = stream::iter(days).map(|day| day.check(&world)).buffer_unordered(AT_ONCE);
    let wrong: Vec<String> = wrong.filter_map(|result| async { result.err() }).collect().await;
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), days.len(), wrong.join("\n"));
}

/// Reads the typed line as a shell does, then has the trouble, then becomes the program.
const SHELL: &str = r#"eval "set -- \"\$2\" $1"; eval "$0"; exec "$@""#;

fn start(trouble: &str, typed: &str) -> (Process, tempfile::TempDir) {
    let folder = folder();
    let command = lab_under(&["sh", "-c", SHELL, trouble, typed], folder.path(), "", &[]);
    (Process::spawn(command), folder)
}

impl Day {
    async fn check(&self, world: &World) -> Result<(), String> {
        let (trouble, typed) = (world.fill(self.trouble), world.fill(self.typed));
        let named = |wrong: String| format!("- {}: `cargo lab {typed}`: {wrong}", self.name);
        if self.end == Serves {
            return self.serves(world, &trouble, &typed).await.map_err(named);
        }
        let (process, _folder) = start(&trouble, &typed);
        let output = process.end().await;
        self.ends_for_a_person(world, &output).map_err(|wrong| named(format!("{wrong}: {output:?}")))?;
        if self.end == Done {
            return Ok(());
        }
        let (process, _folder) = start(&trouble, &format!("{typed} --json"));
        let output = process.end().await;
        self.ends_for_a_program(world, &output).map_err(|wrong| named(format!("with --json {wrong}: {output:?}")))
    }

    fn ends_for_a_person(&self, world: &World, output: &Output) -> Result<(), String> {
        let status = if let Fails(status) = self.end { status } else { 0 };
        require(output.status == status, || format!("exit {status} was due"))?;
        let text = if status == 0 { &output.stdout } else { &output.stderr };
        self.has_words(world, text)?;
        if status == 0 {
            return require(output.stderr.is_empty(), || "it complains".to_owned());
        }
        require(output.stdout.is_empty(), || "stdout is for data".to_owned())?;
        for words in ["panicked", "backtrace", "Os {", "os error", "Error {", "Err(", "Some("] {
            require(!output.stderr.contains(words), || format!("{words:?} is not for a person"))?;
        }
        // What serves has log lines before it. What is wrong with the line itself takes several.
        let sentences = output.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        let is_last = output.stderr.lines().last().is_some_and(|line| line.starts_with("error: "));
        require(sentences == 1 && (is_last || status == 2), || "one sentence was due".to_owned())
    }

    fn ends_for_a_program(&self, world: &World, output: &Output) -> Result<(), String> {
        require(Fails(output.status) == self.end, || format!("{:?} was due", self.end))?;
        require(output.stdout.is_empty(), || "stdout is for data".to_owned())?;
        let last = output.stderr.lines().last().unwrap_or_default();
        let error: Value = serde_json::from_str(last).map_err(|error| format!("no object ({error})"))?;
        let (code, message) = (&error["error"]["code"], &error["error"]["message"]);
        require(code.as_str().is_some_and(|code| !code.is_empty()), || "no code".to_owned())?;
        self.has_words(world, message.as_str().ok_or("no message")?)
    }

    /// It prints where it listens, answers, and ends with 0 when it is told to.
    async fn serves(&self, world: &World, trouble: &str, typed: &str) -> Result<(), String> {
        let (mut process, _folder) = start(trouble, typed);
        let Some(first) = process.line().await else {
            return Err(format!("it ends: {:?}", process.end().await));
        };
        self.has_words(world, &first).map_err(|wrong| format!("{wrong}: {first}"))?;
        if typed.contains("kafka-consumer") {
            let takes = || async { process.stderr().contains("partitions are ours").then_some(()) };
            until("partitions", takes).await;
        } else {
            let (_, rest) = first.split_once(" on ").ok_or("no address")?;
            let address = rest.trim_start_matches("http://").split(',').next().unwrap_or_default();
            let ask = match typed {
                _ if typed.contains("rest-server") => "run rest-client health --server",
                _ if typed.contains("grpc-server") => "run grpc-client health --server",
                _ => "run kafka-producer health --brokers",
            };
            let health = start(NONE, &format!("{ask} {address}")).0.end().await;
            require(health.status == 0, || format!("nobody is served: {health:?}, {}", process.stderr()))?;
        }
        process.signal(Signal::SIGTERM);
        let output = process.end().await;
        require(output.status == 0 && !output.stderr.contains("ERROR"), || format!("no end in order: {output:?}"))
    }

    fn has_words(&self, world: &World, text: &str) -> Result<(), String> {
        // Long lines may have been broken.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let missing = self.says.iter().map(|words| world.fill(words)).find(|words| !text.contains(words));
        missing.map_or(Ok(()), |words| Err(format!("it doesn't say {words:?}")))
    }
}

fn require(holds: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(wrong()) }
}
