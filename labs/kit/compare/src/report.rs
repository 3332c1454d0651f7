//! The table, and a JSON object for each row.

use serde_json::{Value, json};

use crate::load::Cpu;
use crate::machine;
use crate::rows::{Goal, Row, Sample, Unit};

/// A row's rounds, lab and peer.
pub(crate) struct Measured {
    pub(crate) row: Row,
    pub(crate) rounds: Vec<(Sample, Sample)>,
}

/// The median, and the least and the most.
#[derive(Clone, Copy)]
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    /// Of at least one value.
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let (lower, upper) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Self { median: (lower + upper) / 2.0, min: values[0], max: values[values.len() - 1] }
    }
}

impl Measured {
    fn lab(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(lab, _)| lab.value))
    }

    fn peer(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(_, peer)| peer.value))
    }

    /// Round by round, so that what disturbs a whole round disturbs both sides of a ratio.
    fn ratio(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(lab, peer)| lab.value / peer.value))
    }

    fn is_met(&self) -> bool {
        self.row.goal().is_met(self.ratio().median)
    }

    /// What the lab's side took, and the peer's, if the row says.
    fn cpu(&self) -> Option<(Cpu, Cpu)> {
        let labs: Option<Vec<Cpu>> = self.rounds.iter().map(|(lab, _)| lab.cpu).collect();
        let peers: Option<Vec<Cpu>> = self.rounds.iter().map(|(_, peer)| peer.cpu).collect();
        Some((median_cpu(&labs?), median_cpu(&peers?)))
    }

    /// The lines of the table.
    pub(crate) fn lines(&self) -> Vec<String> {
        let (unit, goal, ratio) = (self.row.unit(), self.row.goal(), self.ratio());
        let ratio = format!("{} [{}–{}]", figure(ratio.median), figure(ratio.min), figure(ratio.max));
        let met = if self.is_met() { "yes" } else { "NO" };
        let (lab, peer) = (unit.show(self.lab().median), unit.show(self.peer().median));
        let mut lines = vec![
            line(self.row.title(), &lab, &peer, &ratio, &goal.show(), met),
            format!("  against {}", self.row.peer()),
        ];
        if let Some((lab, peer)) = self.cpu() {
            let (ratio, other) = (figure(lab.each_us / peer.each_us), peer.other_cores);
            let (lab, peer) = (lab.each_us, peer.each_us);
            let (what, other_end) = self.row.ends();
            let other = other.map(|cores| format!("; {other_end}: {cores:.1} cores")).unwrap_or_default();
            lines.push(format!("  {what}: {lab:.1} and {peer:.1} µs ({ratio}){other}"));
        }
        let notes = self.rounds.last().into_iter().flat_map(|(lab, _)| &lab.notes);
        lines.extend(notes.map(|note| format!("  {note}")));
        lines
    }

    /// The same, and each round.
    pub(crate) fn json(&self) -> Value {
        let spread = |of: Spread| json!({ "median": of.median, "min": of.min, "max": of.max });
        let rounds = self.rounds.iter().map(|(lab, peer)| json!({ "lab": lab.value, "peer": peer.value }));
        let goal = match self.row.goal() {
            Goal::AtLeast(goal) => json!({ "at_least": goal }),
            Goal::AtMost(goal) => json!({ "at_most": goal }),
            Goal::Near(distance) => json!({ "at_least": 1.0 - distance, "at_most": 1.0 + distance }),
        };
        let mut row = json!({
            "row": self.row.name(),
            "title": self.row.title(),
            "peer_is": self.row.peer(),
            "unit": self.row.unit().name(),
            "lab": spread(self.lab()),
            "peer": spread(self.peer()),
            "ratio": spread(self.ratio()),
            "goal": goal,
            "met": self.is_met(),
            "rounds": rounds.collect::<Vec<_>>(),
            "release": machine::RELEASE,
            "cores": machine::cores(),
        });
        let (measured, other) =
            if self.row.is_kafka() { ("client_cpu_us", "broker_cores") } else { ("server_cpu_us", "generator_cores") };
        row[measured] = self.cpu().map(|(lab, peer)| json!({ "lab": lab.each_us, "peer": peer.each_us })).into();
        row[other] = self.cpu().map(|(lab, peer)| json!({ "lab": lab.other_cores, "peer": peer.other_cores })).into();
        row
    }
}

fn median_cpu(cpus: &[Cpu]) -> Cpu {
    Cpu {
        each_us: Spread::of(cpus.iter().map(|cpu| cpu.each_us)).median,
        other_cores: cpus.iter().map(|cpu| cpu.other_cores).collect::<Option<Vec<_>>>().map(median),
    }
}

fn median(values: Vec<f64>) -> f64 {
    Spread::of(values.into_iter()).median
}

/// The names of the columns.
pub(crate) fn header() -> String {
    line("", "lab", "peer", "ratio [min–max]", "goal", "met")
}

fn line(what: &str, lab: &str, peer: &str, ratio: &str, goal: &str, met: &str) -> String {
    format!("{what:27} {lab:>9} {peer:>9}  {ratio:18} {goal:6} {met}").trim_end().to_owned()
}

/// Three digits that count.
fn figure(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::PerSecond => "per second",
            Self::Microseconds => "microseconds",
            Self::PerCpuSecond => "per CPU second",
        }
    }

    fn show(self, value: f64) -> String {
        match self {
            Self::Microseconds => format!("{value:.0} µs"),
            Self::PerSecond | Self::PerCpuSecond if value >= 1e4 => format!("{:.1}k/s", value / 1e3),
            Self::PerSecond | Self::PerCpuSecond => format!("{value:.0}/s"),
        }
    }
}

impl Goal {
    fn show(self) -> String {
        match self {
            Self::AtLeast(goal) => format!("≥ {goal}"),
            Self::AtMost(goal) => format!("≤ {goal}"),
            Self::Near(_) => "1".to_owned(),
        }
    }
}
