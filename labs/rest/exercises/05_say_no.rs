//! rest/05: say no clearly: problem details (RFC 9457), every fault at once.
//!
//! `cargo lab show rest/05` has the task, `cargo lab check rest/05` grades this
//! program over the wire, `cargo lab hint rest/05` helps.

use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;

/// One thing that is wrong with an order, and where.
#[derive(Serialize)]
struct Fault {
    pointer: String,
    detail: &'static str,
}

/// A refusal.
#[derive(Serialize)]
struct Problem {
    title: &'static str,
    status: u16,
    detail: &'static str,
    errors: Vec<Fault>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Here is a part of yours: the status and the content type of a problem.
        (StatusCode::NOT_IMPLEMENTED, Json(self)).into_response()
    }
}

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_REST_ADDR").unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await.expect("the port is free");
    // Here too: what is answered at other paths, and to other methods, is axum's own.
    let app = Router::new().route("/v1/orders", post(create_order));
    axum::serve(listener, app).await.expect("the server runs until it is ended");
}

/// `POST /v1/orders` → 201, or a problem.
async fn create_order(body: Result<Json<Value>, JsonRejection>) -> Result<(StatusCode, Json<Value>), Problem> {
    // And here: which rejections are there, and what are they called?
    let order = body.map_or(Value::Null, |Json(order)| order);
    let errors = faults(&order);
    Err(Problem { title: "Not Implemented", status: 501, detail: "nobody has written this yet", errors })
}

/// All that is wrong with it.
fn faults(_order: &Value) -> Vec<Fault> {
    // And here.
    vec![Fault { pointer: "#".to_owned(), detail: "nobody looks at orders yet" }]
}
