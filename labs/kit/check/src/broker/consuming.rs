//! One run of a consumer: what was in the topic, and what it printed of that.

use serde_json::Value;

use super::look::{listed, shortened};
use super::run::Run;
use super::{At, Record};
use crate::bench::Bench;
use crate::verdict::{Failed, Outcome};

/// Of what it printed, so much is shown.
const SHOWN: usize = 2_000;
/// What it prints.
pub(super) const LINE: &str =
    r#"on stdout, for each record, a line of JSON: {"partition": 0, "offset": 0, "key": "…", "value": "…"}"#;

/// What it did.
pub(crate) struct Consuming {
    run: Run,
    /// What there is to be known of it besides.
    note: String,
    /// What is in the topic after its end.
    pub(crate) there: Vec<Record>,
}

impl Bench {
    /// Runs a consumer to its end; kills it when `enough` returns.
    pub(crate) async fn consume(
        &self,
        at: At<'_>,
        topic: &str,
        group: &str,
        enough: impl Future<Output = ()>,
    ) -> Result<Consuming, Failed> {
        self.kafka().note_group(group);
        let run = self.run_at(at, &[("LAB_TOPIC", topic), ("LAB_GROUP", group)], None, enough).await?;
        Ok(Consuming { run, note: String::new(), there: self.kafka().read(topic).await? })
    }
}

impl Consuming {
    /// The same, with a word on what came before it.
    pub(crate) fn noted(self, note: &str) -> Self {
        Self { note: format!("{note}\n"), ..self }
    }

    /// It ended by itself with this code.
    pub(crate) fn expect_exit(&self, code: i32) -> Outcome {
        self.expect(&format!("exit code {code}"), self.run.has_exit(code))
    }

    /// What it printed, line by line.
    pub(crate) fn printed(&self) -> Result<Vec<Record>, Failed> {
        let lines = self.run.ran.stdout.lines().filter(|line| !line.trim().is_empty());
        let record = |line: &str| parse(line).ok_or_else(|| self.wrong(LINE));
        lines.map(record).collect()
    }

    /// It printed these, each once, in the order of each partition, and no others.
    pub(crate) fn expect_printed(&self, what: &str, expected: &[Record]) -> Outcome {
        let printed = self.printed()?;
        let of = |records: &[Record], number| -> Vec<Record> {
            records.iter().filter(|record| record.partition == number).cloned().collect()
        };
        let known = printed.iter().all(|record| expected.contains(record));
        let same = expected.iter().all(|one| of(&printed, one.partition) == of(expected, one.partition));
        self.expect(what, known && same)
    }

    /// White space is nothing.
    pub(crate) fn expect_no_output(&self) -> Outcome {
        self.expect("nothing on stdout", self.run.ran.stdout.trim().is_empty())
    }

    /// Passes if it holds; `what` says what should.
    pub(crate) fn expect(&self, what: &str, holds: bool) -> Outcome {
        if holds { Ok(()) } else { Err(self.wrong(what)) }
    }

    fn wrong(&self, expected: &str) -> Failed {
        let there = match self.there.is_empty() {
            true => "(nothing is in the topic)".to_owned(),
            false => format!("(in the topic: place, key, value)\n{}", listed(&self.there)),
        };
        let stdout = self.run.ran.stdout.trim();
        let printed = if stdout.is_empty() {
            "(nothing on stdout)".to_owned()
        } else {
            format!("(on stdout)\n{}", first_lines(stdout, SHOWN))
        };
        self.run.wrong(&format!("{}{there}", self.note), expected, &printed)
    }
}

/// So many characters, and no line in part but the first.
fn first_lines(text: &str, most: usize) -> String {
    let Some((cut, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let Some(end) = text[..cut].rfind('\n') else { return text[..cut].to_owned() };
    format!("{}\n(… and {} more)", &text[..end], text[end..].trim().lines().count())
}

/// A record as it must be printed, with spaces as somebody may write them.
pub(super) fn line_of(record: &Record) -> String {
    let text = |bytes: &Option<Vec<u8>>| match bytes {
        Some(bytes) => shortened(&Value::from(String::from_utf8_lossy(bytes)).to_string()),
        None => "null".to_owned(),
    };
    let (partition, offset, key, value) = (record.partition, record.offset, text(&record.key), text(&record.value));
    format!(r#"{{"partition": {partition}, "offset": {offset}, "key": {key}, "value": {value}}}"#)
}

/// `{"partition","offset","key","value"}`; other fields are nobody's business.
pub(super) fn parse(line: &str) -> Option<Record> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| match value.as_object()?.get(name)? {
        Value::Null => Some(None),
        Value::String(text) => Some(Some(text.clone().into_bytes())),
        _ => None,
    };
    Some(Record {
        partition: i32::try_from(value["partition"].as_i64()?).ok()?,
        offset: value["offset"].as_i64()?,
        key: text("key")?,
        value: text("value")?,
    })
}
