//! kafka/07: accept an order over REST, and leave the work to whoever reads the topic.

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

/// From a record's way into the queue to its report. A caller that waits for five minutes,
/// as librdkafka does by default, has long gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// What all requests share. One producer: it keeps its connections, and gathers records.
#[derive(Clone)]
struct App {
    producer: FutureProducer,
    topic: Arc<str>,
    /// In memory: a real service would read what the workers say of each order.
    accepted: Arc<Mutex<HashSet<String>>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::var("LAB_REST_ADDR").unwrap_or("127.0.0.1:8080".to_owned());
    let topic = std::env::var("LAB_TOPIC").unwrap_or("lab.orders".to_owned());
    // It connects by itself, when there is somebody: to begin, it needs no broker.
    let app = App { producer: producer()?, topic: topic.into(), accepted: Arc::default() };
    let router = Router::new()
        .route("/v1/orders", post(accept_order))
        .route("/v1/orders/{id}/status", get(get_status))
        .with_state(app.clone());
    let mut sigterm = signal(SignalKind::terminate())?;
    let stop = async move {
        sigterm.recv().await;
    };
    // Whoever waits for a report gets it, and an answer; nobody else is let in.
    axum::serve(TcpListener::bind(&address).await?, router).with_graceful_shutdown(stop).await?;
    // Of a caller that has gone, the record may still be in the queue.
    Ok(app.producer.flush(PATIENCE)?)
}

fn producer() -> KafkaResult<FutureProducer> {
    ClientConfig::new()
        .set("bootstrap.servers", std::env::var("KAFKA_BROKERS").unwrap_or("127.0.0.1:9092".to_owned()))
        .set("acks", "all")
        .set("message.timeout.ms", PATIENCE.as_millis().to_string())
        // By default it waits up to ten seconds before it looks again whether a broker is back,
        // and only then at its time-outs.
        .set("reconnect.backoff.max.ms", "1000")
        .create()
}

/// `POST /v1/orders` → 202 with `Location`, when the broker has the order; 503 when that
/// isn't known.
async fn accept_order(
    State(app): State<App>,
    order: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(order) = order.map_err(|rejection| Problem::of(&rejection))?;
    // Drawn, not counted: it is still nobody else's after a restart, and in a second server.
    let id = Uuid::new_v4().to_string();
    let order = Value::Object(order).to_string();
    let record = FutureRecord::to(&app.topic).key(&id).payload(&order);
    // This is the report's answer. The duration is for a queue that is full: not a moment.
    if let Err((why, _)) = app.producer.send(record, Duration::ZERO).await {
        eprintln!("order {id} is not accepted: {why}");
        return Err(Problem(StatusCode::SERVICE_UNAVAILABLE, "the order can't be accepted now: try again later"));
    }
    app.accepted.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
    let location = format!("/v1/orders/{id}/status");
    Ok((StatusCode::ACCEPTED, [(LOCATION, location)], Json(status_of(&id))).into_response())
}

/// `GET /v1/orders/{id}/status` → 200, or 404 when no such order was accepted.
async fn get_status(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let accepted = app.accepted.lock().unwrap_or_else(PoisonError::into_inner).contains(&id);
    if accepted { Ok(Json(status_of(&id))) } else { Err(Problem(StatusCode::NOT_FOUND, "there is no such order")) }
}

fn status_of(id: &str) -> Value {
    json!({ "id": id, "status": "ACCEPTED" })
}

/// A refusal (RFC 9457), in words for the caller. What librdkafka says is for the log.
struct Problem(StatusCode, &'static str);

impl Problem {
    fn of(rejection: &JsonRejection) -> Self {
        match rejection {
            JsonRejection::JsonSyntaxError(_) => Self(StatusCode::BAD_REQUEST, "the body is not JSON"),
            JsonRejection::JsonDataError(_) => Self(StatusCode::BAD_REQUEST, "the body is no JSON object"),
            other => Self(other.status(), "the body can't be read"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(status, detail) = self;
        let title = status.canonical_reason().unwrap_or("Error");
        let problem = json!({ "title": title, "status": status.as_u16(), "detail": detail });
        (status, [(CONTENT_TYPE, "application/problem+json")], problem.to_string()).into_response()
    }
}
