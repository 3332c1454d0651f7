//! kafka/06: make a repeat harmless.
//!
//! `cargo lab show kafka/06` has the task, `cargo lab check kafka/06` grades this
//! program over the wire, `cargo lab hint kafka/06` helps.

use std::error::Error;
use std::process::ExitCode;

use rusqlite::Connection;

/// Something that was taken from the stock.
struct Event {
    id: String,
    equipment: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match work().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Here is your part: the consumer is as in kafka/05, and the effect is in a database.
async fn work() -> Result<(), Box<dyn Error>> {
    let mut database = Connection::open(std::env::var("LAB_DATABASE").unwrap_or("stock.db".to_owned()))?;
    take_effect(&mut database, &Event { id: "none".to_owned(), equipment: Vec::new() })
}

/// And here: how often may this be called for one event?
fn take_effect(_database: &mut Connection, event: &Event) -> Result<(), Box<dyn Error>> {
    Err(format!("nobody has written yet what the event {} with {:?} does", event.id, event.equipment).into())
}
