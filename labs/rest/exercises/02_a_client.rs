//! rest/02: a client that acts on what it gets.
//!
//! `cargo lab show rest/02` has the task, `cargo lab check rest/02` grades this
//! program over the wire, `cargo lab hint rest/02` helps.

use std::error::Error;
use std::process::ExitCode;

use serde_json::Value;

#[tokio::main]
async fn main() -> ExitCode {
    // Where to call is told by whoever starts the program.
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
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// The JSON at `url`, if that is what comes.
async fn fetch(url: &str) -> Result<Value, Box<dyn Error>> {
    // Here is your part. An answer is a status, headers and a body, and each can go wrong by
    // itself. And `reqwest` waits for ever when it isn't told otherwise.
    Err(format!("nobody has written yet how to get {url}").into())
}
