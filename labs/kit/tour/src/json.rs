//! A step as lines of JSON, one for each transport.

use std::time::Duration;

use lab_console::{Failure, Output};
use lab_wiretap::Bytes;
use serde::Serialize;

use crate::lane::{Line, Transport, Until};
use crate::steps::{Name, Seen, Step};

#[derive(Serialize)]
struct Lane<'a> {
    step: Name,
    transport: Transport,
    command: &'a str,
    sent: &'a [Line],
    received: &'a [Line],
    /// Of the calls that are shown; null where none passed.
    bytes: Option<Both>,
    /// Everything that passed, connecting included; null where there was no relay.
    all_bytes: Option<Both>,
    times: Vec<Time>,
}

#[derive(Serialize)]
struct Time {
    until: Until,
    /// Since the first byte of the request.
    ms: f64,
}

#[derive(Serialize)]
struct Both {
    sent: u64,
    received: u64,
}

/// Prints what a step has shown.
pub(crate) fn print(step: &Step, seen: &Seen) -> Result<(), Failure> {
    let mut output = Output::new(true);
    for (lane, transport) in seen.lanes.iter().zip(Transport::ALL) {
        let line = Lane {
            step: step.name,
            transport,
            command: &lane.typed,
            sent: &lane.sent,
            received: &lane.received,
            bytes: lane.bytes.map(both),
            all_bytes: lane.all_bytes.map(both),
            times: lane.times.iter().map(|&(took, until)| Time { until, ms: millis(took) }).collect(),
        };
        output.record(&line, "")?;
    }
    Ok(())
}

fn both(Bytes { sent, received }: Bytes) -> Both {
    Both { sent, received }
}

/// With three digits behind the point.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
