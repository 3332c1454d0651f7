//! rest/02: ask, look at what came, and print it.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

/// For the whole answer: a server that says nothing must not stop its callers too.
const PATIENCE: Duration = Duration::from_secs(2);
/// In bytes. Whoever answers decides how much is sent, and we how much is read.
const MOST: usize = 1024 * 1024;

#[tokio::main]
async fn main() -> ExitCode {
    let server = std::env::var("LAB_REST_ADDR").unwrap_or("127.0.0.1:8080".to_owned());
    let args: Vec<String> = std::env::args().skip(1).collect();
    let path = match &args[..] {
        [verb] if verb == "health" => "/health".to_owned(),
        [verb, id] if verb == "get" => format!("/v1/orders/{id}"),
        _ => {
            eprintln!("usage: health | get ID");
            return ExitCode::from(2);
        }
    };
    match fetch(&format!("http://{server}{path}")).await {
        Ok(value) => {
            println!("{value}");
            ExitCode::SUCCESS
        }
        // stdout is for what was asked for: another program reads it.
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// The JSON at `url`, if that is what comes.
async fn fetch(url: &str) -> Result<Value, Box<dyn Error>> {
    // No proxy: the server is on this machine.
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let mut answer = client.get(url).send().await?;
    let status = answer.status();
    if status != StatusCode::OK {
        return Err(format!("{url} answered {status}").into());
    }
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // What may follow the semicolon, such as a charset, doesn't change what it is.
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(format!("{url} answered in {content_type:?} and not in JSON").into());
    }
    let mut body = Vec::new();
    // `answer.json()` would read to the end, wherever that is.
    while let Some(piece) = answer.chunk().await? {
        body.extend_from_slice(&piece);
        if body.len() > MOST {
            return Err(format!("{url} answered more than {MOST} bytes").into());
        }
    }
    Ok(serde_json::from_slice(&body)?)
}
