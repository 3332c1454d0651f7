//! What the client is told, and what it gets: runs of it, some at once.

use std::time::Duration;

use futures_util::future::try_join_all;
use http::StatusCode;
use serde_json::{Value, json};

use super::PATIENCE;
use crate::bench::Bench;
use crate::call::Call;
use crate::http::Reply;
use crate::verdict::Failed;

/// Runs that are under way at once.
const AT_ONCE: usize = 4;

/// What one is told, and what it gets.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) id: Option<String>,
    pub(super) reply: Reply,
}

impl Run {
    /// `health`
    pub(super) fn health(reply: Reply) -> Self {
        Self { id: None, reply }
    }

    /// `get ID`
    pub(super) fn get(bench: &Bench, reply: Reply) -> Self {
        Self { id: Some(bench.id()), reply }
    }

    /// One of the two: nobody has a reason to look at one answer less closely.
    pub(super) fn either(bench: &Bench, reply: Reply) -> Self {
        if bench.number(3) == 2 { Self::health(reply) } else { Self::get(bench, reply) }
    }

    /// Where it is to ask.
    pub(super) fn path(&self) -> String {
        self.id.as_deref().map_or("/health".to_owned(), |id| format!("/v1/orders/{id}"))
    }

    pub(super) async fn call(&self, bench: &Bench) -> Result<Call, Failed> {
        self.call_for(bench, PATIENCE).await
    }

    /// It is killed when its first request is so long ago.
    pub(super) async fn call_for(&self, bench: &Bench, patience: Duration) -> Result<Call, Failed> {
        let args: Vec<&str> = self.id.as_deref().map_or(vec!["health"], |id| vec!["get", id]);
        let reply = self.reply.clone();
        bench.call(&args, patience, move |_, _| reply.clone()).await
    }
}

/// What came of each.
pub(super) async fn each(bench: &Bench, runs: &[Run]) -> Result<Vec<Call>, Failed> {
    let mut calls = Vec::new();
    for some in runs.chunks(AT_ONCE) {
        calls.extend(try_join_all(some.iter().map(|run| run.call(bench))).await?);
    }
    Ok(calls)
}

/// What no program prints by luck: every kind of JSON, and words that are drawn.
pub(super) fn order(bench: &Bench) -> Value {
    json!({
        "id": bench.id(),
        "created_by": format!("Zoë \"{}\" \\ {{}} 100% &lt; 🦀\n", bench.word()),
        "status": "QUEUED",
        "equipment": ["WEBCAM", "KEYBOARD", bench.word(), "WEBCAM"],
        // More digits than a float of 32 bits, or a price, has; and a time in milliseconds.
        "share": 1_234_567.812_5,
        "at_ms": 1_732_636_800_123_u64,
        "version": 10_000 + bench.number(900_000),
        "note": null,
        bench.word(): { "none": null, "yes": true, "half": -0.5, "empty": [[], {}, ""] },
    })
}

/// A 200 in JSON, whatever stands in it.
pub(super) fn ok(body: impl Into<String>) -> Reply {
    Reply::text(StatusCode::OK, "application/json", body)
}

/// What is JSON and looks as if it weren't, or were less.
pub(super) fn bodies(bench: &Bench) -> Vec<String> {
    let long: Vec<String> = (0..2_000).map(|number| format!("{number}: {}", bench.word().repeat(8))).collect();
    let pretty = serde_json::to_string_pretty(&order(bench)).unwrap_or_default().replace('\n', "\r\n");
    let texts = json!({ "": "", " a ": format!("  {}  b  ", bench.word()), "12": "0012", "none": "null", "b.c": [""] });
    let escaped = format!(r#"{{"\u00e9{}": "\ud83e\udd80\/\u003c \u0026"}}"#, bench.word());
    let small = ["false", "0", r#""""#, r#"" ""#, r#""null""#, "true"];
    vec![
        json!([bench.word(), null, true, { bench.word(): [] }]).to_string(),
        // Nothing is in them, and they are JSON.
        "{}".to_owned(),
        " [ ]\n".to_owned(),
        "null".to_owned(),
        small[bench.number(7) as usize - 2].to_owned(),
        format!("{pretty}\r\n"),
        texts.to_string(),
        escaped,
        json!({ "orders": long }).to_string(),
    ]
}

/// What isn't JSON, or isn't all of it.
pub(super) fn broken(bench: &Bench) -> Vec<Reply> {
    let mut half = order(bench).to_string();
    half.truncate(half.len() - 1);
    let word = bench.word();
    let bodies = [
        half,
        html(bench, "Please log in"),
        String::new(),
        " \r\n".to_owned(),
        format!("{}\n{}", order(bench), order(bench)),
        // As Python, JavaScript and YAML write it.
        format!("{{'id': '{word}'}}"),
        format!("[\"{word}\",]"),
        // No line breaks in a text (RFC 8259 §7).
        format!("{{\"{word}\": \"a\nb\"}}"),
        format!("{}]", order(bench)),
    ];
    let mut replies: Vec<Reply> = bodies.into_iter().map(ok).collect();
    replies.push(ok(order(bench).to_string()).cut());
    // What came of it is JSON: that it is half of something, the connection tells alone.
    replies.push(whole_in_its_half(bench).cut());
    replies
}

/// What comes of it until it breaks off is JSON.
pub(super) fn whole_in_its_half(bench: &Bench) -> Reply {
    let number = format!("{}{}", 100_000 + bench.number(800_000), " ".repeat(40_000));
    ok(number.repeat(2))
}

/// An answer of another content type, or of none, to each: what stands in it is JSON, but for one.
pub(super) fn of_other_types(bench: &Bench) -> Vec<Reply> {
    let json = |content_type| Reply::text(StatusCode::OK, content_type, order(bench).to_string());
    let untyped = Reply::Answer { status: StatusCode::OK, headers: Vec::new(), body: order(bench).to_string() };
    let seldom = ["application/javascript", "application/jsonlines", "text/x-json"];
    let kinds = [
        "text/json",
        "text/plain",
        "application/problem+json",
        // It begins as it should, and is texts with a separator of their own (RFC 7464).
        "application/json-seq",
        "application/x-json",
        "text/html; as=application/json",
        "application/octet-stream",
        seldom[bench.number(4) as usize - 2],
    ];
    let mut replies: Vec<Reply> = kinds.map(json).into();
    replies.push(Reply::text(StatusCode::OK, "text/html", html(bench, "Please log in")));
    replies.push(untyped);
    replies
}

pub(super) fn html(bench: &Bench, title: &str) -> String {
    format!("<!doctype html>\n<title>{title}</title>\n<p>{}</p>\n", bench.word())
}
