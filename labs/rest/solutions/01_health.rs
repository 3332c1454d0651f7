//! rest/01: `GET /health` in JSON.

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() {
    let address = std::env::var("LAB_REST_ADDR").unwrap_or("127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await.expect("the port is free");
    // `get` also answers HEAD, and refuses every other method with 405 and `Allow`.
    let app = Router::new().route("/health", get(health));
    axum::serve(listener, app).await.expect("the server runs until it is ended");
}

/// `GET /health` → 200. `Json` sets the content type as well as the body.
async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}
