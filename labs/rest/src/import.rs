//! Many orders in one request: NDJSON in, a line out for each line in.
//!
//! The whole request is read before the first order is placed, so that a
//! request with too many lines places none. What is kept of a line is the
//! parsed order or its faults. A real service would answer 202 and a job's
//! address when imports get much larger than this.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use lab_orders::{NewOrder, OrderDraft, OrderError, Store};
use tokio::time::timeout;
use tokio_util::codec::{Decoder, LinesCodec, LinesCodecError};

use crate::error::RestError;
use crate::limits;
use crate::server::App;
use crate::wire::{self, ImportLine, ImportSummary, NDJSON};

/// Lines that are not blank; one more is refused, and none is placed.
pub const MOST_LINES: usize = 10_000;
const LINE_BYTES: usize = 64 << 10;
/// Orders in one transaction.
const CHUNK: usize = 500;
/// For the whole request to arrive.
const READ_TIME: Duration = Duration::from_secs(60);

/// A line of the request that is not blank: its number, and the order or what is wrong.
type Line = (usize, Result<NewOrder, RestError>);

/// `POST /v1/orders/import` → 200 with `{"line","id"}` or `{"line","problem"}` for each line, and a summary.
pub(crate) async fn import_orders(State(app): State<Arc<App>>, request: Request) -> Result<Response, RestError> {
    wire::require_content_type(request.headers(), NDJSON)?;
    let _turn = app.bodies.import_turn().await?;
    let read = timeout(READ_TIME, read_lines(request.into_body())).await;
    let lines =
        read.map_err(|_| RestError::http(StatusCode::REQUEST_TIMEOUT, "the lines took too long to arrive"))??;
    let answer = place_orders(&app.store, lines).await;
    Ok(([(CONTENT_TYPE, NDJSON)], answer).into_response())
}

async fn read_lines(mut body: Body) -> Result<Vec<Line>, RestError> {
    // One byte more: it may be the `\r` of the break.
    let mut codec = LinesCodec::new_with_max_length(LINE_BYTES + 1);
    let (mut lines, mut buffer, mut number) = (Vec::new(), BytesMut::new(), 0);
    loop {
        let data = limits::next_data(&mut body).await?;
        let at_end = data.is_none();
        buffer.extend_from_slice(&data.unwrap_or_default());
        while let Some(text) = next_line(&mut codec, &mut buffer, at_end) {
            number += 1;
            match text {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => lines.push((
                    number,
                    OrderDraft::from_json(text.as_bytes())
                        .and_then(OrderDraft::parse)
                        .map_err(OrderError::brief)
                        .map_err(RestError::from),
                )),
                Err(problem) => lines.push((number, Err(problem))),
            }
            if lines.len() > MOST_LINES {
                limits::discard(body);
                let detail = format!("an import may have {MOST_LINES} lines; none was placed");
                return Err(RestError::http(StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
        }
        if at_end {
            return Ok(lines);
        }
    }
}

/// The next whole line; after the codec has refused one it goes on with the line after it.
fn next_line(codec: &mut LinesCodec, buffer: &mut BytesMut, at_end: bool) -> Option<Result<String, RestError>> {
    let decoded = if at_end { codec.decode_eof(buffer) } else { codec.decode(buffer) };
    let too_long =
        || Some(Err(RestError::http(StatusCode::PAYLOAD_TOO_LARGE, format!("a line may have {LINE_BYTES} bytes"))));
    match decoded {
        Ok(Some(line)) if line.len() > LINE_BYTES => too_long(),
        Ok(line) => line.map(Ok),
        Err(LinesCodecError::MaxLineLengthExceeded) => too_long(),
        Err(LinesCodecError::Io(_)) => Some(Err(OrderError::NotParseable("it is not UTF-8".to_owned()).into())),
    }
}

/// Places the good lines, a chunk in a transaction, and reports every line in order.
async fn place_orders(store: &Store, lines: Vec<Line>) -> Vec<u8> {
    let (mut answer, mut created, mut refused) = (Vec::new(), 0, 0);
    let mut lines = lines.into_iter().peekable();
    while lines.peek().is_some() {
        let chunk: Vec<Line> = lines.by_ref().take(CHUNK).collect();
        let good: Vec<NewOrder> = chunk.iter().filter_map(|(_, line)| line.as_ref().ok().cloned()).collect();
        let mut placed = store.create_all(good).await.map(Vec::into_iter);
        for (number, line) in chunk {
            let id = match (line, &mut placed) {
                (Err(problem), _) => Err(problem),
                (Ok(_), Err(error)) => Err(RestError::from(error.clone())),
                (Ok(_), Ok(orders)) => Ok(orders.next().expect("the store answers an order for each new one").id),
            };
            let outcome = match id {
                Ok(id) => {
                    created += 1;
                    ImportLine::Placed { line: number, id }
                }
                Err(error) => {
                    refused += 1;
                    ImportLine::Refused { line: number, problem: error.into_problem() }
                }
            };
            push_line(&mut answer, &outcome);
        }
    }
    push_line(&mut answer, &ImportLine::Summary { summary: ImportSummary { created, refused } });
    answer
}

fn push_line(answer: &mut Vec<u8>, line: &ImportLine) {
    serde_json::to_writer(&mut *answer, line).expect("a line has a JSON form, and memory takes it");
    answer.push(b'\n');
}
