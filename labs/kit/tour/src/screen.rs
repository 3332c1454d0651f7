//! Three lanes side by side on a terminal, or a line of JSON for each.

use std::io::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Effects, Style};
use lab_console::{Failure, width_of};
use lab_wiretap::Bytes;
use serde::Serialize;

use crate::lane::{Lane, Line, Transport};
use crate::question::Question;
use crate::steps::{Recap, Seen, Step};
use crate::text::{self, fold, paragraph, short_ids, time};

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().effects(Effects::BOLD);
const DIM: Style = Style::new().effects(Effects::DIMMED);
const NOTE: Style = AnsiColor::Yellow.on_default();
const GAP: usize = 2;
/// Columns in which there is room for all headers, and for whole ids.
const ROOM: usize = 45;
/// Stands beside each time.
const BUILD: &str = if cfg!(debug_assertions) { " (debug build)" } else { "" };

/// Where the tour is shown.
pub(crate) struct Screen {
    out: anstream::AutoStream<std::io::Stdout>,
    width: usize,
    json: bool,
    /// What the figures mean has been said.
    explained: bool,
    recap: Vec<Recap>,
}

fn colour(transport: Transport) -> Style {
    let colour = match transport {
        Transport::Rest => AnsiColor::Cyan,
        Transport::Grpc => AnsiColor::Green,
        Transport::Kafka => AnsiColor::Magenta,
    };
    colour.on_default()
}

/// A piece of a line and how it looks.
type Piece = (Style, String);

impl Screen {
    pub(crate) fn new(json: bool) -> Self {
        let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        // Wider lines are hard to read; narrower columns hold nothing.
        Self { out: anstream::stdout(), width: width.clamp(60, 160), json, explained: false, recap: Vec::new() }
    }

    /// What runs, once it does.
    pub(crate) fn opening(&mut self, ready: Duration) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        let lines = [
            (BOLD, "One order system, three ways to reach it; a relay on each notes what passes."),
            (PLAIN, ""),
            (colour(Transport::Rest), "  rest-client ────relay──▶ rest-server ────────────────────────────┐"),
            (colour(Transport::Grpc), "  grpc-client ────relay──▶ grpc-server ────────────────────────────┤"),
            (colour(Transport::Kafka), "  kafka-producer ─relay──▶ broker ──relay──▶ kafka-consumer ──▶ orders.db"),
            (PLAIN, ""),
        ];
        for (style, line) in lines {
            self.line(&[(style, line.to_owned())])?;
        }
        self.line(&[(DIM, format!("All of it runs on this machine, and was ready in {}.", time(ready)))])
    }

    /// The beginning of a step.
    pub(crate) fn heading(&mut self, at: usize, of: usize, step: &Step) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        self.line(&[])?;
        self.heading_line(&format!("{at} of {of}  {}", step.title))?;
        self.words(PLAIN, step.about)
    }

    fn heading_line(&mut self, title: &str) -> Result<(), Failure> {
        let rule = "━".repeat(self.width.saturating_sub(width_of(title) + 4));
        self.line(&[(DIM, "━━".to_owned()), (BOLD, format!(" {title} ")), (DIM, rule)])
    }

    /// A line for what each step came to.
    fn recap_table(&mut self) -> Result<(), Failure> {
        let mut rows = vec![Recap { of: "", told: Transport::ALL.map(|transport| transport.name().to_owned()) }];
        rows.append(&mut self.recap);
        for Recap { of, told } in rows {
            let mut row = vec![(DIM, format!("{of:<18}"))];
            for (transport, told) in Transport::ALL.into_iter().zip(told) {
                let style = if of.is_empty() { colour(transport).bold() } else { PLAIN };
                let room = 20_usize.saturating_sub(width_of(&told));
                row.extend([(style, told), (PLAIN, " ".repeat(room))]);
            }
            self.line(&row)?;
        }
        Ok(())
    }

    /// A question, and the place for its answer.
    pub(crate) fn question(&mut self, question: &Question) -> Result<(), Failure> {
        let option = |(at, option): (usize, &&str)| format!("{} {option}", at + 1);
        let options: Vec<_> = question.options.iter().enumerate().map(option).collect();
        self.line(&[(BOLD, question.text.to_owned())])?;
        self.write(&[(PLAIN, format!("  {}   ", options.join("   "))), (DIM, "(Enter skips) ".to_owned())])?;
        self.out.flush().map_err(|error| Failure::output(&error))
    }

    /// What a step has shown.
    pub(crate) fn seen(&mut self, step: &Step, seen: &Seen, right: Option<bool>) -> Result<(), Failure> {
        self.recap.extend(seen.recap.clone());
        if self.json {
            return self.json_lines(step, seen);
        }
        self.line(&[])?;
        self.columns(&Transport::ALL.map(|transport| vec![(colour(transport).bold(), transport.name().to_owned())]))?;
        self.columns(&seen.lanes.each_ref().map(|lane| vec![(DIM, command(&lane.typed))]))?;
        self.rule("sent")?;
        self.columns(&seen.lanes.each_ref().map(|lane| self.styled(&lane.sent)))?;
        self.rule("came back")?;
        self.columns(&seen.lanes.each_ref().map(|lane| self.styled(&lane.received)))?;
        self.rule("on the wire")?;
        self.on_the_wire(&seen.lanes)?;
        if !std::mem::replace(&mut self.explained, true) {
            let legend =
                "↑ bytes sent and ↓ received: of this one call, and besides (connecting, asking where things are).";
            self.words(DIM, legend)?;
            self.words(DIM, "The time is that of one call, the first, at the relay: see labs/kit/compare to compare.")?;
        }
        self.line(&[])?;
        if let Some(right) = right {
            let verdict = if right { "Right: " } else { "No: " };
            self.line(&[(BOLD, format!("{verdict}{}.", step.question.options[seen.answer]))])?;
        }
        self.words(PLAIN, &seen.lesson)
    }

    /// Bytes as numbers and as bars, of one scale; and times.
    fn on_the_wire(&mut self, lanes: &[Lane; 3]) -> Result<(), Failure> {
        let most = lanes.iter().filter_map(|lane| lane.bytes).map(|bytes| bytes.sent + bytes.received).max();
        let (most, column) = (most.unwrap_or_default().max(1), self.column());
        let rows = |lane: &Lane| {
            let Some(bytes) = lane.bytes else { return vec![(PLAIN, "nothing".to_owned())] };
            let rest = Bytes {
                sent: lane.all_bytes.sent.saturating_sub(bytes.sent),
                received: lane.all_bytes.received.saturating_sub(bytes.received),
            };
            let bar = |bytes: u64| (bytes as usize * (column - 1)).div_ceil(most as usize);
            vec![
                (PLAIN, format!("{} bytes", text::bytes(bytes))),
                (PLAIN, format!("{}{}", "█".repeat(bar(bytes.sent)), "▒".repeat(bar(bytes.received)))),
                (PLAIN, lane.time.map(|took| format!("{}{BUILD}", time(took))).unwrap_or_default()),
                (DIM, format!("besides: {}", text::bytes(rest))),
            ]
        };
        self.columns(&lanes.each_ref().map(rows))
    }

    /// What was learned, and where to go on.
    pub(crate) fn closing(&mut self, (right, guessed): (usize, usize)) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        self.line(&[])?;
        self.heading_line("So that is the difference")?;
        self.recap_table()?;
        self.line(&[])?;
        if guessed > 0 {
            self.line(&[(BOLD, format!("{right} of {guessed} guesses were right."))])?;
        }
        let next = [
            (PLAIN, "Everything is stopped and removed. What to do next:"),
            (PLAIN, ""),
            (BOLD, "  cargo lab run rest-server     and, beside it, the client:"),
            (BOLD, "  cargo lab run rest-client create --created-by USER14 --equipment MOUSE"),
            (PLAIN, ""),
            (PLAIN, "  Read labs/rest/src/server.rs and labs/grpc/src/server.rs in two panes,"),
            (PLAIN, "  then labs/kafka/src/consumer.rs. Each lab's README begins with why."),
        ];
        next.into_iter().try_for_each(|(style, line)| self.line(&[(style, line.to_owned())]))
    }

    fn column(&self) -> usize {
        (self.width - 2 * GAP) / 3
    }

    fn rule(&mut self, name: &str) -> Result<(), Failure> {
        let rule = "─".repeat(self.width.saturating_sub(width_of(name) + 4));
        self.line(&[(DIM, format!("── {name} {rule}"))])
    }

    /// Three lists of lines, folded and side by side.
    fn columns(&mut self, lanes: &[Vec<Piece>; 3]) -> Result<(), Failure> {
        let column = self.column();
        let folded = lanes.each_ref().map(|lines| {
            let fold =
                |(style, line): &Piece| fold(line, column).into_iter().map(|line| (*style, line)).collect::<Vec<_>>();
            lines.iter().flat_map(fold).collect::<Vec<_>>()
        });
        for at in 0..folded.iter().map(Vec::len).max().unwrap_or_default() {
            let mut row = Vec::new();
            for (lane, lines) in folded.iter().enumerate() {
                let (style, text) = lines.get(at).cloned().unwrap_or_default();
                let room = if lane < 2 { column + GAP - width_of(&text) } else { 0 };
                row.extend([(style, text), (PLAIN, " ".repeat(room))]);
            }
            self.line(&row)?;
        }
        Ok(())
    }

    /// How each line looks. Where there is little room, a number stands for the minor ones.
    fn styled(&self, lines: &[Line]) -> Vec<Piece> {
        let (wide, mut hidden, mut pieces) = (self.column() >= ROOM, 0, Vec::new());
        for line in lines {
            if let (Line::Minor(_), false) = (line, wide) {
                hidden += 1;
                continue;
            }
            pieces.extend(hidden_headers(std::mem::take(&mut hidden)));
            let (style, text) = match line {
                Line::Start(text) => (BOLD, text),
                Line::Detail(text) | Line::Minor(text) => (DIM, text),
                Line::Body(text) => (PLAIN, text),
                Line::Note(text) => (NOTE, text),
            };
            pieces.push((style, if wide { text.clone() } else { short_ids(text) }));
        }
        pieces.extend(hidden_headers(hidden));
        pieces
    }

    fn words(&mut self, style: Style, text: &str) -> Result<(), Failure> {
        let lines = paragraph(text, self.width.min(100));
        lines.into_iter().try_for_each(|line| self.line(&[(style, line)]))
    }

    fn line(&mut self, pieces: &[Piece]) -> Result<(), Failure> {
        self.write(pieces)?;
        writeln!(self.out).map_err(|error| Failure::output(&error))
    }

    fn write(&mut self, pieces: &[Piece]) -> Result<(), Failure> {
        let last = pieces.iter().rposition(|(_, text)| !text.trim().is_empty()).map_or(0, |last| last + 1);
        let write = |(style, text): &Piece| write!(self.out, "{style}{text}{style:#}");
        pieces[..last].iter().try_for_each(write).map_err(|error| Failure::output(&error))
    }

    fn json_lines(&mut self, step: &Step, seen: &Seen) -> Result<(), Failure> {
        for (lane, transport) in seen.lanes.iter().zip(Transport::ALL) {
            let line = JsonLane {
                step: step.name,
                transport,
                command: &lane.typed,
                sent: &lane.sent,
                received: &lane.received,
                bytes: lane.bytes.unwrap_or_default().into(),
                all_bytes: lane.all_bytes.into(),
                time_ms: lane.time.map(|time| (time.as_secs_f64() * 1e6).round() / 1e3),
            };
            lab_console::Output::new(true).record(&line, "")?;
        }
        Ok(())
    }
}

fn hidden_headers(hidden: usize) -> Option<Piece> {
    let more = match hidden {
        0 => return None,
        1 => "and a header more".to_owned(),
        _ => format!("and {hidden} headers more"),
    };
    Some((DIM, more))
}

/// `rest-client create`, of the whole command.
fn command(typed: &str) -> String {
    typed.split_whitespace().skip(3).take(2).collect::<Vec<_>>().join(" ")
}

#[derive(Serialize)]
struct JsonLane<'a> {
    step: &'a str,
    transport: Transport,
    command: &'a str,
    sent: &'a [Line],
    received: &'a [Line],
    bytes: JsonBytes,
    /// Everything that passed, connecting included.
    all_bytes: JsonBytes,
    /// Milliseconds.
    time_ms: Option<f64>,
}

#[derive(Serialize)]
struct JsonBytes {
    sent: u64,
    received: u64,
}

impl From<Bytes> for JsonBytes {
    fn from(Bytes { sent, received }: Bytes) -> Self {
        Self { sent, received }
    }
}
