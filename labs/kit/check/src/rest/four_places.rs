//! rest/03: the four places of a request that hold data.

use std::time::Duration;

use http::{HeaderName, Method, StatusCode};
use serde_json::Value;

use super::README;
use crate::bench::Bench;
use crate::exercise::{Exercise, Role, checks};
use crate::http::{Answer, Gate, Request, get, request, send};
use crate::verdict::{Failed, Outcome};

pub(crate) const EXERCISE: Exercise = Exercise {
    id: "rest/03",
    name: "four_places",
    role: Role::RestServer,
    data: include_str!("four_places.toml"),
    readme: README,
    checks: checks![
        it_answers_200_in_json,
        each_value_has_its_name,
        the_path_is_decoded,
        the_query_is_decoded,
        the_header_stays_as_it_is,
        the_body_stays_as_it_is,
        an_empty_parameter_is_there,
        what_is_missing_is_400,
    ],
};

/// Servers behind some proxies never see a header with an underscore.
const HEADER: HeaderName = HeaderName::from_static("header-demo");
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=b";
/// For the first part of a body that nobody may be reading yet.
const ARRIVE: Duration = Duration::from_millis(300);

/// One request: path and query as they stand in its first line.
struct Demo {
    path: String,
    query: String,
    header: String,
    body: String,
}

impl Demo {
    /// A request in which nothing is encoded, each value a word of its own.
    fn plain(bench: &Bench) -> Self {
        // In both cases: nobody has a reason to change that either.
        let word = || format!("{}AbC", bench.word());
        Self {
            path: word(),
            query: format!("param_demo={}", word()),
            header: word(),
            body: format!("{{\"{}\":1}}", word()),
        }
    }

    /// Without the header.
    fn without_header(&self) -> Request {
        request(Method::POST, &format!("/demo/{}?{}", self.path, self.query)).body(JSON, self.body.clone())
    }

    fn request(&self) -> Request {
        self.without_header().header(HEADER, &self.header)
    }
}

/// Sends it, and looks whether `result` has the value under the name.
async fn expect(bench: &mut Bench, request: Request, name: &str, value: &str) -> Outcome {
    let answer = bench.server().await?.send(request).await?;
    expect_value(&answer, name, value)
}

fn expect_value(answer: &Answer, name: &str, value: &str) -> Outcome {
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

async fn it_answers_200_in_json(bench: &mut Bench) -> Outcome {
    let request = Demo::plain(bench).request();
    let answer = bench.server().await?.send(request).await?;
    answer.expect_status(StatusCode::OK)?;
    answer.expect_json_type()
}

async fn each_value_has_its_name(bench: &mut Bench) -> Outcome {
    let [before, behind, other] = [bench.word(), bench.word(), bench.word()];
    let around = |query: &str| {
        format!("demo={before}&xparam_demo={behind}&{query}&param={before}&path={behind}&param_demox={before}")
    };
    let path = bench.word();
    for crowded in [false, true] {
        // The same path as before: the rest is new.
        let mut demo = Demo { path: path.clone(), ..Demo::plain(bench) };
        let param = demo.query["param_demo=".len()..].to_owned();
        if crowded {
            demo.query = around(&demo.query);
        }
        // Longer names, before it and behind.
        let [longer, long] = ["x-header-demo", "header-demo-x"].map(HeaderName::from_static);
        let request = demo.without_header().header(longer, &other).header(HEADER, &demo.header).header(long, &other);
        let answer = bench.server().await?.send(request).await?;
        for (name, value) in [("path", &demo.path), ("param", &param), ("header", &demo.header), ("body", &demo.body)] {
            expect_value(&answer, name, value)?;
        }
    }
    // What looks like something else in JSON, and is a text here as well.
    let number = || bench.number(1_000).to_string();
    let numbers = [number(), format!("00{}", number()), format!("{}e3", number()), number()];
    for [path, param, header, body] in [numbers, ["true", "null", "false", "null"].map(str::to_owned)] {
        let demo = Demo { path, query: format!("param_demo={param}"), header, body };
        let answer = bench.server().await?.send(demo.request()).await?;
        for (name, value) in [("path", &demo.path), ("param", &param), ("header", &demo.header), ("body", &demo.body)] {
            expect_value(&answer, name, value)?;
        }
    }
    Ok(())
}

async fn the_path_is_decoded(bench: &mut Bench) -> Outcome {
    let word = bench.word();
    let encoded = [
        ("a%20%20b", "a  b"),
        ("%C3%A9%f0%9f%8e%a7", "é🎧"),
        ("1+1", "1+1"),
        ("100%2525", "100%25"),
        ("%3CB%3E%26%22", "<B>&\""),
    ];
    for (sent, value) in encoded {
        let demo = Demo { path: format!("{word}{sent}"), ..Demo::plain(bench) };
        expect(bench, demo.request(), "path", &format!("{word}{value}")).await?;
    }
    Ok(())
}

async fn the_query_is_decoded(bench: &mut Bench) -> Outcome {
    let word = bench.word();
    let encoded = [
        ("a%20%20b", "a  b"),
        ("%C3%A9%f0%9f%8e%a7", "é🎧"),
        ("1+1", "1 1"),
        ("1%2b1", "1+1"),
        ("a%26b%3Dc", "a&b=c"),
        ("%20%3CB%3E%20", " <B> "),
        ("100%2525", "100%25"),
    ];
    for (sent, value) in encoded {
        let query = format!("before=1&param_demo={word}{sent}&behind=2");
        let demo = Demo { query, ..Demo::plain(bench) };
        expect(bench, demo.request(), "param", &format!("{word}{value}")).await?;
    }
    Ok(())
}

async fn the_header_stays_as_it_is(bench: &mut Bench) -> Outcome {
    let word = bench.word();
    for value in [format!("a%20b+{word}"), format!("{word}, \"B\"; c=<1>"), format!("{word}  100%25")] {
        let demo = Demo { header: value.clone(), ..Demo::plain(bench) };
        expect(bench, demo.request(), "header", &value).await?;
    }
    Ok(())
}

async fn the_body_stays_as_it_is(bench: &mut Bench) -> Outcome {
    let word = bench.word();
    let bodies = [
        (FORM, format!("name={word}&place=a%20b+c&name=")),
        (FORM, word.clone()),
        (MULTIPART, format!("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{word}\r\n--b--\r\n")),
        (JSON, format!("{{ \"b\":  1.0,\n  \"a\": \"{word}\", \"b\": [null] }}\r\n")),
        (JSON, format!("{{\"{word}\":")),
        ("text/plain", format!(" \t{word} é🎧 \\u00e9 %20\r\n\n")),
        ("application/xml", format!("<a b='{word}'>&amp;</a>")),
        ("text/plain", String::new()),
        // More than one read of a socket brings.
        ("text/plain", format!("{word}\n").repeat(2_000)),
    ];
    for (kind, body) in bodies {
        let Demo { path, query, header, .. } = Demo::plain(bench);
        let request = request(Method::POST, &format!("/demo/{path}?{query}")).header(HEADER, header);
        expect(bench, request.body(kind, body.clone()), "body", &body).await?;
    }
    let body = format!("{word} é");
    let answer = in_two_parts(bench, Demo { body: body.clone(), ..Demo::plain(bench) }.request()).await?;
    expect_value(&answer, "body", &body)
}

/// The last byte of the body comes when all others have been read, as far as one can tell.
async fn in_two_parts(bench: &mut Bench, request: Request) -> Result<Answer, Failed> {
    let address = bench.server().await?.address;
    let gate = Gate::new();
    let look = async {
        gate.filled(1, ARRIVE).await;
        // Its answer means that a server that does several things at once has seen the first part.
        let _ = send(address, get("/")).await;
        gate.open();
    };
    // One that takes request after request is right as well: for it the gate opens by itself.
    let (answer, (), ()) = tokio::join!(send(address, request.held_at(&gate)), look, gate.open_after(ARRIVE));
    answer
}

async fn an_empty_parameter_is_there(bench: &mut Bench) -> Outcome {
    for query in ["param_demo=", "a=1&param_demo=&b=2"] {
        let demo = Demo { query: query.to_owned(), ..Demo::plain(bench) };
        expect(bench, demo.request(), "param", "").await?;
    }
    Ok(())
}

async fn what_is_missing_is_400(bench: &mut Bench) -> Outcome {
    let other = format!("param={}", bench.word());
    let plain = Demo::plain(bench);
    let requests = [
        Demo { query: other, ..Demo::plain(bench) }.request(),
        request(Method::POST, &format!("/demo/{}", plain.path)).body(JSON, plain.body.clone()).header(HEADER, "a"),
        plain.without_header(),
    ];
    for request in requests {
        let answer = bench.server().await?.send(request).await?;
        let refused = [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY].contains(&answer.status());
        answer.expect("the status 400 or 422", refused)?;
    }
    Ok(())
}
