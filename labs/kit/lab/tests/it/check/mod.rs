//! `cargo lab check` and programs that misbehave: each gets its sentence, in time, and
//! none outlives the checker.

mod answers;
mod commands;
mod programs;
mod stopped;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Output, Process, folder, lab_words};

/// For a whole verdict, on a machine that does much else besides.
const LONGEST: Duration = Duration::from_secs(30);

/// A folder with programs in it. Its name is in the command line of each of them.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let world = Self(folder());
        for (name, text) in [("good.py", programs::GOOD), ("raw.py", programs::RAW)] {
            world.write(name, text);
        }
        world
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("written");
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// `{good}` and `{raw}` are commands, `{here}` the folder.
    fn line(&self, line: &str) -> String {
        let here = self.path().display().to_string();
        let line = line.replace("{good}", "python3 {here}/good.py").replace("{raw}", "python3 {here}/raw.py");
        line.replace("{here}", &here)
    }

    fn start(&self, line: &str) -> Process {
        let line = self.line(line);
        Process::spawn(lab_words(self.path(), &["check", "rest/01", "--json", "--program", &line]))
    }

    /// What the checker has to say of it; nothing of it is left.
    async fn check(&self, line: &str) -> Verdict {
        let begin = Instant::now();
        let output = self.start(line).end().await;
        assert!(begin.elapsed() < LONGEST, "{line}: {:?}, {output:?}", begin.elapsed());
        assert_eq!(self.left(), Vec::<String>::new(), "{line}");
        Verdict::of(output)
    }

    /// Processes with this folder in their command line. The dead have none.
    fn left(&self) -> Vec<String> {
        let here = self.path().display().to_string();
        let processes = Path::new("/proc").read_dir().into_iter().flatten().flatten();
        let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
        // The checker itself has it too, as long as it runs.
        lines.filter(|line| line.contains(&here) && !line.contains("--program")).collect()
    }
}

/// What came of it.
struct Verdict {
    output: Output,
    json: Value,
}

impl Verdict {
    fn of(output: Output) -> Self {
        let json = output.json();
        Self { output, json }
    }

    #[track_caller]
    fn passed(self) {
        assert_eq!(self.output.status, 0, "{:?}", self.output);
        assert_eq!(self.json["passed"], true);
    }

    /// The failure of the first check, with all of its parts.
    #[track_caller]
    fn failed(&self) -> Value {
        assert_eq!(self.output.status, 1, "{:?}", self.output);
        assert_eq!(self.json["passed"], false);
        let failed = self.json["checks"][0].clone();
        assert_eq!(failed["outcome"], "failed", "{:?}", self.output);
        for part in ["sentence", "sent", "expected", "came_back", "why", "try"] {
            assert!(failed[part].as_str().is_some_and(|part| !part.is_empty()), "no {part}: {failed}");
        }
        failed
    }

    #[track_caller]
    fn came_back(&self, words: &str) {
        let failed = self.failed();
        assert!(failed["came_back"].as_str().is_some_and(|came| came.contains(words)), "no {words}: {failed}");
    }
}
