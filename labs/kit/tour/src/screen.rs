//! Three lanes side by side on a terminal, or a line of JSON for each.

use std::io::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use lab_console::{Failure, width_of, wrap_words};
use lab_wiretap::Bytes;

use crate::columns::{self, BOLD, DIM, GAP, NOTE, PLAIN, Piece};
use crate::json;
use crate::lane::{Lane, Line, Transport, Until};
use crate::question::Question;
use crate::steps::{Recap, Seen, Step};
use crate::text::{self, time};

/// Columns in which there is room for all headers, and for whole ids.
const ROOM: usize = 45;
/// Stands beside each time.
const BUILD: &str = if cfg!(debug_assertions) { " (debug)" } else { "" };

/// Where the tour is shown.
pub(crate) struct Screen {
    out: anstream::AutoStream<std::io::Stdout>,
    width: usize,
    json: bool,
    /// What the figures mean has been said.
    explained: bool,
    recap: Vec<Recap>,
    /// A question stands in the last line.
    asking: bool,
}

fn colour(transport: Transport) -> Style {
    let colour = match transport {
        Transport::Rest => AnsiColor::Cyan,
        Transport::Grpc => AnsiColor::Green,
        Transport::Kafka => AnsiColor::Magenta,
    };
    colour.on_default()
}

impl Screen {
    pub(crate) fn new(json: bool) -> Self {
        let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        // Wider lines are hard to read, and narrower columns hold nothing: a narrow terminal breaks them.
        Self {
            out: anstream::stdout(),
            width: width.clamp(80, 160),
            json,
            explained: false,
            recap: Vec::new(),
            asking: false,
        }
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
            (DIM, "The broker is an embedded one for practice, in memory. No TLS anywhere."),
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
        self.asking = true;
        self.out.flush().map_err(|error| Failure::output(&error))
    }

    /// Of an answer that is none of the options.
    pub(crate) fn no_option(&mut self, question: &Question) -> Result<(), Failure> {
        self.line(&[(NOTE, format!("A number from 1 to {}, please, or Enter.", question.options.len()))])
    }

    /// A question was answered, and its line is over.
    pub(crate) fn answered(&mut self) {
        self.asking = false;
    }

    /// What a step has shown.
    pub(crate) fn seen(&mut self, step: &Step, seen: &Seen, right: Option<bool>) -> Result<(), Failure> {
        self.recap.extend(seen.recap.clone());
        if self.json {
            return json::print(step, seen);
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
            let build = if cfg!(debug_assertions) { " of a debug build" } else { "" };
            let legend = format!(
                "↑ sent ↓ received: TCP payload of the one call, and besides (connecting, asking where things are). Times{build} \
                 are of this one call, by a client that has just started; `labs/kit/compare` measures."
            );
            self.words(DIM, &legend)?;
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
        let bar = |bytes: u64| (bytes as usize * (column - 1)).div_ceil(most as usize);
        let rows = |lane: &Lane| {
            let (Some(bytes), Some(all)) = (lane.bytes, lane.all_bytes) else {
                return vec![(DIM, "no relay: nobody listens".to_owned())];
            };
            let besides = Bytes { sent: all.sent - bytes.sent, received: all.received - bytes.received };
            let mut rows = vec![
                (PLAIN, format!("{} bytes", text::bytes(bytes))),
                (PLAIN, format!("{}{}", "█".repeat(bar(bytes.sent)), "▒".repeat(bar(bytes.received)))),
                (DIM, format!("besides: {}", text::bytes(besides))),
            ];
            rows.extend(
                lane.times.iter().map(|&(took, until)| (PLAIN, format!("{}{BUILD} {}", time(took), named(until)))),
            );
            rows
        };
        self.columns(&lanes.each_ref().map(rows))
    }

    /// It was told to stop, perhaps while a question waited in its line.
    pub(crate) fn interrupted(&mut self) -> Result<(), Failure> {
        if self.asking { self.line(&[]) } else { Ok(()) }
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
            (PLAIN, "All of it is stopped and removed. What to do next:"),
            (PLAIN, ""),
            (BOLD, "  cargo lab run rest-server     and, beside it, the client:"),
            (BOLD, "  cargo lab run rest-client create --created-by USER14 --equipment MOUSE"),
            (PLAIN, ""),
            (PLAIN, "  Read labs/rest/src/server.rs and labs/grpc/src/server.rs in two panes,"),
            (PLAIN, "  then labs/kafka/src/consumer.rs. Each lab's README begins with why."),
            (PLAIN, "  And then do it yourself: `cargo lab watch` leads through the exercises."),
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
        columns::rows(lanes, self.column()).iter().try_for_each(|row| self.line(row))
    }

    fn styled(&self, lines: &[Line]) -> Vec<Piece> {
        columns::styled(lines, self.column() >= ROOM)
    }

    fn words(&mut self, style: Style, text: &str) -> Result<(), Failure> {
        let lines = wrap_words(text, self.width.min(100));
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
}

fn named(until: Until) -> &'static str {
    match until {
        Until::Stored => "stored",
        Until::Accepted => "accepted",
        Until::Read => "read",
    }
}

/// `rest-client create`, of the whole command.
fn command(typed: &str) -> String {
    typed.split_whitespace().skip(3).take(2).collect::<Vec<_>>().join(" ")
}
