//! One run of a client, with the checker as its server.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::bench::Bench;
use crate::http::{Mock, Plan, Received};
use crate::process::{Claim, Ran, describe, free_address, last_lines};
use crate::verdict::{Event, Failed, Outcome, Who};

/// What it did, and what it was told.
pub(crate) struct Call {
    args: Vec<String>,
    pub(crate) ran: Ran,
    /// `None`: nobody listened.
    server: Option<Mock>,
    patience: Duration,
    /// Of the server's port.
    _claim: Option<Claim>,
}

/// Until it asks for something. Some languages take seconds on a busy machine.
const TO_START: Duration = Duration::from_secs(15);
/// So long it takes any language to ask for something. Where it took longer, the machine is busy, and
/// what is left takes longer as well.
const AT_REST: Duration = Duration::from_secs(1);

impl Bench {
    /// Runs the client to its end, against a server that does as `plan` says. It is killed
    /// when its first request is so long ago; later on a busy machine.
    pub(crate) async fn call(&self, args: &[&str], patience: Duration, plan: impl Plan) -> Result<Call, Failed> {
        let (server, claim) = server(plan).await?;
        let began = Instant::now();
        let enough = async {
            if timeout(TO_START, server.wait_for(1)).await.is_ok() {
                sleep(patience + began.elapsed().saturating_sub(AT_REST)).await;
            }
        };
        let ran = self.run(server.address(), args, enough).await?;
        Ok(Call { _claim: Some(claim), ..Call::new(args, ran, Some(server), patience) })
    }

    /// The same where nobody listens: it is killed so long after its start.
    pub(crate) async fn call_nobody(&self, args: &[&str], patience: Duration) -> Result<Call, Failed> {
        let nobody = |why: String| Failed::new("(looked for a free port)", "one", why);
        // Nobody takes the port as long as it is claimed.
        let (address, _claim) = free_address().map_err(nobody)?;
        let ran = self.run(address, args, sleep(patience)).await?;
        Ok(Call::new(args, ran, None, patience))
    }
}

/// A server whose port nobody else takes, also when it goes and its client still calls.
async fn server(plan: impl Plan) -> Result<(Mock, Claim), Failed> {
    let (address, claim) = free_address().map_err(|why| Failed::new("(looked for a free port)", "one", why))?;
    let taken = |error: std::io::Error| {
        Failed::new("(started a server)", "a free port", format!("({})", lab_console::reason(&error)))
    };
    let mock = Mock::start_at(address, plan).await.map_err(taken)?;
    Ok((mock, claim))
}

impl Call {
    fn new(args: &[&str], ran: Ran, server: Option<Mock>, patience: Duration) -> Self {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        Self { args, ran, server, patience, _claim: None }
    }

    /// What it asked for.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.server.as_ref().map(Mock::received).unwrap_or_default()
    }

    /// It sent so many requests, each of this method and to this path.
    pub(crate) fn expect_requests(&self, count: usize, method: &http::Method, path: &str) -> Outcome {
        let requests = self.requests();
        let is_it = |one: &Received| one.method == *method && one.path == path && one.query.is_empty();
        let all = requests.len() == count && requests.iter().all(is_it);
        let times = if count == 1 { "one request".to_owned() } else { format!("{count} requests") };
        self.expect(&format!("{times}: {method} {path}"), all)
    }

    /// It ended by itself, with one of these.
    pub(crate) fn expect_exit(&self, codes: &[i32]) -> Outcome {
        let code = self.ran.status.and_then(|status| status.code());
        let listed: Vec<_> = codes.iter().map(i32::to_string).collect();
        self.expect(&format!("exit code {}", listed.join(" or ")), code.is_some_and(|code| codes.contains(&code)))
    }

    /// White space is nothing.
    pub(crate) fn expect_no_output(&self) -> Outcome {
        self.expect("nothing on stdout", self.ran.stdout.trim().is_empty())
    }

    /// Its output is this JSON, in whatever order and with whatever spaces.
    pub(crate) fn expect_output(&self, value: &Value) -> Outcome {
        let what = format!("on stdout this as JSON, and nothing else: {}", short(&value.to_string()));
        let printed: Option<Value> = serde_json::from_str(self.ran.stdout.trim()).ok();
        self.expect(&what, printed.as_ref() == Some(value))
    }

    /// Its words on stderr, in lower case and on one line, hold this.
    pub(crate) fn expect_said(&self, words: &str) -> Outcome {
        let said: Vec<_> = self.ran.stderr.split_whitespace().map(str::to_lowercase).collect();
        self.expect(&format!("on stderr: {words}"), said.join(" ").contains(words))
    }

    /// Passes if it holds; `what` says what should.
    pub(crate) fn expect(&self, what: &str, holds: bool) -> Outcome {
        if holds { Ok(()) } else { Err(self.wrong(what)) }
    }

    /// This run isn't what was expected.
    pub(crate) fn wrong(&self, expected: impl Into<String>) -> Failed {
        let failed = Failed::new(self.told(), expected, self.did());
        Failed { program: last_lines(&self.ran.stderr), ladder: self.ladder(), ..failed }
    }

    /// How it was started, and the first request with its reply; the ladder has the others.
    fn told(&self) -> String {
        let started = format!("(ran the program with the arguments: {})", self.args.join(" "));
        match (&self.server, self.requests().len()) {
            (None, _) => format!("{started}\n(nobody listened where it was to call)"),
            (Some(_), 0) => format!("{started}\n(no whole request came)"),
            (Some(server), 1) => format!("{started}\n\n{}", server.transcript(1)),
            (Some(server), _) => format!("{started}\n\n{}\n(the others stand below)", server.transcript(1)),
        }
    }

    /// Its exit code and its output.
    fn did(&self) -> String {
        let end = match self.ran.status {
            Some(status) => format!("({})", describe(status)),
            None if self.server.is_some() && self.requests().is_empty() => {
                format!("(it asked for nothing within {} s, and was killed)", TO_START.as_secs())
            }
            None => format!("(it still ran after {} s, and was killed)", self.patience.as_secs_f32()),
        };
        let end = if self.ran.too_much { format!("{end}\n(more than 3 MiB on stdout)") } else { end };
        let stdout = self.ran.stdout.trim();
        if stdout.is_empty() { format!("{end}\n(nothing on stdout)") } else { format!("{end}\n{}", short(stdout)) }
    }

    /// Where there was more than one request: the order of things.
    fn ladder(&self) -> Vec<Event> {
        let Some(server) = self.server.as_ref().filter(|_| self.requests().len() > 1) else { return Vec::new() };
        let mut events = server.ladder();
        let first_ms = events.first().map_or(0, |event| event.at_ms);
        let end = match self.ran.status {
            Some(status) => format!("(the end: {})", describe(status)),
            None => "(it was killed)".to_owned(),
        };
        let at_ms = self.ran.ended.duration_since(server.begin()).as_millis() as u64;
        events.push(Event { at_ms, who: Who::You, what: end });
        // What the program did before, it did for itself.
        events.into_iter().map(|event| Event { at_ms: event.at_ms.saturating_sub(first_ms), ..event }).collect()
    }
}

/// Nobody reads more on a screen.
fn short(text: &str) -> String {
    const MOST: usize = 600;
    let short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}
