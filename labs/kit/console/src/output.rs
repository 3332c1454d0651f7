//! What the verbs print on stdout: lines for a person, or JSON lines.
//!
//! Each record is written in one go and flushed, so that a reader at the end of
//! a pipe has it at once. Writing blocks for as long as that reader does; a
//! command has nothing better to do. A real service would not write this way.

use std::fmt::Write as _;
use std::io::{self, Stdout, Write};
use std::net::SocketAddr;

use lab_orders::{ChangeKind, Order};
use serde::Serialize;

use crate::Failure;
use crate::failure::ErrorJson;
use crate::table::{self, WIDTH};
use crate::text::{cut, json_line, printable, width_of, wrap, wrap_words};

/// Where the lines of a record go on below its first words.
const INDENT: usize = 12;

/// Prints what the verbs give. Every method fails when its writer does: see [`Failure::output`].
#[derive(Debug)]
pub struct Output<W = Stdout> {
    writer: W,
    json: bool,
    listed: bool,
}

impl Output {
    /// Prints on stdout.
    pub fn new(json: bool) -> Self {
        Self::to(io::stdout(), json)
    }
}

impl<W: Write> Output<W> {
    /// Prints elsewhere; for tests.
    pub fn to(writer: W, json: bool) -> Self {
        Self { writer, json, listed: false }
    }

    /// One object as a line of JSON, or one line for a person. For what only one
    /// lab has; the methods below stand for what is the same in all.
    pub fn record(&mut self, json: &impl Serialize, line: &str) -> Result<(), Failure> {
        if self.json { self.json([json]) } else { self.text([line]) }
    }

    /// The first line of a server: `line` should say what it is, where it listens and where its orders are.
    /// JSON: `{"listening":"127.0.0.1:8080"}`.
    pub fn listening(&mut self, address: SocketAddr, line: &str) -> Result<(), Failure> {
        self.record(&Listening { listening: address }, line)
    }

    /// The server works. JSON: `{"status":"ok"}`.
    pub fn health(&mut self) -> Result<(), Failure> {
        self.record(&Health { status: "ok" }, "ok")
    }

    /// All of an order. JSON: the order.
    pub fn order(&mut self, order: &Order) -> Result<(), Failure> {
        if self.json { self.json([order]) } else { self.text(order_lines(order)) }
    }

    /// A page of a list; its first page brings the table's header. JSON: an order a line.
    pub fn list_page(&mut self, orders: &[Order]) -> Result<(), Failure> {
        if self.json {
            return self.json(orders);
        }
        let header = (!self.listed && !orders.is_empty()).then(table::header);
        self.listed |= !orders.is_empty();
        self.text(header.into_iter().chain(orders.iter().flat_map(table::lines)))
    }

    /// After the last page. It says so if there was no order at all; JSON: nothing.
    pub fn list_end(&mut self) -> Result<(), Failure> {
        let listed = std::mem::take(&mut self.listed);
        if self.json || listed { Ok(()) } else { self.text(["no orders"]) }
    }

    /// A change, on two lines. JSON: `{"position","kind","order"}`.
    pub fn change(&mut self, position: &str, kind: ChangeKind, order: &Order) -> Result<(), Failure> {
        if self.json {
            return self.json([ChangeJson { position, kind, order }]);
        }
        self.text(change_lines(position, kind, order))
    }

    /// An order is gone. JSON: `{"deleted":"ID"}`.
    pub fn deleted(&mut self, id: &str) -> Result<(), Failure> {
        self.record(&Deleted { deleted: id }, &format!("deleted {id}"))
    }

    /// A line of an import that gave no order. JSON: `{"line":N,"error":{"code","message"}}`.
    pub fn import_refused(&mut self, line: u64, code: &str, message: &str) -> Result<(), Failure> {
        let json = ImportRefused { line, error: ErrorJson { code, message } };
        self.record(&json, &format!("line {line}: {message}"))
    }

    /// The end of an import. JSON: `{"created":N,"refused":N}`. If any line was
    /// refused the import has failed, and this is its failure.
    pub fn import_summary(&mut self, created: u64, refused: u64) -> Result<(), Failure> {
        self.record(&ImportSummary { created, refused }, &format!("{created} created, {refused} refused"))?;
        match refused {
            0 => Ok(()),
            1 => Err(Failure::refused(
                "invalid",
                "a line was refused: import it again when its fault is mended, and that line alone",
            )),
            _ => Err(Failure::refused(
                "invalid",
                format!(
                    "{refused} lines were refused: import them again when their faults are mended, and those lines alone"
                ),
            )),
        }
    }

    fn json<T: Serialize>(&mut self, records: impl IntoIterator<Item = T>) -> Result<(), Failure> {
        self.write(records.into_iter().map(|record| json_line(&record)).collect())
    }

    fn text(&mut self, lines: impl IntoIterator<Item: AsRef<str>>) -> Result<(), Failure> {
        let mut text = String::new();
        for line in lines {
            text.extend([&printable(line.as_ref()), "\n"]);
        }
        self.write(text)
    }

    fn write(&mut self, text: String) -> Result<(), Failure> {
        write_to(&mut self.writer, &text)
    }
}

/// Prints on stdout what is no record: a screen that was put together for a person. As it
/// is; what came from elsewhere should have passed [`printable`].
pub fn print(text: &str) -> Result<(), Failure> {
    write_to(&mut io::stdout().lock(), text)
}

/// In one go, so that a reader at the end of a pipe has it at once.
fn write_to(writer: &mut impl Write, text: &str) -> Result<(), Failure> {
    let written = writer.write_all(text.as_bytes()).and_then(|()| writer.flush());
    written.map_err(|error| Failure::output(&error))
}

/// `name  value`, the value wrapped below itself.
fn order_lines(order: &Order) -> Vec<String> {
    let one = |value: String| vec![value];
    let fields = [
        ("id", one(order.id.to_string())),
        ("created_by", wrap(&order.created_by, WIDTH - INDENT)),
        ("status", one(order.status.to_string())),
        ("equipment", wrap_words(&table::items(order, ", "), WIDTH - INDENT)),
        ("created_at", one(format!("{:.3}", order.created_at))),
        ("version", one(order.version.to_string())),
    ];
    let names = |name| std::iter::once(name).chain(std::iter::repeat(""));
    let field = |(name, lines): (&'static str, Vec<String>)| names(name).zip(lines);
    fields.into_iter().flat_map(field).map(|(name, line)| format!("{name:INDENT$}{line}")).collect()
}

fn change_lines(position: &str, kind: ChangeKind, order: &Order) -> [String; 2] {
    let first = format!("{kind:7} {} {:10} version {}", order.id, order.status, order.version);
    // The position and the name have room first; what is left is the equipment's.
    let mut end = format!(" for {}", cut(&order.created_by, 22));
    write!(end, ", at {}", cut(position, 28)).expect("a String takes everything");
    let equipment = cut(&table::items(order, ", "), WIDTH - 8 - width_of(&end));
    [cut(&first, WIDTH), format!("        {equipment}{end}")]
}

#[derive(Serialize)]
struct Listening {
    listening: SocketAddr,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    position: &'a str,
    kind: ChangeKind,
    order: &'a Order,
}

#[derive(Serialize)]
struct Deleted<'a> {
    deleted: &'a str,
}

#[derive(Serialize)]
struct ImportRefused<'a> {
    line: u64,
    error: ErrorJson<'a>,
}

#[derive(Serialize)]
struct ImportSummary {
    created: u64,
    refused: u64,
}

#[cfg(test)]
mod tests;
