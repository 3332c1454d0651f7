//! rest/07: a client that tries again where that can do no harm, and leaves the server in peace.
//!
//! What it can't know, it says: after a POST whose answer was lost, the order may be placed or not.

use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use reqwest::header::{IF_MATCH, RETRY_AFTER};
use reqwest::{Client, Method, Request, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

const ATTEMPTS: u32 = 4;
/// For the whole answer of an attempt.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest wait before the second attempt; it doubles from one to the next.
const FIRST_WAIT: Duration = Duration::from_millis(400);
/// Whoever is sent away for longer comes back another day.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(5);

#[derive(Parser)]
struct Cli {
    /// HOST:PORT of the server
    #[arg(long, env = "LAB_REST_ADDR", default_value = "127.0.0.1:8080")]
    server: String,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Get {
        id: String,
    },
    Create {
        #[arg(long)]
        created_by: String,
        #[arg(long, required = true)]
        equipment: Vec<String>,
    },
    Update {
        id: String,
        #[arg(long, required = true)]
        equipment: Vec<String>,
        #[arg(long)]
        version: u64,
    },
    Delete {
        id: String,
    },
}

/// What came of one attempt.
enum Attempt {
    Answered(Answer),
    /// The connection was refused: the server has seen nothing of it.
    NotSent(String),
    /// It was sent, and no whole answer came: it may have been carried out.
    Lost(String),
}

struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    body: Value,
}

#[tokio::main]
async fn main() -> ExitCode {
    match carry_out(Cli::parse()).await {
        Ok(printed) => {
            println!("{printed}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(cli: Cli) -> Result<Value, String> {
    // No proxy: the server is on this machine.
    let http = Client::builder().no_proxy().timeout(PATIENCE).build().map_err(|error| error.to_string())?;
    let orders = format!("http://{}/v1/orders", cli.server);
    match cli.verb {
        Verb::Get { id } => get(&http, &format!("{orders}/{id}")).await,
        Verb::Create { created_by, equipment } => {
            let body = json!({ "created_by": created_by, "equipment": equipment });
            let (answer, _) = send(&http, http.post(orders).json(&body)).await?;
            answer.success()
        }
        Verb::Update { id, equipment, version } => {
            let url = format!("{orders}/{id}");
            let request = http.put(&url).header(IF_MATCH, format!("\"{version}\""));
            let (answer, lost) = send(&http, request.json(&json!({ "equipment": equipment }))).await?;
            if lost && answer.status == StatusCode::PRECONDITION_FAILED {
                // The version isn't that any more: the lost attempt has changed it, or somebody else.
                let order = get(&http, &url).await?;
                let ours = order["equipment"] == json!(equipment);
                return if ours { Ok(order) } else { Err("somebody else has changed the order".to_owned()) };
            }
            answer.success()
        }
        Verb::Delete { id } => {
            let (answer, lost) = send(&http, http.delete(format!("{orders}/{id}"))).await?;
            // After a lost answer, "there is no such order" says that it was done.
            if !(lost && answer.status == StatusCode::NOT_FOUND) {
                answer.success()?;
            }
            Ok(json!({ "deleted": id }))
        }
    }
}

async fn get(http: &Client, url: &str) -> Result<Value, String> {
    send(http, http.get(url)).await?.0.success()
}

/// The answer of the last attempt, and whether that of an earlier one was lost.
async fn send(http: &Client, request: RequestBuilder) -> Result<(Answer, bool), String> {
    let request = request.build().map_err(|error| error.to_string())?;
    let is_post = request.method() == Method::POST;
    let mut lost = false;
    let mut number = 1;
    loop {
        let (wait, why) = match attempt(http, &request).await {
            Attempt::Answered(answer) if answer.is_busy() => {
                let why = format!("the server answers {}", answer.status);
                match answer.retry_after {
                    Some(after) if after > LONGEST_RETRY_AFTER => return Err(why),
                    // Not before, and not all in the same moment either.
                    Some(after) => (after + back_off(1), why),
                    // Some proxies say 503 when the server behind them has fallen silent.
                    None if is_post => return Err(why),
                    None => (back_off(number), why),
                }
            }
            Attempt::Answered(answer) => return Ok((answer, lost)),
            Attempt::NotSent(why) => (back_off(number), why),
            Attempt::Lost(why) if is_post => return Err(format!("unknown: it may be placed ({why})")),
            Attempt::Lost(why) => {
                lost = true;
                (back_off(number), why)
            }
        };
        if number == ATTEMPTS {
            return Err(format!("given up after {ATTEMPTS} attempts: {why}"));
        }
        sleep(wait).await;
        number += 1;
    }
}

async fn attempt(http: &Client, request: &Request) -> Attempt {
    let request = request.try_clone().expect("its body is in memory");
    match http.execute(request).await {
        Ok(response) => match read(response).await {
            Ok(answer) => Attempt::Answered(answer),
            Err(error) => Attempt::Lost(error.to_string()),
        },
        Err(error) if error.is_connect() => Attempt::NotSent(error.to_string()),
        Err(error) => Attempt::Lost(error.to_string()),
    }
}

async fn read(response: Response) -> Result<Answer, reqwest::Error> {
    let status = response.status();
    // In seconds; it may be a date as well, which this client takes for none.
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    // What isn't JSON is null. A real client would bound the length, as in rest/02.
    let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
    Ok(Answer { status, retry_after: seconds.map(Duration::from_secs), body })
}

impl Answer {
    fn is_busy(&self) -> bool {
        [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS].contains(&self.status)
    }

    fn success(self) -> Result<Value, String> {
        if self.status.is_success() { Ok(self.body) } else { Err(format!("the server answers {}", self.status)) }
    }
}

/// How long to wait after this attempt: between half and all of a time that doubles. Without
/// the random half, all clients that failed together would come back together.
fn back_off(number: u32) -> Duration {
    let longest = FIRST_WAIT * 2_u32.pow(number - 1);
    // The standard library's only source of random numbers: each of these has keys of its own.
    let random = RandomState::new().hash_one(number) as f64 / u64::MAX as f64;
    longest.mul_f64(0.5 + 0.5 * random)
}
