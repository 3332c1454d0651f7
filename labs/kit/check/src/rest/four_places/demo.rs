//! Requests as the checks of rest/03 send them, and what is to be found in the answers.

use std::time::Duration;

use http::{HeaderName, Method, StatusCode};
use serde_json::Value;

use super::{HEADER, JSON};
use crate::bench::Bench;
use crate::http::{Answer, Gate, Request, amid_others, bursts, request, send, send_at_once};
use crate::verdict::{Failed, Outcome};

/// For the first part of a body that nobody may be reading yet.
const ARRIVE: Duration = Duration::from_secs(1);

const MANY: usize = 400;
/// No more parameters than any server takes, and no longer a first line.
const BESIDE: usize = 800;

/// One request: path and query as they stand in its first line.
pub(super) struct Demo {
    pub(super) path: String,
    pub(super) query: String,
    pub(super) header: String,
    pub(super) body: String,
}

impl Demo {
    /// A request in which nothing is encoded, each value a word of its own.
    pub(super) fn plain(bench: &Bench) -> Self {
        // In both cases: nobody has a reason to change that either.
        let word = || format!("{}AbC", bench.word());
        Self::of([word(), word(), word(), format!("{{\"{}\":1}}", word())])
    }

    /// In the order of [`Self::values`].
    pub(super) fn of([path, param, header, body]: [String; 4]) -> Self {
        Self { path, query: format!("param_demo={param}"), header, body }
    }

    /// What is to come back, by its name, where nothing is encoded.
    pub(super) fn values(&self) -> [(&'static str, String); 4] {
        let param = self.query.trim_start_matches("param_demo=").split('&').next().unwrap_or_default();
        [("path", &*self.path), ("param", param), ("header", &self.header), ("body", &self.body)]
            .map(|(name, value)| (name, value.to_owned()))
    }

    /// Without the header.
    pub(super) fn without_header(&self) -> Request {
        self.in_type(JSON)
    }

    pub(super) fn request(&self) -> Request {
        self.request_in(JSON)
    }

    /// With a body of this content type.
    pub(super) fn request_in(&self, kind: &str) -> Request {
        self.in_type(kind).header(HEADER, &self.header)
    }

    /// Without the header that says what the body is.
    pub(super) fn request_of_no_type(&self) -> Request {
        self.bare().header(HEADER, &self.header).bare(self.body.clone())
    }

    fn in_type(&self, kind: &str) -> Request {
        self.bare().body(kind, self.body.clone())
    }

    fn bare(&self) -> Request {
        request(Method::POST, &format!("/demo/{}?{}", self.path, self.query))
    }

    /// With parameters and headers beside it that aren't meant. The real header is the first, the
    /// second or the last.
    pub(super) fn crowded(&self, bench: &Bench, turn: usize) -> Request {
        let [before, behind, other] = [bench.word(), bench.word(), bench.word()];
        let query = format!(
            "demo={before}&flag&empty=&xparam_demo={behind}&a=b=param_demo={other}&{}&&param={before}&path={behind}\
             &param_demox={before}&header-demo={other}",
            self.query
        );
        let [longer, long] = ["x-header-demo", "header-demo-x"].map(HeaderName::from_static);
        let mut headers = [(HEADER, &self.header), (longer, &other), (long, &other)];
        headers.rotate_right(turn);
        let request = request(Method::POST, &format!("/demo/{}?{query}", self.path)).body(JSON, self.body.clone());
        headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}

/// Sends it, and looks whether `result` has the value under the name.
pub(super) async fn expect(bench: &mut Bench, request: Request, name: &str, value: &str) -> Outcome {
    let answer = bench.server().await?.send(request).await?;
    expect_value(&answer, name, value)
}

/// The same with all four, as they are sent.
pub(super) async fn expect_all(bench: &mut Bench, demo: &Demo) -> Outcome {
    let answer = bench.server().await?.send(demo.request()).await?;
    expect_values(&answer, &demo.values())
}

pub(super) fn expect_values(answer: &Answer, values: &[(&str, String)]) -> Outcome {
    values.iter().try_for_each(|(name, value)| expect_value(answer, name, value))
}

pub(super) fn expect_value(answer: &Answer, name: &str, value: &str) -> Outcome {
    answer.expect_status(StatusCode::OK)?;
    let holds = answer.json()?["result"][name] == *value;
    answer.expect(&format!("`result.{name}` to be the string {}", shown(value)), holds)
}

/// As it stands in JSON; of a long one the beginning.
fn shown(value: &str) -> String {
    match value.char_indices().nth(50) {
        None => Value::from(value).to_string(),
        Some((end, _)) => format!("{} … (all {} bytes that were sent)", Value::from(&value[..end]), value.len()),
    }
}

/// Many, some at a time: what two requests share shows. There is much to read in each, so that it takes
/// long enough for the next to come in between.
pub(super) async fn many_at_once(bench: &mut Bench) -> Outcome {
    let address = bench.server().await?.address;
    let beside = "&a=1".repeat(BESIDE);
    let long = |demo: Demo| Demo { query: format!("{}{beside}", demo.query), ..demo };
    let demos: Vec<Demo> = (0..MANY).map(|_| long(Demo::plain(bench))).collect();
    for demos in bursts(&demos) {
        let answers = send_at_once(address, demos.iter().map(Demo::request)).await;
        for (answer, demo) in answers.into_iter().zip(demos) {
            expect_values(&answer?, &demo.values()).map_err(amid_others)?;
        }
    }
    Ok(())
}

/// Two requests. The last byte of the first one's body comes when all its others have been read, as
/// far as one can tell, and the second has its answer.
pub(super) async fn one_amid_the_other(bench: &mut Bench, of: [&Demo; 2]) -> Result<[Answer; 2], Failed> {
    let address = bench.server().await?.address;
    let gate = Gate::new();
    let [first, second] = of.map(Demo::request);
    let second = async {
        gate.filled(1, ARRIVE).await;
        // Its answer means that a server that does several things at once has seen the first part.
        let answer = send(address, second).await;
        gate.open();
        answer
    };
    // One that takes request after request is right as well: for it the gate opens by itself.
    let (first, second, ()) = tokio::join!(send(address, first.held_at(&gate)), second, gate.open_after(ARRIVE));
    Ok([first?, second?])
}
